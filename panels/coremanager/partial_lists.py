"""Lists of which some rows cannot be read: the rest is, and those are reported by name.

One bad cell never loses a list. A row keeps what can be read of it, and says what cannot
(`troubles`); one that cannot be identified at all is lost, and reported as well. Where a list's
being whole is a proof, whoever needs the proof asks for it (`Gathered.whole`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from panels.coremanager.errors import CellUnreadable, UnexpectedAnswer
from panels.coremanager.listing import ANY_KEY, shortened
from panels.coremanager.whole_lists import NEWEST, PAGE, collect, collect_newer
from panels.notes import Note, note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from panels.coremanager.cut_lists import Axis
    from panels.coremanager.listing import Row
    from panels.coremanager.pages import Reader

_NAMES = ("name", "domain", "username", "account_name", "account", "title")
"""Columns by which a person knows a row, the likeliest first."""

V = TypeVar("V")
D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell that could not be read. `key` and `name` say of which row; '' when absent."""

    func: str
    key: str
    name: str
    column: str
    value: str
    what: str

    def __str__(self) -> str:
        """Say which row, and what is wrong with it."""
        return self.note

    @property
    def note(self) -> Note:
        """The sentence as a note."""
        row = " ".join(part for part in (self.key and f"#{self.key}", self.name) if part)
        about: dict[str, str] = {
            "func": self.func,
            "row": row or note("row.nameless"),
            "column": self.column,
            "what": self.what,
        }
        if self.value:
            return note("row.cell_shown", **about, value=self.value)
        return note("row.cell", **about)


class Troubled(Protocol):
    """A row as it was read, with what of it could not be."""

    @property
    def troubles(self) -> tuple[Unreadable, ...]:
        """The cells that could not be read, each None, '' or unknown in the row."""


T = TypeVar("T", bound=Troubled)


class Cells:
    """Reads the cells of one row one by one, and notes those that cannot be read."""

    __slots__ = ("_row", "_troubles")

    def __init__(self, row: Row) -> None:
        self._row = row
        self._troubles: list[Unreadable] = []

    def read(self, how: Callable[[], V], otherwise: D) -> V | D:
        """Give what `how` reads, or `otherwise` where the cell cannot be read."""
        try:
            return how()
        except CellUnreadable as error:
            self._troubles.append(of_row(self._row, error))
            return otherwise

    def note(self, column: str, what: str) -> None:
        """Note that a cell is not understood, for a reason that the row itself does not know."""
        value = shortened(self._row.get(column))
        key, name = _known_by(self._row)
        self._troubles.append(Unreadable(self._row.func, key, name, column, value, what))

    @property
    def troubles(self) -> tuple[Unreadable, ...]:
        """What was noted."""
        return tuple(self._troubles)


class Gathered(list[T]):
    """The objects made of a list's rows; `lost` are those that nothing could be made of."""

    def __init__(self, rows: Iterable[T] = (), lost: tuple[Unreadable, ...] = ()) -> None:
        super().__init__(rows)
        self.lost = lost

    @property
    def unreadable(self) -> tuple[Unreadable, ...]:
        """All that could not be read: rows that are lost, and cells of the others."""
        return (*self.lost, *(one for row in self for one in row.troubles))

    def whole(self) -> list[T]:
        """Give the rows where none is lost; else raise `UnexpectedAnswer` with the first one."""
        if self.lost:
            lost = self.lost[0]
            raise UnexpectedAnswer(note("row.unreadable", cell=lost.note), func=lost.func)
        return self


def gather(
    transport: Reader,
    func: str,
    make: Callable[[Row], T],
    params: Mapping[str, str | int] | None = None,
    *,
    su: str | int | None = None,
    key: str = ANY_KEY,
    keep: Callable[[Row], bool] | None = None,
    size: int = PAGE,
    axes: Sequence[Axis] = (),
) -> Gathered[T]:
    """Read a list to its end, as `collect` does; a row that `make` cannot read is lost alone.

    Rows that `keep` refuses are dropped unread: whatever is wrong with them, they are not meant.
    A row that `keep` cannot judge is kept.
    """
    made = collect(
        transport, func, _trying(make, keep), params, su=su, key=key, size=size, axes=axes
    )
    return _parted(made)


def gather_newer(
    transport: Reader,
    func: str,
    make: Callable[[Row], T],
    params: Mapping[str, str | int] | None = None,
    *,
    floor: int,
    su: str | int | None = None,
    keep: Callable[[Row], bool] | None = None,
    size: int = NEWEST,
    axes: Sequence[Axis] = (),
) -> Gathered[T]:
    """Read the rows above a key, as `collect_newer` does; see `gather`."""
    trying = _trying(make, keep)
    return _parted(
        collect_newer(transport, func, trying, params, floor=floor, su=su, size=size, axes=axes)
    )


def of_row(row: Row, error: CellUnreadable) -> Unreadable:
    """Say of which row an unreadable cell is."""
    key, name = _known_by(row)
    return Unreadable(row.func, key, name, error.column, error.value, error.what)


def _known_by(row: Row) -> tuple[str, str]:
    return shortened(row.get("id", "elid")), shortened(row.get(*_NAMES))


def _trying(
    make: Callable[[Row], T], keep: Callable[[Row], bool] | None
) -> Callable[[Row], T | Unreadable | None]:
    def attempt(row: Row) -> T | Unreadable | None:
        if keep is not None and not _kept(row, keep):
            return None
        try:
            return make(row)
        except CellUnreadable as error:
            return of_row(row, error)

    return attempt


def _kept(row: Row, keep: Callable[[Row], bool]) -> bool:
    try:
        return keep(row)
    except CellUnreadable:
        return True


def _parted(made: list[T | Unreadable | None]) -> Gathered[T]:
    lost = tuple(one for one in made if isinstance(one, Unreadable))
    rows = [one for one in made if one is not None and not isinstance(one, Unreadable)]
    return Gathered(rows, lost)
