"""Redis, its content, beat and the web process die in the middle of a run."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any

import pytest
import redis

from integrator.core.env import local_redis
from tests.chaos.ledger_checks import complete, reach
from tests.chaos.product import eventually

if TYPE_CHECKING:
    from tests.chaos.product import Product
    from tests.services.sandbox import Sandbox

LATENCY = 40
"""Milliseconds of each call, so that there is a middle of the run."""


def test_redis_is_emptied_again_and_again(
    product: Product, sandbox: Sandbox, accounts: list[dict[str, Any]]
) -> None:
    sandbox.dials(latency=LATENCY)
    for _ in range(2):
        product.start("worker")
    chosen = accounts[:40]
    run = product.bind(chosen)
    with redis.Redis.from_url(product.environ["REDIS_URL"]) as server:
        for count in (1, 4, 12, 24, 36):
            reach(product, count)
            server.flushall()
    complete(run.end(), product, sandbox, chosen)


@pytest.mark.slow
def test_what_up_runs_is_killed_and_comes_back(
    upped: Product, sandbox: Sandbox, accounts: list[dict[str, Any]]
) -> None:
    """Redis, web and beat, one after another; workers are test_kill_at_each_step's."""
    eventually(lambda: workers_seen(upped) == 2, 10, lambda: upped.said)  # with nothing to do yet
    sandbox.dials(latency=LATENCY)
    chosen = accounts[:40]
    run = upped.bind(chosen)
    killed: list[int] = []
    for count, role in ((1, "redis"), (8, "beat"), (16, "web"), (24, "redis")):
        reach(upped, count)
        killed += upped.kill(role)
    complete(run.end(), upped, sandbox, chosen)
    roles = ("redis", "web", "beat", "worker")
    eventually(
        lambda: all(set(upped.pids(role)) - set(killed) for role in roles), 20, lambda: upped.said
    )
    eventually(lambda: answers(upped.port), 20, lambda: upped.said)
    with redis.Redis.from_url(local_redis(upped.var_dir)) as server:
        assert server.ping()


def workers_seen(product: Product) -> int:
    """How many workers have told that they live."""
    found = product.rows("select count(*) from integrator_workerprocess where role = 'worker'")
    return int(found[0][0])


def answers(port: int) -> bool:
    asking = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        asking.request("GET", "/healthz")
        return asking.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        asking.close()
