"""At 100 ms and limit 8: against the script, how busy the limit is kept, how long a plan waits."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from tests.bench import product
from tests.bench.measures import Measure
from tests.bench.parts.given import PLANS
from tests.bench.rivals import script
from tests.bench.targets import TARGETS
from tests.bench.worlds.installation import SLOW

if TYPE_CHECKING:
    from tests.bench.parts.given import Given, Taken

BUSY_PLANS = 2


def measure(given: Given) -> Taken:
    """The script beside the product in each round, then the runs on two plans."""
    count = given.sizes.runs
    scripts, against = [], []
    for _ in range(given.rounds):
        scripts.append(script.measure(count, pace=SLOW, plans=PLANS))
        against.append(_run(given, count, PLANS))
    ratios = [run.rate / one.rate for run, one in zip(against, scripts, strict=True)]
    note = f"script {scripts[-1].rate:.1f}, product {against[-1].rate:.1f} accounts/s"
    measures = [Measure(TARGETS["slow-script"], statistics.median(ratios), count, note)]
    record: dict[str, Any] = {
        "script_accounts_per_second": [round(one.rate, 2) for one in scripts],
        f"{PLANS} plans": [run.as_json() for run in against],
    }
    every = list(against)
    for key, size in zip(("busy-340", "busy-1000"), given.sizes.busy, strict=False):
        runs = [_run(given, size, BUSY_PLANS) for _ in range(given.rounds)]
        share = statistics.median([_busy(run) for run in runs])
        measures.append(Measure(TARGETS[key], share, size, f"{len(runs[-1].windows)} windows"))
        record[f"{BUSY_PLANS} plans, {size} accounts"] = [run.as_json() for run in runs]
        every += runs
    return [*measures, _manual_only(every)], record


def _run(given: Given, count: int, plans: int) -> product.Found:
    return product.measure(count, pace=SLOW, plans=plans, database=given.database)


def _busy(run: product.Found) -> float:
    """The share of the panel's allowed calls that were under way after the canary."""
    return run.busy / (SLOW.limit * run.after_canary)


def _manual_only(runs: list[product.Found]) -> Measure:
    """The longest time that a plan sold manually alone in any window of these runs."""
    windows = [window for run in runs for window in run.windows]
    longest = max(windows, key=lambda window: window.manual_only)
    largest = max(window.cohort for window in windows)
    note = (
        f"a cohort of {longest.cohort}, of {len(windows)} windows; the largest cohort was {largest}"
    )
    size = max(run.bindings for run in runs)
    return Measure(TARGETS["manual-only"], longest.manual_only, size, note)
