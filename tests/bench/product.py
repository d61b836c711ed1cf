"""One run of the product, measured from outside."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from tests.bench import usage
from tests.bench.rivals.ledger import refuse_violations
from tests.bench.usage import pause
from tests.bench.visitor import Visitor
from tests.bench.worlds.installation import installation, panels
from tests.bench.worlds.rows import seconds

if TYPE_CHECKING:
    from tests.bench.worlds.installation import Installation, Pace
    from tests.services.sandbox import Sandbox

LIMIT = 3600.0
LOOK = 0.25
"""Seconds between two looks at the run."""


@dataclass(slots=True)
class WindowTimes:
    """A window: its cohort, when its phases began (epoch seconds), how long it was manual only."""

    cohort: int
    phases: dict[str, float]
    manual_only: float


@dataclass(slots=True)
class Found:
    """What one run of the product came to. Times are seconds; CPU is of all its processes."""

    bindings: int
    done: int
    wall: float
    after_canary: float
    """From the canary's window closing to the end."""
    busy: float
    """Seconds of BILLmanager calls in flight after the canary, summed."""
    calls: Counter[str]
    worker_cpu: float
    sandbox_cpu: float
    memory: list[tuple[int, float]] = field(default_factory=list)
    """(bindings done, MB of web, workers and beat) over time."""
    windows: list[WindowTimes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Accounts a second over the whole run."""
        return self.done / self.wall

    @property
    def most_memory(self) -> float:
        """The most MB that web, workers and beat held at once."""
        return max(held for _done, held in self.memory)

    @property
    def rate_after_canary(self) -> float:
        """Accounts a second from the end of the canary's window on."""
        return (self.done - 1) / self.after_canary

    def as_json(self) -> dict[str, Any]:
        """All of it, for the record."""
        return {
            "bindings": self.bindings,
            "done": self.done,
            "wall_seconds": round(self.wall, 3),
            "after_canary_seconds": round(self.after_canary, 3),
            "accounts_per_second": round(self.rate, 2),
            "accounts_per_second_after_canary": round(self.rate_after_canary, 2),
            "calls": dict(sorted(self.calls.items())),
            "worker_cpu_ms_per_binding": round(1000 * self.worker_cpu / self.done, 2),
            "most_memory_mb": round(self.most_memory, 1),
            "sandbox_cpu_share_of_a_core": round(self.sandbox_cpu / self.wall, 3),
            "windows": [
                {"cohort": one.cohort, "manual_only_seconds": round(one.manual_only, 3)}
                for one in self.windows
            ],
        }


def measure(
    count: int, *, pace: Pace, plans: int, database: str = "sqlite",
    choices: tuple[str, ...] = (), balance: float | None = None, watched: bool = False,
) -> Found:  # fmt: skip
    """Bind ``count`` accounts on a fresh installation and a fresh sandbox.

    ``watched``: somebody opens the Run page again and again meanwhile.
    """
    more = () if balance is None else ("--balance", str(balance))
    with (
        panels(count, *more, pace=pace, plans=plans) as sandbox,
        installation(database) as place,
    ):
        place.start()
        place.register(sandbox, pace.limit)
        place.manage("discover")
        visitor = Visitor(place) if watched else None
        return _run(place, sandbox, count, choices, visitor)


def _run(
    place: Installation, sandbox: Sandbox, count: int, choices: tuple[str, ...],
    visitor: Visitor | None,
) -> Found:  # fmt: skip
    workers, ours = place.workers, place.ours
    if sandbox.process is None or len(workers) < 1:
        raise RuntimeError("the sandbox or the workers are not running")
    panel = [psutil.Process(sandbox.process.pid)]
    memory: list[tuple[int, float]] = []
    workers_before, panel_before = usage.cpu(workers), usage.cpu(panel)
    run = place.bind(sandbox.world()["accounts"][:count], *choices)

    def look() -> None:
        if visitor is not None:
            visitor.open(f"/runs/{run}/")
        memory.append((_done(place, run), usage.memory(ours)))

    limit = time.monotonic() + LIMIT
    with usage.every(1.0, look):
        while not _is_over(place, run):
            if time.monotonic() > limit:
                raise RuntimeError(f"run {run} did not end: {_where(place, run)}")
            pause(LOOK)
    look()
    worker_cpu = usage.cpu(workers) - workers_before
    sandbox_cpu = usage.cpu(panel) - panel_before
    if place.workers != workers:
        raise RuntimeError("a worker was restarted during the run")
    found = _found(place, run, worker_cpu, sandbox_cpu, memory)
    if found.done != count:
        raise RuntimeError(f"{found.done} of {count} done: {_where(place, run)}")
    refuse_violations(sandbox, count)
    return found


def _is_over(place: Installation, run: int) -> bool:
    rows = place.rows.ask("SELECT state FROM integrator_run WHERE id = ?", run)
    return str(rows[0][0]) != "running"


def _done(place: Installation, run: int) -> int:
    sql = "SELECT count(*) FROM integrator_binding WHERE run_id = ? AND state = 'done'"
    return int(place.rows.ask(sql, run)[0][0])


def _where(place: Installation, run: int) -> list[tuple[Any, ...]]:
    sql = (
        "SELECT state, step, waiting_for, cause, count(*) FROM integrator_binding"
        " WHERE run_id = ? GROUP BY 1, 2, 3, 4"
    )
    return place.rows.ask(sql, run)


def _found(
    place: Installation, run: int, worker_cpu: float, sandbox_cpu: float,
    memory: list[tuple[int, float]],
) -> Found:  # fmt: skip
    ask = place.rows.ask
    [[began, ended, total]] = ask(
        "SELECT started_at, finished_at, total FROM integrator_run WHERE id = ?", run
    )
    windows = _windows(place)
    canary_over = windows[0].phases["closed"]
    # What discovery and the preview asked has neither a run nor a window.
    rows = ask(
        "SELECT panel, func, at, seconds FROM integrator_call"
        " WHERE run_id IS NOT NULL OR window_id IS NOT NULL"
    )
    calls = Counter(str(func) for _panel, func, _at, _seconds in rows)
    busy = sum(
        took for panel, _func, at, took in rows if panel == "billing" and seconds(at) >= canary_over
    )
    return Found(
        bindings=total,
        done=_done(place, run),
        wall=seconds(ended) - seconds(began),
        after_canary=seconds(ended) - canary_over,
        busy=busy,
        calls=calls,
        worker_cpu=worker_cpu,
        sandbox_cpu=sandbox_cpu,
        memory=memory,
        windows=windows,
    )


def _windows(place: Installation) -> list[WindowTimes]:
    phases: dict[int, dict[str, float]] = {}
    for window, phase, at in place.rows.ask(
        "SELECT window_id, to_state, at FROM integrator_event WHERE subject = 'window' ORDER BY id"
    ):
        phases.setdefault(window, {})[phase] = seconds(at)
    return [
        WindowTimes(
            cohort, {"opening": seconds(created), **phases.get(pk, {})},
            seconds(until) - seconds(since) if since and until else 0.0,
        )
        for pk, cohort, created, since, until in place.rows.ask(
            "SELECT id, cohort, created_at, manual_only_at, manual_only_until"
            " FROM integrator_window ORDER BY id"
        )
    ]  # fmt: skip
