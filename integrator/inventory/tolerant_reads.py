"""Reads that a refusal or an odd answer about one thing does not end."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from panels.coremanager.errors import (
    AccessDenied,
    Busy,
    FunctionMissing,
    LoginRefused,
    Refused,
    UnexpectedAnswer,
)
from panels.coremanager.partial_lists import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def unless_denied(read: Callable[[], T]) -> T | None:
    """The result of ``read``; None where our login has no access and discovery can do without."""
    try:
        return read()
    except (AccessDenied, FunctionMissing):
        return None


def unless_odd(
    read: Callable[[], T], func: str, key: int, name: str, notes: list[Unreadable]
) -> T | None:
    """The result of ``read`` on one plan or module; None, and a note, where that is odd.

    One odd plan never ends the discovery of all others.
    """
    try:
        return unless_denied(read)
    except (Busy, LoginRefused):
        raise
    except (Refused, UnexpectedAnswer) as error:
        if isinstance(error, UnexpectedAnswer) and error.transient:
            raise
        notes.append(Unreadable(func, str(key), name, "", "", error.message))
        return None
