"""Reads of what a panel may not have: a refusal is a result, an outage is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.coremanager.error_nodes import wants_client
from panels.coremanager.errors import (
    AccessDenied,
    Busy,
    FunctionMissing,
    LoginRefused,
    Refused,
    UnexpectedAnswer,
)
from panels.coremanager.listing import number
from panels.coremanager.whole_lists import all_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from panels.coremanager.documents import Document
    from panels.coremanager.forms import Form, Option
    from panels.coremanager.listing import Row
    from panels.http.transport import Transport


def read_optional(
    transport: Transport,
    func: str,
    *,
    devel: bool = False,
    su: str | None = None,
    **params: str | int,
) -> Document | None:
    """Call a list or a form; None when the panel refuses or answers what cannot be understood.

    Raises what a read raises when the panel cannot be reached or lets nobody in.
    """
    try:
        return transport.read(func, params, su=su, devel=devel)
    except LoginRefused:
        raise
    except Refused:
        return None
    except UnexpectedAnswer as error:
        if error.transient:
            raise
        return None


def exists(transport: Transport, func: str, *, su: str | None = None) -> bool:
    """Whether a function exists, by reading its form or list; never called for what acts at once.

    Any other answer than "missing" or "not allowed" comes from the function itself, for
    instance `wizard_unavailable` for an order that was not begun (billmanager.md 1.4). Something
    that is missing without being named may be the function (billmanager.md 1.4).
    """
    try:
        transport.read(func, su=su)
    except LoginRefused:
        raise
    except FunctionMissing:
        return False
    except AccessDenied as denied:
        return wants_client(denied.fault)
    except Refused as refused:
        return refused.type != "missed" or bool(refused.object)
    return True


def read_optional_form(
    transport: Transport, func: str, *, su: str | None = None, **params: str | int
) -> Form | None:
    """Read a form with its structure; None also when the answer is a list."""
    answer = read_optional(transport, func, devel=True, su=su, **params)
    return None if answer is None or is_list(answer) else answer.form()


def read_optional_rows(transport: Transport, func: str) -> list[Row]:
    """Read a whole list that a panel need not have; none where it refuses or answers no list.

    Raises what a read raises when the panel cannot be reached, is busy or lets nobody in.
    """
    try:
        return list(all_rows(transport, func))
    except (Busy, LoginRefused):
        raise
    except Refused:
        return []
    except UnexpectedAnswer as error:
        if error.transient:
            raise
        return []


def is_list(answer: Document) -> bool:
    """Whether an answer with metadata is a list."""
    return answer.attributes("metadata").get("type") == "list"


def is_form(answer: Document) -> bool:
    """Whether an answer with metadata is a form."""
    return answer.attributes("metadata").get("type") == "form"


def options(form: Form | None, name: str) -> tuple[Option, ...]:
    """Give the choices of a field; none where there is no such form or field."""
    found = None if form is None else form.fields.get(name)
    return () if found is None else found.options or ()


def numbered(choices: Iterable[Option]) -> tuple[tuple[int, str], ...]:
    """Give id and title of the choices that have an id."""
    return tuple((key, o.label) for o in choices if (key := number(o.key)) is not None)
