"""A form of a panel as evidence: what it has, never what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from panels.coremanager.forms import FormLacks


def of_form(error: FormLacks) -> dict[str, Any]:
    """What was missing, and the form's fields, options and buttons as they were read.

    Values are left out: they can hold names, addresses and passwords.
    """
    form = error.form
    if form is None:
        return {"missing": list(error.missing)}
    return {
        "missing": list(error.missing),
        "fields": [
            {
                "name": field.name,
                "kind": field.kind,
                "required": field.required,
                "readonly": field.readonly,
                "options": [option.key for option in field.options or ()][:50],
            }
            for field in form.fields.values()
        ],
        "buttons": [{"name": button.name, "kind": button.kind} for button in form.buttons],
    }
