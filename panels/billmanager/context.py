"""What all resources of one BILLmanager share, and the few things that they do alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from panels.errors import UnexpectedAnswer
from panels.listing import UNSET, number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from panels.billmanager.dialect import Dialect
    from panels.listing import Row
    from panels.transport import Transport

Params = dict[str, str | int]
"""Parameters of a call."""

VHOST = "vhost"
"""Internal name of the product type shared hosting (billmanager.md 2.3)."""

_ON = frozenset({"on", "yes", "1", "true", "enabled", "active"})
_OFF = frozenset({"off", "no", "0", "false", "disabled", "inactive", "suspended"})
MARKERS = ("active", "status", "enabled")


@dataclass(slots=True)
class Context:
    """The transports and the dialect; the dialect may grow while tasks are worked on."""

    transport: Transport
    task_transport: Transport
    dialect: Dialect

    @property
    def currencies(self) -> tuple[str, ...]:
        """The ISO codes of the currencies that this panel has, as far as they are known."""
        return tuple(iso for _, iso in self.dialect.currencies)


class Ref(NamedTuple):
    """What a cell says about another object: its id (None when only a title is told) and title."""

    id: int | None
    title: str


def ref(row: Row, *names: str) -> Ref:
    """Read a cell that names another object: `<name>_id`, a raw code, or only a title.

    Bare digits are an id, except in a column of titles (`datacenter_name`, `datacentername`).
    """
    for name in names:
        text = row.get(name)
        code = row.code_or_none(name)
        if code == text and name.endswith("name"):
            code = None
        for candidate in (row.get(f"{name}_id"), code):
            found = number(candidate or None)
            if found is not None:
                return Ref(found, "" if text == candidate else text)
        if text not in UNSET:
            return Ref(None, text)
    return Ref(None, "")


def marker(rows: Iterable[Row]) -> str:
    """Give the column that says which rows are switched on.

    Its name is not known in public (billmanager.md 13, "enabled marker"). A property column is
    absent where it is false (ispmanager.md 1.4), so all rows are looked at.
    Raises `UnexpectedAnswer` when rows exist and none has such a column.
    """
    seen = {name for row in rows for name in row}
    for name in MARKERS:
        if name in seen:
            return name
    if not seen:
        return MARKERS[0]
    raise UnexpectedAnswer("no column tells what is enabled")


def is_on(row: Row, column: str) -> bool:
    """Whether a row is switched on, by its marker column's raw code."""
    if not row.has(column):
        return False
    code = row.code(column).lower()
    if code in _ON or not code:
        return True
    if code in _OFF:
        return False
    raise UnexpectedAnswer(f"column {column} says neither on nor off: {code[:40]}")
