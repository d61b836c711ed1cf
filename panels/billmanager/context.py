"""The context that all resources of one BILLmanager share, and helpers for rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from panels.billmanager.dialect.codes import MARKERS, OFF, ON
from panels.coremanager.errors import FunctionMissing, UnexpectedAnswer
from panels.coremanager.forms import FormLacks
from panels.coremanager.listing import UNSET, number
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from panels.billmanager.dialect.dialect import Dialect
    from panels.coremanager.listing import Row
    from panels.http.transport import Transport

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")

Params = dict[str, str | int]
"""Parameters of a call."""

VHOST = "vhost"
"""Internal name of the product type shared hosting (billmanager.md 2.3)."""

Relearn = Callable[["Dialect"], "Dialect | None"]
"""Finds the names of this installation again, given those that failed; None: there are no others.

Raises `NotSent` where the panel could not be asked.
"""


class Together(Protocol):
    """Has calls that change nothing made, side by side or not; their results in this order."""

    def __call__(self, first: Callable[[], A], second: Callable[[], B], /) -> tuple[A, B]:
        """Raises what the first of them in this order raised."""


def in_turn(first: Callable[[], A], second: Callable[[], B], /) -> tuple[A, B]:
    """Make calls one after the other, see `Together`."""
    return first(), second()


@dataclass(slots=True)
class Context:
    """The transports and the dialect, and how reads that belong together are made.

    The dialect may grow while tasks are worked on, and is found again, by `relearn`, when the panel
    was upgraded and calls things otherwise.
    """

    transport: Transport
    task_transport: Transport
    dialect: Dialect
    relearn: Relearn | None = None
    together: Together = in_turn

    def need(self, entry: str) -> str:
        """Give the value of an entry of the dialect, looked for once more where it is not known.

        Raises `FormLacks` when it stays unknown.
        """
        try:
            return self.dialect.need(entry)
        except FormLacks:
            if not self.learn_again():
                raise
            return self.dialect.need(entry)

    def learn_again(self) -> bool:
        """Discover the dialect again and use it from now on; whether it has changed."""
        found = self.relearn(self.dialect) if self.relearn is not None else None
        if found is None:
            return False
        self.dialect = found
        return True

    @staticmethod
    def renamed(call: Callable[[], T]) -> T:
        """Call, and once more under the new name where the panel has renamed the function.

        For what may be repeated: a function that is not there has done nothing.
        """
        try:
            return call()
        except FunctionMissing as missing:
            if not missing.found_again:
                raise
            return call()

    @property
    def currencies(self) -> tuple[str, ...]:
        """The ISO codes of the currencies that this panel has, as far as they are known."""
        return tuple(iso for _, iso in self.dialect.currencies)


class Ref(NamedTuple):
    """A cell's reference to another object: its id (None when only a title is shown) and title."""

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
    """Give the column that says which modules, or plans, are switched on themselves.

    Not for a plan's list of modules, see `markers`. A property column is absent where it is false
    (ispmanager.md 1.4), so all rows are looked at; a column that says neither on nor off anywhere
    is not the one. Raises `UnexpectedAnswer` when rows exist and none has such a column.
    """
    listed = list(rows)
    seen = {name for row in listed for name in row}
    named = [name for name in MARKERS if name in seen]
    for name in named:
        if all(_says(row, name) for row in listed):
            return name
    if not seen:
        return MARKERS[0]
    if not named:
        raise UnexpectedAnswer(note("marker.none"))
    raise UnexpectedAnswer(note("marker.says_nothing", columns=", ".join(named)))


def _says(row: Row, column: str) -> bool:
    """Whether a row's code in this column is a word for on or off."""
    code = row.code(column).lower() if row.has(column) else ""
    return not code or code in ON or code in OFF


def is_on(row: Row, column: str) -> bool:
    """Whether a row is switched on, by its marker column's raw code."""
    if not row.has(column):
        return False
    code = row.code(column).lower()
    if code in ON or not code:
        return True
    if code in OFF:
        return False
    raise UnexpectedAnswer(note("marker.code", column=column, code=code[:40]))
