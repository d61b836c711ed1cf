"""Measures one Celery task per step, on an installation's own Redis and database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from integrator.core.env import BASE_DIR
from tests.bench.installation import installation, panels
from tests.bench.script import CALLS, Script
from tests.bench.usage import pause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.installation import Installation, Pace

WORKERS = 2
LIMIT = 900.0
TABLE = "CREATE TABLE bench_account (id integer PRIMARY KEY, step integer NOT NULL)"


def measure(count: int, *, pace: Pace, database: str = "sqlite") -> float:
    """Accounts a second of chains of one-call tasks."""
    with (
        panels(1, pace=pace, plans=1) as sandbox,
        installation(database) as place,
    ):
        place.start()  # for its Redis and tables; its own workers have nothing to do
        place.environ["BENCH_PANEL"] = sandbox.billmanager_url
        place.environ["BENCH_SESSION"] = Script(sandbox).session
        place.rows.write(TABLE)
        for account in range(count):
            place.rows.write("INSERT INTO bench_account VALUES (?, 0)", account)
        with _workers(place):
            told = place.run(sys.executable, "-m", "tests.bench.chain_fill", str(count), str(CALLS))
            began = float(told.strip())
            deadline = time.monotonic() + LIMIT
            while _left(place):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{_left(place)} chains did not end")
                pause(0.1)
            return count / (time.time() - began)


def _left(place: Installation) -> int:
    return int(place.rows.ask("SELECT count(*) FROM bench_account WHERE step < ?", CALLS)[0][0])


@contextmanager
def _workers(place: Installation) -> Iterator[None]:
    """Workers of the chain, their output in the installation's folder."""
    started = []
    with (place.folder / "chain.log").open("ab") as log:
        for number in range(1, WORKERS + 1):
            quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
            command = ("-m", "celery", "-A", "tests.bench.chain_app", "worker", *quiet)
            started.append(
                subprocess.Popen(
                    [sys.executable, *command, "-n", f"chain{number}@bench"],
                    env={
                        **place.environ,
                        "DJANGO_SETTINGS_MODULE": "integrator.settings",
                        "REDIS_URL": f"unix://{place.folder}/redis/redis.sock",
                        "PYTHONPATH": os.fspath(BASE_DIR),
                    },
                    cwd=BASE_DIR,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )
    deadline = time.monotonic() + 60
    try:
        while (place.folder / "chain.log").read_text(encoding="utf-8").count(" ready.") < WORKERS:
            if time.monotonic() > deadline:
                raise RuntimeError((place.folder / "chain.log").read_text(encoding="utf-8"))
            pause(0.1)
        yield
    finally:
        for process in started:
            process.send_signal(signal.SIGKILL)
            process.wait()
