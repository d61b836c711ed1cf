"""Whether matching is right, and how long it takes where there are many services as well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.matching import field
from tests.bench.measures import Measure
from tests.bench.targets import TARGETS
from tests.bench.worlds.installation import installation

if TYPE_CHECKING:
    from tests.bench.parts.given import Given, Taken


class Speed(NamedTuple):
    """Seconds to find what is bound and has drifted, and to match; all anew, and again after."""

    compare: float
    match: float
    compare_again: float
    match_again: float


def measure(given: Given) -> Taken:
    """The verdict on accounts as found in the field, and the times."""
    asked, many = given.sizes.field, given.sizes.matched
    verdict = field(asked, asked * 2 // 5, database=given.database)
    took = _speed(many, many // 2, database=given.database)
    share = 100 * verdict.decided / max(1, verdict.decidable)
    measures = [
        Measure(TARGETS["wrong"], len(verdict.wrong), asked),
        Measure(TARGETS["offered"], len(verdict.offered), asked),
        Measure(TARGETS["ready"], share, asked),
        Measure(TARGETS["matching-services"], took.match, many,
                f"{took.match_again:.1f} s when nothing changed"),
        Measure(TARGETS["drift"], took.compare, many,
                f"{took.compare_again:.1f} s when nothing changed"),
    ]  # fmt: skip
    return measures, {**took._asdict(), "stories": verdict.by_story}


def _speed(accounts: int, clients: int, *, database: str) -> Speed:
    with installation(database) as place:
        place.manage("migrate", "-v0")
        told = place.program("worlds.matching_rows", "speed", str(accounts), str(clients))
        return Speed(*json.loads(told))
