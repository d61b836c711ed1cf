"""Earlier versions of rows: for lists that lag behind what a panel has done."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LAG = 300.0
"""Seconds; nobody asks for what is longer ago."""


class Past:
    """The earlier versions of a table's rows."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Keep versions by this clock, from now on."""
        self._now = now
        self._versions: defaultdict[int | str, list[tuple[float, Any]]] = defaultdict(list)

    def note(self, key: int | str, old: Any) -> None:
        """Write down that a row changes now; ``old`` is None where it was not there before."""
        now = self._now()
        versions = self._versions[key]
        versions[:] = [one for one in versions if one[0] > now - MAX_LAG]
        versions.append((now, old))

    def version(self, row: Any, seconds: float) -> Any:
        """Give the row as it was so many seconds ago, or None when it was not there."""
        then = self._now() - seconds
        for until, old in self._versions.get(row[0], ()):
            if until > then:
                return old
        return row
