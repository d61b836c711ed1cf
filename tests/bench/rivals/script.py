"""The job as a plain script does it: threads, `requests`, 12 calls an account, nothing kept.

As many threads as the panel takes calls at once. Orders for all while the plans sell manually,
then their tasks, both modules on, and the closing of the tasks. It knows this sandbox's names by
heart, writes nothing down, checks nothing twice, and would not survive its own end: the yardstick
for what durability may cost.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

from tests.bench.rivals.account_calls import AccountCalls, Job, plan_ids
from tests.bench.rivals.ledger import refuse_violations
from tests.bench.usage import cpu
from tests.bench.worlds.installation import panels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.worlds.installation import Pace

LAST = 1000
"""Its manual module sorts after all others, as the product's does."""


class Found(NamedTuple):
    """Accounts a second, CPU seconds an account, and the share of a core that the sandbox used."""

    rate: float
    cpu: float
    sandbox_cpu: float


def measure(count: int, *, pace: Pace, plans: int) -> Found:
    """Bind so many accounts on a fresh sandbox, with as many threads as it takes calls at once."""
    with panels(count, pace=pace, plans=plans) as sandbox:
        if sandbox.process is None:
            raise RuntimeError("the sandbox is not running")
        accounts = sandbox.world()["accounts"][:count]
        panel, ours = [psutil.Process(sandbox.process.pid)], [psutil.Process()]
        calls = AccountCalls(sandbox.billmanager_url)
        before, panel_before = cpu(ours), cpu(panel)
        took = bind(calls, accounts, pace.limit)
        used, panel_used = cpu(ours) - before, cpu(panel) - panel_before
        refuse_violations(sandbox, count)
    return Found(count / took, used / count, panel_used / took)


def bind(calls: AccountCalls, accounts: Sequence[dict[str, Any]], threads: int) -> float:
    """Bind them all; seconds it took."""
    began = time.monotonic()
    ids = plan_ids(calls, accounts)
    sold, target, manual = list(ids.values()), calls.target_module(), calls.add_manual_module(LAST)
    jobs = [Job(account) for account in accounts]

    def order(job: Job) -> None:
        calls.order(job, ids[job.account["plan"]])
        calls.find_charge(job)

    with ThreadPoolExecutor(threads) as pool:

        def all_of(step: Callable[[Job], None]) -> None:
            for _ in pool.map(step, jobs):
                pass

        calls.switch(sold, on=manual, off=target)
        all_of(order)
        all_of(calls.find_task)
        calls.switch(sold, on=target)
        all_of(lambda job: calls.close(job, target))
        all_of(lambda job: calls.check(job, target))
        calls.switch(sold, off=manual)
    return time.monotonic() - began
