"""Lists that the panel cuts: completed from parts, or refused as incomplete.

BILLmanager shows about 5,000 rows of a list, whatever its total says (billmanager.md 1.6). Such
a list is read from both of its ends; where these do not meet, what lies between is asked for by
ids, by dates or by the values of a filter. A filter that the panel does not know is ignored
(assumed), so each is proven by what it gives, and a way counts only when it gave every
row that was seen without it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar
from weakref import WeakKeyDictionary

from panels.coremanager.errors import UnexpectedAnswer
from panels.coremanager.listing import number
from panels.coremanager.pages import CUT, Got, ListChanged, Reading, read_twice
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from panels.coremanager.listing import Row
    from panels.coremanager.pages import Reader

T = TypeVar("T")

_CHUNK = 500
"""Ids that are asked for at a time."""
_MAX_CHUNKS = 400
_TRUST_SECONDS = 600.0
"""How long it is taken for known that a panel sorts a list before it cuts it."""
_DAY = timedelta(days=1)
_FIRST_DAY, _LAST_DAY = date(1972, 1, 1), date(2100, 1, 1)
"""No day of a panel's row lies outside of these, however wrong its clock was."""
_NEVER = date(1971, 1, 1)
"""A day of no row: a list that shows some then does not know the filter."""


class Axis(Protocol):
    """A way to ask for a list in parts that hold all of it."""

    def read(
        self, cut: Reading, make: Callable[[Row], T], got: Got[T], rest: Sequence[Axis]
    ) -> dict[str, T] | None:
        """Read all parts; None when the list cannot be asked for in this way.

        `got` is what the list gives without it; `rest` is for parts that are cut as well. Raises
        `ListChanged` and what a read raises.
        """


@dataclass(frozen=True, slots=True)
class By:
    """Parts by the values of one field of the filter; `values` must name all that rows can have."""

    field: str
    values: Callable[[], Sequence[str]]

    def read(
        self, cut: Reading, make: Callable[[Row], T], got: Got[T], rest: Sequence[Axis]
    ) -> dict[str, T] | None:
        """Read the rows of each value."""
        if self.field in cut.asking:
            return None
        found: dict[str, T] = {}
        for value in self.values():
            part = _part(cut.narrowed({self.field: value}), make, got, rest)
            if part is None:
                return None
            found |= part
        return found


@dataclass(frozen=True, slots=True)
class ByDate:
    """Parts by a field's day: `<field>=other`, `<field>start`, `<field>end` (billmanager.md 1.6).

    Spans are halved until they are short enough.
    """

    field: str

    def read(
        self,
        cut: Reading,
        make: Callable[[Row], T],
        got: Got[T],  # noqa: ARG002 - a day that must be empty shows whether the filter is known
        rest: Sequence[Axis],
    ) -> dict[str, T] | None:
        """Read the rows of all days."""
        if self.field in cut.asking:
            return None
        if read_twice(lambda: self._days(cut, _NEVER, _NEVER + _DAY).whole(make)).made:
            return None
        found: dict[str, T] = {}
        spans = [(_FIRST_DAY, _LAST_DAY)]
        while spans:
            start, end = spans.pop()
            days = self._days(cut, start, end)
            part = read_twice(lambda: days.whole(make))  # noqa: B023 - called at once
            if part.cut and start < end:
                middle = start + (end - start) // 2
                spans += [(middle + _DAY, end), (start, middle)]
                continue
            found |= whole_of(days, make, part, rest) if part.cut else part.made
        return found

    def _days(self, cut: Reading, start: date, end: date) -> Reading:
        return cut.narrowed(
            {
                self.field: "other",
                f"{self.field}start": start.isoformat(),
                f"{self.field}end": end.isoformat(),
            }
        )


@dataclass(frozen=True, slots=True)
class _ByIds:
    """Parts by the ids that lie between the two ends, with the filter field `idlist`.

    `vhost` has this field (billmanager.md 7.1); that ids are separated by commas there, and that
    other lists have it too, is inferred, and proven by asking for two rows that are known.
    """

    low: tuple[str, ...]
    high: tuple[str, ...]

    def read(
        self,
        cut: Reading,
        make: Callable[[Row], T],
        got: Got[T],  # noqa: ARG002 - the two ends are known already
        rest: Sequence[Axis],  # noqa: ARG002 - a part has no more rows than it has ids
    ) -> dict[str, T] | None:
        """Read the rows between the two ends."""
        start, end = number(self.low[-1]), number(self.high[0])
        if start is None or end is None or end - start > _CHUNK * _MAX_CHUNKS:
            return None
        known = {self.low[0], self.high[-1]}
        if set(self._some(cut, make, sorted(known))) != known:
            return None
        found: dict[str, T] = {}
        for first in range(start + 1, end, _CHUNK):
            ids = [str(key) for key in range(first, min(first + _CHUNK, end))]
            part = self._some(cut, make, ids)
            if not part.keys() <= set(ids):
                return None
            found |= part
        return found

    def _some(self, cut: Reading, make: Callable[[Row], T], ids: Sequence[str]) -> dict[str, T]:
        part = cut.narrowed({"idlist": ",".join(ids)})
        return read_twice(lambda: part.whole(make)).made


def whole_of(
    cut: Reading, make: Callable[[Row], T], got: Got[T], axes: Sequence[Axis]
) -> dict[str, T]:
    """Make a list whole of which `got` was read; its rows by key, lowest first.

    Raises `UnexpectedAnswer` when it cannot be made whole, and what a read raises.
    """
    low, high = _end(cut, make, "+"), _end(cut, make, "-")
    ends: dict[str, T] = {}
    ways = list(axes)
    if low is not None and high is not None:
        ends = {**low.made, **high.made}
        rising, falling = tuple(low.made), tuple(reversed(high.made))
        if _overlap(rising, falling) or not (low.cut and high.cut):
            return _in_order(ends)
        if not low.made.keys() & high.made.keys():
            ways.insert(0, _ByIds(rising, falling))
    seen = {**got.made, **ends}
    for place, axis in enumerate(ways):
        rest = [way for way in ways[place + 1 :] if not isinstance(way, _ByIds)]
        try:
            found = axis.read(cut, make, got, rest)
        except ListChanged:
            continue
        if isinstance(axis, _ByIds) and found is not None:
            found = {**seen, **found}
        if found is not None and seen.keys() <= found.keys() and _reaches(found, got):
            return _in_order(found)
    raise UnexpectedAnswer(note("list.cut", count=len(got.made)), func=cut.func)


def begins_with_newest(cut: Reading, total: int | None) -> bool:
    """Whether a list of `total` rows, sorted from the highest key down, begins with the highest.

    One that is cut before it is sorted does not. Asked of the panel where so many rows make it a
    question: by a row behind the place of the cut, else by the two ends being different rows.
    """
    if total is None or total < min(CUT):
        return True
    known = _TRUSTED.setdefault(cut.transport, {})
    until = known.get(cut.func)
    if until is not None and time.monotonic() < until:
        return True
    if not _not_cut(cut, total) and not _sorted_first(cut):
        return False
    known[cut.func] = time.monotonic() + _TRUST_SECONDS
    return True


_TRUSTED: WeakKeyDictionary[Reader, dict[str, float]] = WeakKeyDictionary()


def _not_cut(cut: Reading, total: int) -> bool:
    return total > max(CUT) and _one(cut, "-", max(CUT) + 1) is not None


def _sorted_first(cut: Reading) -> bool:
    """Whether the lowest row that is shown of the list, highest first, is not its lowest at all."""
    lowest = _one(cut, "+", 1)
    places = sorted(CUT, reverse=True)  # the last place, which the total does not give
    shown = next((key for place in places if (key := _one(cut, "-", place)) is not None), None)
    return lowest is not None and shown is not None and lowest < shown


def _one(cut: Reading, sign: str, place: int) -> int | None:
    """Give the key of the row at a place of the sorted list; None when it is not clear."""
    asking = {**cut.asking, "p_col": f"{sign}{cut.column}", "p_cnt": 1, "p_num": place}
    listing = cut.transport.read(cut.func, asking, su=cut.su).listing()
    if len(listing.rows) != 1 or listing.order not in {"", f"{sign}{cut.column}"}:
        return None
    return listing.rows[0].int(cut.column)


def _end(cut: Reading, make: Callable[[Row], T], sign: str) -> Got[T] | None:
    """Read the list from one of its ends; None when the panel does not sort it so."""
    try:
        return read_twice(lambda: cut.sorted(make, sign))
    except ListChanged:
        return None


def _overlap(rising: tuple[str, ...], falling: tuple[str, ...]) -> bool:
    """Whether the lowest rows and the highest, both rising, meet; the same rows twice do not.

    Where they meet they must agree row by row.
    """
    start = falling[0] if falling else ""
    if start not in rising:
        return False
    place = rising.index(start)
    return place > 0 and rising[place:] == falling[: len(rising) - place]


def _part(
    part: Reading, make: Callable[[Row], T], got: Got[T], rest: Sequence[Axis]
) -> dict[str, T] | None:
    """Read one part; None when it is the whole list again, so that the filter is not known."""
    found = read_twice(lambda: part.whole(make))
    if not found.cut:
        return found.made
    if found.made.keys() == got.made.keys():
        return None
    return whole_of(part, make, found, rest)


def _reaches(found: Mapping[str, T], got: Got[T]) -> bool:
    """Whether as many rows were found as the panel announced, where it says more than the cut."""
    return got.total is None or got.total in CUT or len(found) >= got.total


def _in_order(found: dict[str, T]) -> dict[str, T]:
    if any(number(key) is None for key in found):
        return found
    return {key: found[key] for key in sorted(found, key=int)}
