"""Actions that answer a form and act when that is submitted: toolbar entries of kind `groupform`.

`X.setfilter` was seen to be one (facts of 2026-11, 2.5); that switches may be is inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.coremanager.forms import FormLacks
from panels.coremanager.redaction import is_secret

if TYPE_CHECKING:
    from panels.coremanager.forms import Form

GROUP_FORM = "groupform"
_OF_THE_CALL = frozenset({"func", "auth", "out", "lang", "su", "sok", "plid", "elid"})


def values_to_send(form: Form) -> dict[str, str]:
    """Return the values that such a form is submitted with: all that it holds, unchanged.

    Raises `FormLacks`, with the form, when it asks for what nobody knows.
    """
    values = {
        name: field.value
        for name, field in form.fields.items()
        if not field.readonly and not is_secret(name) and name not in _OF_THE_CALL
    }
    # A secret is never kept in a form, so that what wants one back cannot be submitted.
    secret = [
        name
        for name, field in form.fields.items()
        if is_secret(name) and not field.readonly and (field.required or field.value)
    ]
    missing = [name for name in (*form.unfilled(values), *secret) if name not in _OF_THE_CALL]
    if missing:
        raise FormLacks(tuple(dict.fromkeys(missing)), form=form, func=form.func)
    return values
