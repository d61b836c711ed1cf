"""A run whose clients have no balance, so that each is credited first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import product
from tests.bench.measures import Measure
from tests.bench.parts.given import PLANS
from tests.bench.targets import TARGETS
from tests.bench.worlds.installation import FAST

if TYPE_CHECKING:
    from tests.bench.parts.given import Given, Taken

CHOICES = ("--payment", "credit", "--paymethod", "1")


def measure(given: Given) -> Taken:
    """Calls a binding."""
    run = product.measure(
        given.sizes.runs, pace=FAST, plans=PLANS, database=given.database, choices=CHOICES,
        balance=0,
    )  # fmt: skip
    calls = sum(run.calls.values()) / run.done
    note = f"{len(run.windows)} windows share readings"
    return [Measure(TARGETS["calls-credit"], calls, run.done, note)], run.as_json()
