"""Whole lists out of pages.

A list is read page by page (`panels/coremanager/pages.py`), and made whole where the panel cuts it
(`panels/coremanager/cut_lists.py`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from panels.coremanager.cut_lists import begins_with_newest, whole_of
from panels.coremanager.errors import UnexpectedAnswer
from panels.coremanager.pages import ListChanged, Reading, read_twice
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from panels.coremanager.cut_lists import Axis
    from panels.coremanager.listing import Row
    from panels.coremanager.pages import Reader

T = TypeVar("T")

PAGE = 500
"""Rows asked for at a time; the panel may grant fewer."""

NEWEST = 100
"""Rows asked for at a time when only the newest are wanted."""


def collect(
    transport: Reader,
    func: str,
    make: Callable[[Row], T],
    params: Mapping[str, str | int] | None = None,
    *,
    su: str | int | None = None,
    key: str = "id",
    size: int = PAGE,
    axes: Sequence[Axis] = (),
) -> list[T]:
    """Read a list to its end and make something of each row, in the panel's order.

    Each key counts once. Rows are freed as they arrive, so that memory holds what is made. A list
    that shrinks or cannot be completed is read once more from its start, and then raises
    `UnexpectedAnswer`. One that the panel cuts is made whole, by `axes` too, and then begins with
    the lowest key; where that cannot be done it raises `UnexpectedAnswer`.
    """
    return _collect(Reading(transport, func, _asking(params), su, key, size), make, axes)


def _collect(reading: Reading, make: Callable[[Row], T], axes: Sequence[Axis]) -> list[T]:
    try:
        got = read_twice(lambda: reading.whole(make))
        made = whole_of(reading, make, got, axes) if got.cut else got.made
    except ListChanged as change:
        reason = change.why
    else:
        return list(made.values())
    raise UnexpectedAnswer(note("list.unfinished", why=reason), func=reading.func)


def all_rows(
    transport: Reader,
    func: str,
    params: Mapping[str, str | int] | None = None,
    *,
    su: str | int | None = None,
    key: str = "id",
    size: int = PAGE,
    keep: Callable[[Row], bool] | None = None,
) -> list[Row]:
    """Like `collect`, for lists that are short enough to be held as rows.

    Rows that `keep` refuses are dropped: a panel that does not know a filter field ignores it.
    """
    reading = Reading(transport, func, _asking(params), su, key, size, streamed=False)
    rows = _collect(reading, _itself, ())
    return rows if keep is None else [row for row in rows if keep(row)]


def collect_newer(
    transport: Reader,
    func: str,
    make: Callable[[Row], T],
    params: Mapping[str, str | int] | None = None,
    *,
    floor: int,
    su: str | int | None = None,
    key: str = "id",
    size: int = NEWEST,
    axes: Sequence[Axis] = (),
) -> list[T]:
    """Make something of each row with a key above `floor`, newest first.

    No more pages are read than needed: sorting is asked for (`p_col=-id`) and checked, and where
    the order does not really descend, or need not begin with the newest because the panel cuts the
    list, the whole list is read instead, as by `collect`.
    """
    whole = Reading(transport, func, _asking(params), su, key, PAGE)
    return _newer(whole, make, floor, size, axes)


def _newer(
    whole: Reading, make: Callable[[Row], T], floor: int, size: int, axes: Sequence[Axis]
) -> list[T]:
    asking = {**whole.asking, "p_col": f"-{whole.key}"}
    falling = replace(whole, asking=asking, size=size)
    try:
        return falling.down_to(floor, make, lambda total: begins_with_newest(falling, total))
    except ListChanged:
        pairs = _collect(whole, lambda row: (row.int(whole.key), make(row)), axes)
    newer = [pair for pair in pairs if pair[0] > floor]
    return [item for _, item in sorted(newer, key=_number_of, reverse=True)]


def newest_id(
    transport: Reader,
    func: str,
    params: Mapping[str, str | int] | None = None,
    *,
    su: str | int | None = None,
    key: str = "id",
    axes: Sequence[Axis] = (),
) -> int:
    """Give the highest key of a list, 0 when it is empty."""
    reading = Reading(transport, func, _asking(params), su, key, 2)
    listing, ids = reading.page(lambda row: row.int(key), 1, {"p_col": f"-{key}"})
    sorted_so = listing.order in {"", f"-{key}"} and ids == sorted(ids, reverse=True)
    tells = sorted_so and (len(ids) > 1 or listing.total == len(ids))
    if tells and begins_with_newest(reading, listing.total):
        return max(ids, default=0)
    whole = Reading(transport, func, _asking(params), su, key, PAGE)
    return max(_collect(whole, lambda row: row.int(key), axes), default=0)


def _itself(row: Row) -> Row:
    return row


def _number_of(pair: tuple[int, object]) -> int:
    return pair[0]


def _asking(params: Mapping[str, str | int] | None) -> dict[str, str | int]:
    return {"filter": "off", **(params or {})}
