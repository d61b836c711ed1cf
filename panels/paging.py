"""Whole lists out of pages.

The default page size is a setting of the login, and a saved filter of the login shrinks its lists
(billmanager.md 1.6, ispmanager.md 1.6). So the size is always asked for and `filter=off` always
sent unless a filter is wanted; and a list counts as whole only when all rows that the panel
announced were seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from panels.errors import UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from panels.documents import Document
    from panels.listing import Listing, Row

T = TypeVar("T")

PAGE = 500
"""Rows asked for at a time; the panel may grant fewer."""

NEWEST = 100
"""Rows asked for at a time when only the newest are wanted."""


class Reader(Protocol):
    """What is needed of a transport to read lists."""

    def read(
        self,
        func: str,
        params: Mapping[str, str | int] | None = None,
        *,
        su: str | int | None = None,
        devel: bool = False,
    ) -> Document:
        """Call a list."""


class _Changed(Exception):  # noqa: N818 - a signal inside this module
    """The list changed under our hands, or cannot be read to its end."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way through the pages of a list."""

    transport: Reader
    func: str
    asking: Mapping[str, str | int]
    su: str | int | None
    key: str
    size: int

    def pages(self) -> Iterator[Listing]:
        """Give page after page, the last one empty. Raises `_Changed` when the list shrinks."""
        page, total = 0, -1
        while True:
            page += 1
            asking = {**self.asking, "p_cnt": self.size, "p_num": page}
            listing = self.transport.read(self.func, asking, su=self.su).listing()
            if listing.total is not None:
                if listing.total < total:
                    raise _Changed("rows vanished while it was read")
                total = listing.total
            yield listing
            if not listing.rows:
                return

    def whole(self, take: Callable[[Row], None]) -> None:
        """Hand on every row once. Raises `_Changed` when the list cannot be completed."""
        seen: set[str] = set()
        total: int | None = None
        for listing in self.pages():
            before, total = len(seen), listing.total
            for row in listing.rows:
                key = row.text(self.key)
                if key not in seen:
                    seen.add(key)
                    take(row)
            if total is None and len(listing.rows) < (listing.page_size or self.size):
                break
            if total is not None and len(seen) >= total:
                break
            if listing.rows and len(seen) == before:
                if total is None:
                    break  # it does not know pages: this was the whole list again
                raise _Changed("a page brought nothing new")
        if total is not None and len(seen) < total:
            raise _Changed(f"{len(seen)} of {total} rows were given")

    def down_to(self, floor: int, take: Callable[[Row], None]) -> None:
        """Hand on the newest rows, each once, until a key is not above `floor`.

        Raises `_Changed` when they do not descend.
        """
        seen: set[int] = set()
        last, total = -1, None
        for listing in self.pages():
            before, total = len(seen), listing.total
            for row in self._descending(listing, seen):
                last = row.int(self.key)
                if last > floor:
                    take(row)
            if total is not None and len(seen) >= total:
                return
            if seen and last <= floor:
                if not listing.order and len(seen) == 1:
                    raise _Changed("one row does not show that it descends")
                return
            if listing.rows and len(seen) == before:
                if total is None:
                    break  # it does not know pages: this was the whole list again
                raise _Changed("a page brought nothing new")
        if total is not None and len(seen) < total:
            raise _Changed("it ends too early")

    def _descending(self, listing: Listing, seen: set[int]) -> Iterator[Row]:
        """Give the rows of a page that were not seen yet. `_Changed` when they do not descend."""
        if listing.order not in {"", f"-{self.key}"}:
            raise _Changed("it is not sorted as asked")
        lowest = min(seen, default=None)
        for row in listing.rows:
            number = row.int(self.key)
            if number in seen:
                continue  # newer rows push older ones on to the next page
            if lowest is not None and number > lowest:
                raise _Changed("it does not descend")
            seen.add(number)
            lowest = number
            yield row


def collect(
    transport: Reader,
    func: str,
    make: Callable[[Row], T],
    params: Mapping[str, str | int] | None = None,
    *,
    su: str | int | None = None,
    key: str = "id",
    size: int = PAGE,
) -> list[T]:
    """Read a list to its end and make something of each row, in the panel's order.

    Each key counts once. A page is let go before the next is read, so that memory holds what is
    made and one page. A list that shrinks or cannot be completed is read once more from its start,
    and then raises `UnexpectedAnswer`.
    """
    reading = _Reading(transport, func, _asking(params), su, key, size)
    for _ in range(2):
        made: list[T] = []
        try:
            reading.whole(_appending(made, make))
        except _Changed as change:
            reason = str(change)
        else:
            return made
    raise UnexpectedAnswer(f"the list cannot be read to its end: {reason}", func=func)


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
    rows = collect(transport, func, _itself, params, su=su, key=key, size=size)
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
) -> list[T]:
    """Make something of each row with a key above `floor`, newest first.

    No more pages are read than needed: sorting is asked for (`p_col=-id`) and checked, and where
    the order does not really descend the whole list is read instead.
    """
    made: list[T] = []
    asking = {**_asking(params), "p_col": f"-{key}"}
    reading = _Reading(transport, func, asking, su, key, size)
    try:
        reading.down_to(floor, _appending(made, make))
    except _Changed:
        pairs = collect(
            transport, func, lambda row: (row.int(key), make(row)), params, su=su, key=key
        )
        newer = [pair for pair in pairs if pair[0] > floor]
        return [item for _, item in sorted(newer, key=_number_of, reverse=True)]
    return made


def rows_newer_than(
    transport: Reader,
    func: str,
    params: Mapping[str, str | int] | None = None,
    *,
    floor: int,
    su: str | int | None = None,
    key: str = "id",
    size: int = NEWEST,
    keep: Callable[[Row], bool] | None = None,
) -> list[Row]:
    """Like `collect_newer`, giving the rows themselves; those that `keep` refuses are dropped."""
    rows = collect_newer(transport, func, _itself, params, floor=floor, su=su, key=key, size=size)
    return rows if keep is None else [row for row in rows if keep(row)]


def newest_id(
    transport: Reader,
    func: str,
    params: Mapping[str, str | int] | None = None,
    *,
    su: str | int | None = None,
    key: str = "id",
) -> int:
    """Give the highest key of a list, 0 when it is empty."""
    asking = {**_asking(params), "p_col": f"-{key}", "p_cnt": 2, "p_num": 1}
    listing = transport.read(func, asking, su=su).listing()
    ids = [row.int(key) for row in listing.rows]
    sorted_so = listing.order in {"", f"-{key}"} and ids == sorted(ids, reverse=True)
    if sorted_so and (len(ids) > 1 or listing.total == len(ids)):
        return max(ids, default=0)
    rows = all_rows(transport, func, params, su=su, key=key)
    return max((row.int(key) for row in rows), default=0)


def _appending(made: list[T], make: Callable[[Row], T]) -> Callable[[Row], None]:
    return lambda row: made.append(make(row))


def _itself(row: Row) -> Row:
    return row


def _number_of(pair: tuple[int, object]) -> int:
    return pair[0]


def _asking(params: Mapping[str, str | int] | None) -> dict[str, str | int]:
    return {"filter": "off", **(params or {})}
