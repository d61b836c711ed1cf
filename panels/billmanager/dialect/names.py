"""Types of the dialect's entries, each with where it was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from panels.notes import note

TakeKind = Literal["button", "toolbar", "field", "save", "none"]
CloseKind = Literal["button", "field", "next"]

ADMIN = note("place.administrator")
"""`where` of everything that a person corrected; discovery never replaces it."""


@dataclass(frozen=True, slots=True)
class Found:
    """One name or choice. `sure` is False for what was picked by a pattern.

    `kind`: of a function, the kind of the button that calls it: 'group' acts at once, 'groupform'
    answers a form and acts when that is submitted; '' when absent.
    """

    value: str
    where: str
    sure: bool = True
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Take:
    """The way in which a task is taken.

    'button': submit the form with this button; 'toolbar': call this function on the task;
    'field': submit the form with this field set to `value`, or where that is '' to the option that
    stands for the staff login; 'save': submit the form as it is, by the button that is named or by
    none; 'none': no taking is needed.
    """

    kind: TakeKind
    name: str = ""
    value: str = ""
    where: str = ""
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Close:
    """The way in which a task is closed: this button, or this field set to `value`.

    'next': this button leads to another form, in which the rest is to be recognised.
    `before`: the buttons of a wizard that lead to the form which closes it, in order. The first of
    its forms holds the module.
    """

    kind: CloseKind
    name: str
    value: str = ""
    where: str = ""
    sure: bool = True
    before: tuple[str, ...] = ()


def written(value: Found | Take | Close) -> str:
    """Write an entry as an administrator would; the grammar stands in `dialect`."""
    if isinstance(value, Found):
        return f"{value.kind}:{value.value}" if value.kind == "groupform" else value.value
    name = f"{value.name}={value.value}" if value.value else value.name
    last = f"{value.kind}:{name}" if name else value.kind
    before = value.before if isinstance(value, Close) else ()
    return " > ".join([*(f"button:{button}" for button in before), last])
