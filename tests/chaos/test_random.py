"""Whatever runs is killed at random, again and again, while accounts are bound."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import redis

from integrator.core.env import local_redis
from tests.chaos.conftest import database
from tests.chaos.ledger_checks import complete, where
from tests.chaos.product import Answer, eventually, send, wait
from tests.services.postgres import cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.product import Product
    from tests.services.sandbox import Sandbox

SEED = int(os.environ.get("CHAOS_SEED", "1"))
SHORT, LONG = 12.0, 180.0
SIZES = {SHORT: 30, LONG: 500}
KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
SPANS = [SHORT, pytest.param(LONG, marks=pytest.mark.timeout(900))]


class Chaos:
    """Kills one thing after another, drawn from a seed."""

    def __init__(self, product: Product, sandbox: Sandbox, seed: int, *, server: str = "") -> None:
        self.product = product
        self.sandbox = sandbox
        self.chance = random.Random(seed)
        self.done: list[str] = []
        self.ways: list[Callable[[], None]] = [
            self.one_worker, self.one_worker, self.all_workers, self.redis, self.flush, self.web,
            self.beat, self.pause, self.panel,
        ]  # fmt: skip
        if server:
            self._data = Path(parse_qs(urlsplit(server).query)["host"][0]) / "data"
            self.ways += [self.backend, self.backend]

    def rage(self, seconds: float) -> None:
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            way = self.chance.choice(self.ways)
            self.done.append(way.__name__)
            way()
            wait(self.chance.uniform(0.2, 2.0))

    def one_worker(self) -> None:
        running = self.product.pids("worker")
        if running:
            send(self.chance.choice(running), signal.SIGKILL)

    def all_workers(self) -> None:
        self.product.kill("worker")

    def web(self) -> None:
        self.product.kill("web")

    def beat(self) -> None:
        self.product.kill("beat")

    def redis(self) -> None:
        self.product.kill("redis")

    def flush(self) -> None:
        with redis.Redis.from_url(local_redis(self.product.var_dir)) as server:
            try:
                server.flushall()
            except redis.ConnectionError:
                return  # it was killed a moment ago

    def pause(self) -> None:
        """Stop a worker for longer than its lease."""
        running = self.product.pids("worker")
        if running:
            paused = self.chance.choice(running)
            send(paused, signal.SIGSTOP)
            wait(self.chance.uniform(2.0, 4.5))
            send(paused, signal.SIGCONT)

    def panel(self) -> None:
        """A power cut of the panels; what they were about to do is lost, what they did is not."""
        self.sandbox.kill()
        wait(self.chance.uniform(0.0, 1.0))
        self.sandbox.start()

    def backend(self) -> None:
        """Kill one of PostgreSQL's processes: the server ends all others and recovers."""
        head = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{head}/task/{head}/children").read_text().split()
        if children:
            send(int(self.chance.choice(children)), signal.SIGKILL)


@contextmanager
def own_server(name: str) -> Iterator[tuple[str, str]]:
    """A PostgreSQL to be killed, and a database on it; two empty strings for SQLite."""
    if name == "sqlite":
        yield "", ""
        return
    with cluster() as server, database(server) as url:
        yield server, url


@pytest.mark.slow
@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_random(
    kind: str, span: float, fresh: Callable[..., tuple[Product, Sandbox]]
) -> None:
    count = SIZES[span]
    size = ("--accounts", str(count), "--clients", str(count * 9 // 10), "--plans", "3")
    with own_server(kind) as (server, url):
        product, sandbox = fresh(*size, "--latency", "20", database_url=url, MAX_ATTEMPTS="20")
        accounts: list[dict[str, Any]] = sandbox.world()["accounts"]
        words = ("--csv", product.csv(accounts), "--autoprolong", "on", "--cohort", "20")
        started = product.manage("bind", *words, "--json")
        assert started.code == 0, started.err
        chaos = Chaos(product, sandbox, SEED, server=server)
        chaos.rage(span)
        output = finished(product, started.json["run"], 60 + span)
        complete(output, product, sandbox, accounts)
        product.stop()


def finished(product: Product, run: str, limit: float) -> Answer:
    """Wait until the run is over; what `runs RUN --json` says of it then."""

    def over() -> bool:
        try:
            state = product.rows("select state from integrator_run")
        except psycopg.OperationalError:
            return False  # the server recovers
        return state == [("finished",)]

    eventually(over, limit, lambda: where(product))
    return product.manage("runs", run, "--json")
