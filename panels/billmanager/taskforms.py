"""How the form of a task is recognised.

Its names were found nowhere in public (billmanager.md 6.2). What is known: it has a selector of
processing modules, a username and a password, a way to assign the task to oneself and a button that
closes it. So fields are recognised by what is in their names, buttons by the verb in theirs, and
where two would do, none is chosen: a person decides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from panels.billmanager.names import Close, Found, Take

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from panels.billmanager.dialect import Dialect
    from panels.billmanager.shapes import Shape
    from panels.forms import Field, Form, ToolButton

IN_WORK, CLOSED = "1", "2"
"""Statuses of a task: 0 opened, 1 in work, 2 closed (billmanager.md 6.1)."""

KNOWN_TASK_FUNCTIONS = frozenset(
    {"task.edit", "task.delete", "task.start", "task.filter", "task.setfilter", "task.su"}
)
"""Functions of the task list that are documented and do something else than taking (6.1)."""

_TAKE = re.compile(r"(?:^|[._-])(?:take|assign|get|perform|work)", re.IGNORECASE)
_CLOSE = re.compile(r"(?:^|[._-])(?:close|finish|done|complete)", re.IGNORECASE)
_NEVER = frozenset({"ok", "cancel", "back", "prev", "next", "reset"})
_WHERE = "the task's form"


def recognise(form: Form, *, take: Take | None = None) -> dict[str, Found | Take | Close]:
    """Name what this form shows, by the entries of the dialect; entries not seen are left out.

    `take` is what is known of taking already: a form that is led to by another one has no take
    button, which is no news.
    """
    found: dict[str, Found | Take | Close] = {}
    for entry, item in (
        ("task_module", module_field(form)),
        ("task_username", _one(form, re.compile(r"user_?name$|login$", re.IGNORECASE))),
        ("task_password", _one(form, re.compile(r"passw(or)?d$", re.IGNORECASE))),
    ):
        if item is not None:
            exact = item.name in {"processingmodule", "username", "password"}
            found[entry] = Found(item.name, _WHERE, sure=exact)
    close = close_of(form)
    if close is not None:
        found["task_close"] = close
    seen = take_of(form) if take is None else None
    if seen is not None:
        found["task_take"] = seen
    return found


def unfilled(form: Form, dialect: Dialect, values: Mapping[str, str]) -> tuple[str, ...]:
    """Name the required fields of a task's form that nobody would fill.

    `values` is what would be sent besides module, username and password; a field that an
    administrator said to fill (`task_fields`) counts as filled.
    """
    return form.unfilled({**dict.fromkeys(_filled(dialect), "-"), **values})


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
        and not any(map(one.get, ("hidden", "readonly", "filled")))
        and one["name"] not in filled
    )


def take_of(form: Form) -> Take | None:
    """Say how this form takes the task: a button, a choice of performer, a status 'in work'."""
    button = _button(form, _TAKE, _CLOSE)
    if button is not None:
        return Take("button", button, where=_WHERE, sure=False)
    performers = [f for f in _selects(form) if "performer" in f.name.lower()]
    if len(performers) == 1:
        return Take("field", performers[0].name, where=_WHERE, sure=False)
    states = [f for f in _selects(form) if "status" in f.name.lower() and f.offers(IN_WORK)]
    if len(states) == 1:
        return Take("field", states[0].name, IN_WORK, where=_WHERE, sure=False)
    return None


def module_field(form: Form) -> Field | None:
    """Give the selector of processing modules: the one select whose name says module."""
    selects = _selects(form)
    exact = [f for f in selects if f.name == "processingmodule"]
    named = exact or [f for f in selects if "module" in f.name.lower()]
    return named[0] if len(named) == 1 else None


def close_of(form: Form) -> Close | None:
    """Say how this form closes the task: a button, else a status that can be set to closed."""
    button = _button(form, _CLOSE, _TAKE)
    if button is not None:
        return Close("button", button, where=_WHERE, sure=False)
    states = [f for f in _selects(form) if "status" in f.name.lower() and f.offers(CLOSED)]
    if len(states) == 1:
        return Close("field", states[0].name, CLOSED, where=_WHERE, sure=False)
    return None


def take_function(buttons: Iterable[ToolButton]) -> str | None:
    """Give the function above the task list that takes a task; None unless there is just one."""
    funcs = {
        b.func
        for b in buttons
        if b.func.startswith("task.")
        and b.func not in KNOWN_TASK_FUNCTIONS
        and (_TAKE.search(b.func) or _TAKE.search(b.name))
    }
    return funcs.pop() if len(funcs) == 1 else None


def _selects(form: Form) -> list[Field]:
    return [f for f in form.fields.values() if f.options is not None and not f.readonly]


def _button(form: Form, wanted: re.Pattern[str], other: re.Pattern[str]) -> str | None:
    names = [
        b.name
        for b in form.buttons
        if b.name.lower() not in _NEVER and wanted.search(b.name) and not other.search(b.name)
    ]
    return names[0] if len(names) == 1 else None


def _one(form: Form, pattern: re.Pattern[str]) -> Field | None:
    named = [f for f in form.fields.values() if pattern.search(f.name) and not f.readonly]
    return named[0] if len(named) == 1 else None
