"""`make bench`: measures the product against design section 10, on this machine, in one go.

Ratios are taken between neighbours in time, since machines drift: the script runs before and after
the product, on the same kind of fresh sandbox.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tests.bench import chain, matching, pages, product
from tests.bench.installation import Pace, panels
from tests.bench.measures import Measure, table
from tests.bench.script import CALLS, Script
from tests.bench.usage import cpu

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FAST = Pace(latency=20.0, limit=32)
SLOW = Pace(latency=100.0, limit=8)
SLOW_PLANS = 2
SLOW_ACCOUNTS = SLOW_PLANS * (10 + 10 + 50 + 100)
"""So many that each plan comes to one cohort whose size its pace tells."""
BUSY_SANDBOX = 0.7
"""Share of a core from which on the sandbox itself would hold the product back."""


def main(words: Sequence[str]) -> int:
    """Run the parts that are asked for; 0 when every target is reached, else 1."""
    given = _parser().parse_args(words)
    # Told to stop, it takes down what it has started, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    given.accounts = given.accounts or (1000 if given.full else 300)
    given.rounds = given.rounds or (3 if given.full else 1)
    parts: dict[str, Callable[[argparse.Namespace, dict[str, Any]], list[Measure]]] = {
        "rate": _rate,
        "busy": _busy,
        "credit": _credit,
        "pages": _pages,
        "matching": _matching,
    }
    record: dict[str, Any] = {"database": given.database, "accounts": given.accounts}
    measures: list[Measure] = []
    for name in given.only or parts:
        measures += parts[name](given, record)
        _say(table(measures) + "\n")
    record["measures"] = [one.as_json() for one in measures]
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")
    _say(f"written to {given.json}")
    return 0 if all(one.reached for one in measures) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--accounts", type=int, metavar="N", help="300, or 1,000 with --full")
    parser.add_argument("--full", action="store_true", help="1,000 accounts and more rounds")
    parser.add_argument("--rounds", type=int, metavar="N", help="1, or 3 with --full")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--plans", type=int, default=3)
    parser.add_argument(
        "--only",
        action="append",
        metavar="PART",
        choices=("rate", "busy", "credit", "pages", "matching"),
    )
    folder = Path(os.environ.get("VAR_DIR") or "var")
    parser.add_argument("--json", type=Path, default=folder / "bench.json", metavar="FILE")
    return parser


def _rate(given: argparse.Namespace, record: dict[str, Any]) -> list[Measure]:
    """Accounts a second against the script and the chain, and what a binding costs."""
    whole, later, chained = [], [], []
    runs: list[product.Found] = []
    for number in range(1, given.rounds + 1):
        before = _script(given.accounts, given.plans)
        run = product.measure(given.accounts, pace=FAST, plans=given.plans, database=given.database)
        after = _script(given.accounts, given.plans)
        one_by_one = chain.measure(given.accounts // 3, pace=FAST, database=given.database)
        script = (before + after) / 2
        whole.append(run.rate / script)
        later.append(run.rate_after_canary / script)
        chained.append(run.rate / one_by_one)
        runs.append(run)
        record.setdefault("rate", []).append(
            {
                "script_accounts_per_second": [round(before, 2), round(after, 2)],
                "chain_accounts_per_second": round(one_by_one, 2),
                **run.as_json(),
            }
        )
        _say(
            f"round {number}: product {run.rate:.1f} accounts/s ({run.rate_after_canary:.1f} after"
            f" the canary), script {before:.1f} and {after:.1f}, chain {one_by_one:.1f}"
        )
    middle = statistics.median
    last = runs[-1]
    size = f"{given.accounts} accounts, 20 ms, limit 32"
    return [
        Measure("accounts/s against the plain script", middle(whole), 1.0, True, "×", size),
        Measure("  the same after the canary", middle(later), 1.0, True, "×", size),
        Measure("accounts/s against a task per step", middle(chained), 4.0, True, "×", size),
        Measure(
            "worker CPU per binding",
            middle([1000 * run.worker_cpu / run.done for run in runs]),
            25.0, False, "ms", _sandbox_note(last),
        ),
        Measure(
            "panel calls per binding, balance", sum(last.calls.values()) / last.done, 5.0, False,
            "", f"shared reads divided; {len(last.windows)} windows",
        ),
        *_memory(last),
    ]  # fmt: skip


def _memory(run: product.Found) -> list[Measure]:
    """The most that was held, and how much of that came with the number of bindings."""
    most = max(held for _done, held in run.memory)
    early = max(held for done, held in run.memory if done <= run.done // 2)
    return [
        Measure(
            "memory of 2 workers, beat, web", most, 450.0, False, "MB",
            f"{early:.0f} MB in the first half of the run",
        ),
    ]  # fmt: skip


def _busy(given: argparse.Namespace, record: dict[str, Any]) -> list[Measure]:
    """At 100 ms and limit 8: how busy the panel is kept, and how long plans sell manually."""
    count = given.accounts if given.full else SLOW_ACCOUNTS
    run = product.measure(count, pace=SLOW, plans=SLOW_PLANS, database=given.database)
    record["busy"] = run.as_json()
    longest = max(run.windows, key=lambda one: one.manual_only)
    return [
        Measure(
            "panel's parallel calls kept busy", run.busy / (SLOW.limit * run.after_canary), 0.9,
            True, "", f"{count} accounts on {SLOW_PLANS} plans, after the canary, 100 ms, limit 8",
        ),
        Measure(
            "manual only, the longest", longest.manual_only, 10.0, False, "s",
            f"{longest.cohort} accounts, of {len(run.windows)} windows, 100 ms, limit 8",
        ),
    ]  # fmt: skip


def _credit(given: argparse.Namespace, record: dict[str, Any]) -> list[Measure]:
    """Calls where the balance is credited first."""
    choices = ("--payment", "credit", "--paymethod", "1")
    run = product.measure(
        given.accounts, pace=FAST, plans=given.plans, database=given.database, choices=choices,
        balance=0,
    )  # fmt: skip
    record["credit"] = run.as_json()
    return [
        Measure("panel calls per binding, credit", sum(run.calls.values()) / run.done, 7.0, False)
    ]


def _pages(given: argparse.Namespace, record: dict[str, Any]) -> list[Measure]:
    """Accounts page, Run page and quiet polls at 100,000 accounts and 10,000 bindings."""
    found = pages.measure(100_000, times=60 if given.full else 30, database=given.database)
    record["pages_ms"] = {
        name: {"p50": round(statistics.median(one.took), 1), "p95": round(pages.p95(one.took), 1)}
        for name, one in found.asked.items()
    }
    size = "100,000 accounts, 10,000 bindings"
    return [
        *(
            Measure(f"{name}, p95", pages.p95(one.took), one.limit, False, "ms",
                    f"{size}; p50 {statistics.median(one.took):.0f} ms")
            for name, one in found.asked.items()
        ),
        Measure("a core for 100 people who poll each 2 s", 50 * found.poll_cpu / 1000, 0.5, False,
                "", f"{found.poll_cpu:.1f} ms of CPU a quiet poll"),
    ]  # fmt: skip


def _matching(given: argparse.Namespace, record: dict[str, Any]) -> list[Measure]:
    """Whether matching is right, and how long it takes when there is much of everything."""
    verdict = matching.field(5000, 2000, database=given.database)
    took = matching.speed(100_000, 50_000, database=given.database)
    record["matching"] = {**took._asdict(), "stories": verdict.by_story}
    share = 100 * verdict.decided / verdict.decidable
    size = "5,000 accounts, 2,000 clients, as found in the field"
    return [
        Measure("ready for the wrong client", len(verdict.wrong), 0, False, "", size),
        Measure("offered though a service already", len(verdict.offered), 0, False, "", size),
        Measure("ready of what can be decided", share, 90, True, "%", size),
        Measure("matching, all anew", took.match, 20, False, "s",
                f"100,000 accounts, 50,000 clients; {took.match_again:.1f} s when nothing changed"),
        Measure("what is bound and has drifted", took.compare, 20, False, "s",
                f"the same, half of them once services; {took.compare_again:.1f} s"),
    ]  # fmt: skip


def _script(accounts: int, plans: int) -> float:
    """Accounts a second of the plain script, on a fresh sandbox."""
    with panels(accounts, pace=FAST, plans=plans) as sandbox:
        if sandbox.process is None:
            raise RuntimeError("the sandbox is not running")
        panel = [psutil.Process(sandbox.process.pid)]
        before = cpu(panel)
        took = Script(sandbox).run(sandbox.world()["accounts"][:accounts])
        share = (cpu(panel) - before) / took
        if share > BUSY_SANDBOX:
            _say(f"the sandbox held the script back: {share:.0%} of a core")
        return accounts / took


def _sandbox_note(run: product.Found) -> str:
    share = run.sandbox_cpu / run.wall
    held = "; it held the product back" if share > BUSY_SANDBOX else ""
    return f"the sandbox used {share:.0%} of a core{held}; {CALLS} calls an account in the script"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
