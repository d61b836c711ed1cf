"""A table of immutable rows, with its changes handed on so that they can be written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from panels.sandbox.world.past import Past

RowT = TypeVar("RowT", bound="NamedTuple")
KeyT = TypeVar("KeyT", int, str)


class Sink(Protocol):
    """Takes the changes of tables in the order in which they happen."""

    def put(self, table: str, row: tuple[Any, ...]) -> None:
        """Take a new or changed row."""

    def drop(self, table: str, key: str | int) -> None:
        """Take the key of a row that is gone."""


class Table(Generic[KeyT, RowT]):
    """Rows by key in the order of their making, with indexes.

    ``put`` and ``drop`` are the only writers, so a sink sees every change.
    """

    def __init__(
        self,
        name: str,
        row: type[RowT],
        first_id: int = 1,
        /,
        **indexes: Callable[[RowT], Hashable],
    ) -> None:
        """Make an empty table; each index maps a row to the value it is found by."""
        self.name = name
        self.row = row
        self.rows: dict[KeyT, RowT] = {}
        self.last_id = first_id - 1
        self.sink: Sink | None = None
        self.past: Past | None = None
        self._by = indexes
        self._index: dict[str, dict[Hashable, dict[KeyT, None]]] = {name: {} for name in indexes}

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.rows)

    def __getitem__(self, key: KeyT) -> RowT:
        """Give the row with this key; KeyError when there is none."""
        return self.rows[key]

    def get(self, key: KeyT) -> RowT | None:
        """Give the row with this key, or None when there is none."""
        return self.rows.get(key)

    def all(self) -> list[RowT]:
        """List all rows, oldest first."""
        return list(self.rows.values())

    def next_id(self) -> int:
        """Give an id that was never used, for tables keyed by number."""
        self.last_id += 1
        return self.last_id

    def put(self, row: RowT) -> RowT:
        """Add the row or replace the one with its key, and give it back."""
        key: KeyT = row[0]
        old = self.rows.get(key)
        self.rows[key] = row
        if self.past is not None:
            self.past.note(key, old)
        if old is None:
            self._note(key)
        for name, value_of in self._by.items():
            value = value_of(row)
            if old is not None:
                if value_of(old) == value:
                    continue
                self._unlink(name, value_of(old), key)
            self._index[name].setdefault(value, {})[key] = None
        if self.sink is not None:
            self.sink.put(self.name, row)
        return row

    def drop(self, key: KeyT) -> None:
        """Take the row with this key away; nothing happens when there is none."""
        row = self.rows.pop(key, None)
        if row is None:
            return
        for name, value_of in self._by.items():
            self._unlink(name, value_of(row), key)
        if self.sink is not None:
            self.sink.drop(self.name, key)

    def find(self, index: str, value: Hashable) -> list[RowT]:
        """List the rows that have this value in the index."""
        rows = self.rows
        return [rows[key] for key in self._index[index].get(value, ())]

    def first(self, index: str, value: Hashable) -> RowT | None:
        """Give the first row that has this value in the index, or None."""
        for key in self._index[index].get(value, ()):
            return self.rows[key]
        return None

    def load(self, rows: Iterable[list[Any]]) -> None:
        """Put rows that were read back from JSON."""
        for row in rows:
            self.put(self.row._make(_tuples(value) for value in row))

    def _note(self, key: str | int) -> None:
        if isinstance(key, int) and key > self.last_id:
            self.last_id = key

    def _unlink(self, name: str, value: Hashable, key: KeyT) -> None:
        found = self._index[name].get(value)
        if found is not None:
            found.pop(key, None)
            if not found:
                del self._index[name][value]


def _tuples(value: object) -> object:
    if type(value) is list:
        return tuple(_tuples(item) for item in value)
    return value
