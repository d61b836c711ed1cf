"""Reads the pages of a list.

The default page size is a setting of the login, and a saved filter of the login shrinks its lists
(billmanager.md 1.6, ispmanager.md 1.6). So the size is always asked for and `filter=off` always
sent unless a filter is wanted; and a list counts as whole only when all rows that the panel
announced were seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from panels.coremanager.listing import number
from panels.notes import Note, note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from panels.coremanager.documents import Document
    from panels.coremanager.listing import Listing, Row

T = TypeVar("T")

CUT = frozenset({5_000, 5_001})
"""How many rows a list has that was cut, whatever its total says: BILLmanager's queries end in
LIMIT 5001, where the last row only shows that there are more (billmanager.md 1.6; that all lists
do so, and which of the two numbers shows, is inferred)."""


class Reader(Protocol):
    """The part of a transport that reads lists."""

    def read(
        self,
        func: str,
        params: Mapping[str, str | int] | None = None,
        *,
        su: str | int | None = None,
        devel: bool = False,
    ) -> Document:
        """Call a list."""

    def read_rows(
        self,
        func: str,
        params: Mapping[str, str | int] | None = None,
        *,
        make: Callable[[Row], T],
        su: str | int | None = None,
    ) -> tuple[Listing, list[T]]:
        """Call a list; give its page without rows, and what `make` made of each row."""


class ListChanged(Exception):  # noqa: N818 - a signal between these modules
    """The list changed while it was read, or cannot be read to its end; `why` says how."""

    def __init__(self, why: Note) -> None:
        super().__init__(why)
        self.why = why


@dataclass(slots=True)
class Got(Generic[T]):
    """The result of reading a list: what was made of each row, by key, in the panel's order.

    `total` is what the panel announced last, None when it does not. `cut`: it ended where the
    panel cuts its lists, so that it need not be whole.
    """

    made: dict[str, T] = field(default_factory=dict)
    total: int | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The request for a list. `streamed`: a row is freed when something was made of it."""

    transport: Reader
    func: str
    asking: Mapping[str, str | int]
    su: str | int | None
    key: str
    size: int
    streamed: bool = True

    @property
    def column(self) -> str:
        """The column that is sorted by: the first name of the key (see `Row.key`)."""
        return self.key.partition("|")[0]

    def narrowed(self, more: Mapping[str, str | int]) -> Reading:
        """Give the reading of the rows that fit a filter as well."""
        return replace(self, asking={**self.asking, "filter": "on", **more})

    def page(
        self, make: Callable[[Row], T], page: int, more: Mapping[str, str | int] | None = None
    ) -> tuple[Listing, list[T]]:
        """Read one page."""
        asking = {**self.asking, "p_cnt": self.size, "p_num": page, **(more or {})}
        if self.streamed:
            return self.transport.read_rows(self.func, asking, make=make, su=self.su)
        listing = self.transport.read(self.func, asking, su=self.su).listing()
        return listing, [make(row) for row in listing.rows]

    def pages(
        self, make: Callable[[Row], T], more: Mapping[str, str | int] | None = None
    ) -> Iterator[tuple[Listing, list[T]]]:
        """Give page after page, the last one empty. Raises `ListChanged` when the list shrinks."""
        page, total = 0, -1
        while True:
            page += 1
            listing, made = self.page(make, page, more)
            if listing.total is not None:
                if listing.total < total:
                    raise ListChanged(note("list.vanished"))
                total = listing.total
            yield listing, made
            if not made:
                return

    def whole(self, make: Callable[[Row], T]) -> Got[T]:
        """Read every row once. Raises `ListChanged` when the list cannot be completed."""
        return self._whole(make, {}, "")

    def sorted(self, make: Callable[[Row], T], sign: str) -> Got[T]:
        """Read every row, the lowest key first (`sign` '+') or the highest ('-').

        Raises `ListChanged` when the panel does not sort so, as well.
        """
        down = "desc" if sign == "-" else "asc"
        # BILLmanager's way (billmanager.md 1.6), and ispmanager's (ispmanager.md 1.6).
        more = {"p_col": f"{sign}{self.column}", "p_sort": self.column, "p_order": down}
        got = self._whole(make, more, f"{sign}{self.column}")
        keys = [number(key) for key in got.made]
        for one, other in pairwise(keys):
            if one is not None and other is not None and (one < other) != (sign == "+"):
                raise ListChanged(note("list.unsorted"))
        return got

    def _whole(self, make: Callable[[Row], T], more: Mapping[str, str | int], order: str) -> Got[T]:
        got: Got[T] = Got()
        made = got.made

        def once(row: Row) -> tuple[str, T]:
            key = row.key(self.key)
            return key, made[key] if key in made else make(row)

        for listing, pairs in self.pages(once, more):
            if order and listing.order not in {"", order}:
                raise ListChanged(note("list.unsorted"))
            before, total = len(made), listing.total
            for key, item in pairs:
                made.setdefault(key, item)
            got.total = total
            if total is None and len(pairs) < (listing.page_size or self.size):
                break
            if total is not None and len(made) >= total:
                break
            if pairs and len(made) == before:
                if total is None or len(made) in CUT:
                    break  # it does not know pages: this was the whole list again
                raise ListChanged(note("list.repeated"))
        got.cut = len(made) in CUT
        if got.total is not None and len(made) < got.total and not got.cut:
            raise ListChanged(note("list.short", count=len(made), total=got.total))
        return got

    def down_to(
        self, floor: int, make: Callable[[Row], T], trusted: Callable[[int | None], bool]
    ) -> list[T]:
        """Read the newest rows, each once, until a key is not above `floor`.

        `trusted` is asked whether a list of so many rows, sorted like this, begins with the
        newest. Raises `ListChanged` when it does not, or when the rows do not descend.
        """
        seen: set[int] = set()
        found: list[T] = []
        last, total = -1, None

        def above(row: Row) -> tuple[int, T | None]:
            key = row.int(self.key)
            return key, make(row) if key > floor else None

        for listing, pairs in self.pages(above):
            if total is None and not trusted(listing.total):
                raise ListChanged(note("list.cut_unsorted"))
            before, total = len(seen), listing.total
            for key, item in self._descending(listing, pairs, seen, last):
                last = key
                if key > floor:
                    found.append(item)  # type: ignore[arg-type] # made, since its key is above
            if self._is_down(listing, seen, last, floor):
                return found
            if pairs and len(seen) == before:
                if total is None:
                    break  # it does not know pages: this was the whole list again
                raise ListChanged(note("list.repeated"))
        if total is not None and len(seen) < total:
            raise ListChanged(note("list.ended"))
        return found

    @staticmethod
    def _is_down(listing: Listing, seen: set[int], last: int, floor: int) -> bool:
        """Whether no row above `floor` can be left. `ListChanged` when that is not clear."""
        complete = listing.total is not None and len(seen) >= listing.total
        if complete and len(seen) not in CUT:
            return True
        if seen and last <= floor:
            if not listing.order and len(seen) == 1:
                raise ListChanged(note("list.one_row"))
            return True
        if complete:
            raise ListChanged(note("list.cut_above"))
        return False

    def _descending(
        self,
        listing: Listing,
        pairs: Iterable[tuple[int, T | None]],
        seen: set[int],
        lowest: int,
    ) -> Iterator[tuple[int, T | None]]:
        """Give the rows of a page that were not seen yet. `ListChanged` when they do not descend.

        `lowest` is the lowest key that was seen, -1 before there was any.
        """
        if listing.order not in {"", f"-{self.key}"}:
            raise ListChanged(note("list.unsorted"))
        for key, item in pairs:
            if key in seen:
                continue  # newer rows push older ones on to the next page
            if lowest >= 0 and key > lowest:
                raise ListChanged(note("list.rising"))
            seen.add(key)
            lowest = key
            yield key, item


def read_twice(read: Callable[[], T]) -> T:
    """Read a list, and once more from its start when it changed. Raises `ListChanged`."""
    try:
        return read()
    except ListChanged:
        return read()
