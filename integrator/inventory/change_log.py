"""The change log of discoveries: rows that are new, gone, back, renamed or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrator.inventory.mirror import Listener, portions
from integrator.models import Change

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable, Mapping, Sequence

    from integrator.models import Panel

What = Change.What


class History(Listener):
    """Collects the changes of one list and writes them at the end.

    ``watch``: the columns whose change is recorded; ``called``: the one that holds the name,
    "" where the key itself is the name.
    """

    def __init__(self, panel: Panel, kind: str, watch: Sequence[str], called: str = "") -> None:
        self._panel = panel
        self._kind = kind
        self.watch = watch
        self._called = called
        self._found: dict[str, tuple[str, str, dict[str, Any]]] = {}

    def first(self, count: int) -> None:
        """Note the first reading of the list: its rows are not listed as new, only counted."""
        self._found = {"": (What.FIRST, "", {"count": [0, count]})} if count else {}

    def new(self, key: Hashable, values: Mapping[str, Any]) -> None:
        """Note a row that was never listed before."""
        self._found[str(key)] = (What.NEW, self._name(key, values), {})

    def gone(self, key: Hashable) -> None:
        """Note a row that is listed no more."""
        self._found[str(key)] = (What.GONE, str(key), {})

    def seen(
        self, key: Hashable, values: Mapping[str, Any], before: Mapping[str, Any], *, back: bool
    ) -> None:
        """Note a known row that has changed; ``back``: it had been gone."""
        fields = {
            column: [_plain(before[column]), _plain(values[column])]
            for column in self.watch
            if before[column] != values[column]
        }
        if back:
            self._found[str(key)] = (What.BACK, self._name(key, values), fields)
        elif fields:
            what = What.RENAMED if self._called in fields else What.CHANGED
            self._found[str(key)] = (what, self._name(key, values), fields)

    def renamed(self, old: str, new: str) -> None:
        """Note a new key of a row, instead of one row gone and another one new."""
        if {old, new} <= self._found.keys():
            del self._found[old]
            self._found[new] = (What.RENAMED, new, {"username": [old, new]})

    def write(self, at: dt.datetime) -> int:
        """Store the changes; how many there are."""
        rows = (
            Change(
                at=at,
                panel=self._panel,
                kind=self._kind,
                what=what,
                ref=ref[:64],
                name=name[:255],
                fields=fields,
            )
            for ref, (what, name, fields) in self._found.items()
        )
        for portion in portions(rows):
            Change.objects.bulk_create(portion)
        return len(self._found)

    def _name(self, key: Hashable, values: Mapping[str, Any]) -> str:
        return str(values.get(self._called) or key) if self._called else str(key)


def _plain(value: Any) -> Any:
    """A value as JSON holds it."""
    return value if isinstance(value, str | int | list | dict | type(None)) else str(value)
