"""All that one run of `make bench` found, and its file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.bench.measures import Measure
from tests.bench.report.machine import machine, revision
from tests.bench.targets import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.targets import Target

NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


@dataclass(slots=True)
class Found:
    """What was found on one database: its version, the measures, each part's record."""

    version: str
    measures: dict[str, Measure] = field(default_factory=dict)
    records: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """When, where and of what revision, and what was found on each database.

    ``failed``: the database and the name of each part that could not be measured.
    """

    date: str
    machine: dict[str, Any]
    revision: str
    rounds: int
    databases: dict[str, Found] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    @classmethod
    def begun(cls, rounds: int) -> Report:
        """A report of now and here, without any figure."""
        return cls(f"{datetime.now(UTC):%Y-%m-%d}", machine(), revision(), rounds)

    @property
    def measures(self) -> list[Measure]:
        """Every measure on every database."""
        return [one for found in self.databases.values() for one in found.measures.values()]

    @property
    def missed(self) -> bool:
        """Whether a target was judged and is not reached."""
        return any(one.reached is False for one in self.measures)

    def lines(self) -> list[tuple[Target, list[Measure | None]]]:
        """Each target that was measured, with its measure on each database; None: not there."""
        found = [one.measures for one in self.databases.values()]
        return [
            (target, [one.get(key) for one in found])
            for key, target in TARGETS.items()
            if any(key in one for one in found)
        ]

    def as_json(self) -> dict[str, Any]:
        """The report, for a file; ``of_json`` reads it."""
        return {
            "date": self.date,
            "machine": self.machine,
            "revision": self.revision,
            "rounds": self.rounds,
            "failed": self.failed,
            "databases": {
                name: {
                    "version": found.version,
                    "measures": [one.as_json() for one in found.measures.values()],
                    "records": found.records,
                }
                for name, found in self.databases.items()
            },
        }

    @classmethod
    def of_json(cls, told: dict[str, Any]) -> Report:
        """The report that was written so; KeyError where it has a target that is none any more."""
        made = cls(told["date"], told["machine"], told["revision"], told["rounds"])
        made.failed = told["failed"]
        for name, found in told["databases"].items():
            measures = [Measure.of_json(row) for row in found["measures"]]
            by_key = {one.target.key: one for one in measures}
            made.databases[name] = Found(found["version"], by_key, found["records"])
        return made

    def write(self, path: Path) -> None:
        """Write the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.as_json(), indent=1, ensure_ascii=False), encoding="utf-8")
