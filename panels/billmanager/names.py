"""What can be found out about an installation, each with where it was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TakeKind = Literal["button", "toolbar", "field", "none"]
CloseKind = Literal["button", "field"]

ADMIN = "set by an administrator"
"""`where` of everything that a person corrected; discovery never replaces it."""


@dataclass(frozen=True, slots=True)
class Found:
    """One name or choice. `sure` is False for what was picked by a pattern.

    `kind`: of a function, the kind of the button that calls it: 'group' acts at once, 'groupform'
    answers a form and acts when that is submitted; '' when not told.
    """

    value: str
    where: str
    sure: bool = True
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Take:
    """How a task is taken.

    'button': submit the form with this button; 'toolbar': call this function on the task;
    'field': submit the form with this field set to `value`, or where that is '' to the option that
    stands for the staff login; 'none': no taking is needed.
    """

    kind: TakeKind
    name: str = ""
    value: str = ""
    where: str = ""
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Close:
    """How a task is closed: with this button, or by setting this field to `value`."""

    kind: CloseKind
    name: str
    value: str = ""
    where: str = ""
    sure: bool = True
