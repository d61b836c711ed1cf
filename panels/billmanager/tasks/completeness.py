"""Completeness of a task's form: what the dialect does not fill yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.billmanager.dialect.names import Close, Found
from panels.billmanager.tasks.recognition import account_fields
from panels.coremanager.forms import only_choices

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from panels.billmanager.dialect.dialect import Dialect
    from panels.billmanager.dialect.shapes import Shape
    from panels.coremanager.forms import Form

CLOSES = ("task_module", "task_username", "task_password", "task_close")
"""Entries without which no task can be closed."""


def unfilled(form: Form, dialect: Dialect, values: Mapping[str, str]) -> tuple[str, ...]:
    """The required fields of a task's form that no entry fills.

    `values` is what would be sent besides module, username and password; a field that an
    administrator said to fill (`task_fields`) counts as filled, and one with a single choice.
    """
    filled = {**only_choices(form), **dict.fromkeys(_filled(dialect), "-"), **values}
    return form.unfilled(filled)


def missing(form: Form, dialect: Dialect) -> tuple[str, ...]:
    """Name what this form lacks for closing the task by what is known; empty: nothing.

    A form that taking leads away from, or that another one follows, can lack what that one has.
    """
    known = {name: getattr(dialect, name) for name in CLOSES}
    names = {entry.value for entry in known.values() if isinstance(entry, Found)}
    if not names & set(form.fields) and not account_fields(form):
        return ()
    close = known["task_close"]
    wanted: tuple[str, ...] = CLOSES
    if isinstance(close, Close) and (close.before or close.kind == "next"):
        wanted = ("task_module",)
    return tuple(
        f"dialect entry {name}" if entry is None else entry.value
        for name in wanted
        if ((entry := known[name]) is None and name in dialect.choices)
        or (isinstance(entry, Found) and entry.value not in form.fields)
    )


def needs_password(forms: Iterable[Shape], dialect: Dialect) -> bool | None:
    """Whether a task asks for the account's password, by the shapes of forms that were seen.

    False: it may stay empty, as for shared hosting of one installation (billmanager.md 7.1).
    None: no form was seen that has a field for it.
    """
    entry = dialect.task_password
    known = [
        one
        for form in forms
        for one in form["fields"]
        if entry is not None and one["name"] == entry.value
    ]
    return any(one.get("required") for one in known) if known else None


def _filled(dialect: Dialect) -> set[str]:
    known = (dialect.task_module, dialect.task_username, dialect.task_password)
    names = {entry.value for entry in known if entry is not None}
    return names | {entry.partition("=")[0] for entry in dialect.task_fields}


def unfilled_in(shape: Shape, dialect: Dialect, values: Mapping[str, str]) -> tuple[str, ...]:
    """Name the same of a form that was seen earlier, from its shape (`shapes.of_form`)."""
    filled = {*_filled(dialect), *values}
    return tuple(
        one["name"]
        for one in shape["fields"]
        if one.get("required")
        and not any(map(one.get, ("hidden", "readonly", "filled", "one_choice")))
        and one["name"] not in filled
    )
