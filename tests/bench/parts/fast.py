"""At 20 ms and limit 32: against both rivals, and what a binding costs.

Ratios are taken between neighbours in time, since machines drift: the script runs before and after
the product, on the same kind of fresh sandbox.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.bench import product
from tests.bench.measures import Measure
from tests.bench.output import say
from tests.bench.parts.given import PLANS
from tests.bench.rivals import chain, script
from tests.bench.rivals.account_calls import CALLS
from tests.bench.targets import TARGETS
from tests.bench.worlds.installation import FAST

if TYPE_CHECKING:
    from tests.bench.parts.given import Given, Taken

BUSY_SANDBOX = 0.7
"""Share of a core from which on the sandbox itself would hold back whoever is measured."""


class Round(NamedTuple):
    """The script before and after one run of the product, and the chain's accounts a second."""

    before: script.Found
    run: product.Found
    after: script.Found
    chain: float

    @property
    def script(self) -> float:
        """Accounts a second of the script."""
        return (self.before.rate + self.after.rate) / 2

    @property
    def cpu(self) -> float:
        """The product's CPU a binding as a ratio to the script's an account."""
        return 2 * self.run.worker_cpu / self.run.done / (self.before.cpu + self.after.cpu)

    def as_json(self) -> dict[str, Any]:
        """All of it, for the record."""
        return {
            "script_accounts_per_second": [round(self.before.rate, 2), round(self.after.rate, 2)],
            "script_cpu_ms_per_account": [
                round(1000 * self.before.cpu, 2), round(1000 * self.after.cpu, 2),
            ],
            "chain_accounts_per_second": round(self.chain, 2),
            **self.run.as_json(),
        }  # fmt: skip


def measure(given: Given) -> Taken:
    """Accounts a second against the script and the chain, calls and CPU a binding."""
    rounds = [_round(given) for _ in range(given.rounds)]
    size, last = given.sizes.runs, rounds[-1]
    run = last.run
    own = f"script {last.script:.1f}, product {run.rate:.1f} accounts/s"
    script_cpu = 500 * (last.before.cpu + last.after.cpu)
    costs = f"worker {1000 * run.worker_cpu / run.done:.1f} ms, script {script_cpu:.1f} ms"
    middle = statistics.median
    calls = sum(run.calls.values()) / run.done
    measures = [
        Measure(TARGETS["fast-script"], middle([one.run.rate / one.script for one in rounds]),
                size, own),
        Measure(TARGETS["fast-chain"], middle([one.run.rate / one.chain for one in rounds]),
                size, f"chain {last.chain:.1f} accounts/s"),
        Measure(TARGETS["calls-balance"], calls, size,
                f"{len(run.windows)} windows share readings; {CALLS} an account in the script"),
        Measure(TARGETS["cpu"], middle([one.cpu for one in rounds]), size, costs),
    ]  # fmt: skip
    return measures, {"rounds": [one.as_json() for one in rounds]}


def _round(given: Given) -> Round:
    count = given.sizes.runs
    before = script.measure(count, pace=FAST, plans=PLANS)
    run = product.measure(count, pace=FAST, plans=PLANS, database=given.database)
    after = script.measure(count, pace=FAST, plans=PLANS)
    one_by_one = chain.measure(count, pace=FAST, plans=PLANS, database=given.database)
    _warn("script", max(before.sandbox_cpu, after.sandbox_cpu))
    _warn("product", run.sandbox_cpu / run.wall)
    return Round(before, run, after, one_by_one)


def _warn(who: str, share: float) -> None:
    if share > BUSY_SANDBOX:
        say(f"the sandbox held the {who} back: {share:.0%} of a core")
