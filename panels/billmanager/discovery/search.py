"""The state that the parts of the discovery share: transports, and what was found so far."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from panels.billmanager.dialect.dialect import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from panels.http.transport import Transport

SAMPLE = 50
"""Rows that are read where any row will do."""


@dataclass
class Search:
    """The state of one discovery; each part adds what it finds to `found`."""

    transport: Transport
    task_transport: Transport
    overrides: Mapping[str, str]
    found: Dialect = field(default_factory=Dialect)
    places: dict[str, str] = field(default_factory=dict)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    su: str | None = None
    """Some client's user, None while there is none."""

    @property
    def dialect(self) -> Dialect:
        """The dialect that is known so far, with the administrator's overrides."""
        return self.found.with_overrides(self.overrides)

    def keep(self, **entries: Any) -> None:
        """Store entries, each with where it was found."""
        self.found = replace(self.found, **entries)

    def unclear(self, entry: str, candidates: Iterable[str], why: str) -> None:
        """Store an entry's candidates, as an administrator would set them, and what was read."""
        self.places[entry] = why
        self.choices[entry] = tuple(dict.fromkeys(candidates))

    def listed(self, where: str, **entries: tuple[Any, ...]) -> None:
        """Store entries that are tuples, with where they were found."""
        self.keep(**entries)
        self.places |= {name: where for name, value in entries.items() if value}
