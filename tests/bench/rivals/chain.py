"""Measures one Celery task per step, on an installation's own Redis and database.

The other common way to build it: the eight steps of an account are a chain of eight tasks, and
each ends with a checkpoint. What all accounts share (steps 1, 2, 5 and 8) is done once for all
before and after, not counted, and costs an account's chain its checkpoints alone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from integrator.core.env import BASE_DIR
from tests.bench.rivals.account_calls import AccountCalls, plan_ids
from tests.bench.rivals.ledger import refuse_violations
from tests.bench.usage import pause
from tests.bench.worlds.installation import installation, panels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.worlds.installation import Installation, Pace
    from tests.services.sandbox import Sandbox

WORKERS = 2
STEPS = 8
FIRST = 0
"""Its manual module sorts before all others: both can be on at once, and none opens by itself."""
LIMIT = 1800.0
TABLE = (
    "CREATE TABLE bench_account (id integer PRIMARY KEY, account text NOT NULL, plan text NOT NULL,"
    " step integer NOT NULL, client text NOT NULL, service text NOT NULL, task text NOT NULL)"
)


def measure(count: int, *, pace: Pace, plans: int, database: str = "sqlite") -> float:
    """Accounts a second of so many chains."""
    with panels(count, pace=pace, plans=plans) as sandbox, installation(database) as place:
        place.start()  # for its Redis and tables; its own workers have nothing to do
        calls = AccountCalls(sandbox.billmanager_url)
        accounts = sandbox.world()["accounts"][:count]
        ids = plan_ids(calls, accounts)
        manual = calls.add_manual_module(FIRST)
        calls.switch(ids.values(), on=manual)
        place.rows.write(TABLE)
        place.rows.write_many(
            "INSERT INTO bench_account VALUES (?, ?, ?, 0, '', '', '')",
            [(n, json.dumps(one), ids[one["plan"]]) for n, one in enumerate(accounts)],
        )
        _tell(place, sandbox, calls)
        with _workers(place):
            began = float(place.program("rivals.chain_fill", str(count)))
            _wait(place, count)
            took = time.time() - began
        calls.switch(ids.values(), off=manual)
        refuse_violations(sandbox, count)
        return count / took


def _tell(place: Installation, sandbox: Sandbox, calls: AccountCalls) -> None:
    """Let the workers know the panel, its sessions and the module that tasks are closed with."""
    place.environ["BENCH_PANEL"] = sandbox.billmanager_url
    place.environ["BENCH_SESSIONS"] = " ".join(calls.sessions)
    place.environ["BENCH_MODULE"] = calls.target_module()


def _wait(place: Installation, count: int) -> None:
    """Wait until all chains have ended; RuntimeError when the last one takes too long."""
    deadline = time.monotonic() + LIMIT
    while left := _left(place):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{left} of {count} chains did not end\n{_log(place)[-4000:]}")
        pause(0.1)


def _left(place: Installation) -> int:
    sql = "SELECT count(*) FROM bench_account WHERE step < ?"
    return int(place.rows.ask(sql, STEPS)[0][0])


def _log(place: Installation) -> str:
    return (place.folder / "chain.log").read_text(encoding="utf-8")


@contextmanager
def _workers(place: Installation) -> Iterator[None]:
    """Workers of the chain, their output in the installation's folder."""
    started = []
    with (place.folder / "chain.log").open("ab") as log:
        for number in range(1, WORKERS + 1):
            quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
            command = ("-m", "celery", "-A", "tests.bench.rivals.chain_app", "worker", *quiet)
            started.append(
                subprocess.Popen(
                    [sys.executable, *command, "-n", f"chain{number}@bench"],
                    env={**place.program_environ, "PYTHONPATH": os.fspath(BASE_DIR)},
                    cwd=BASE_DIR,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )
    deadline = time.monotonic() + 60
    try:
        while _log(place).count(" ready.") < WORKERS:
            if time.monotonic() > deadline:
                raise RuntimeError(_log(place))
            pause(0.1)
        yield
    finally:
        for process in started:
            process.send_signal(signal.SIGKILL)
            process.wait()
