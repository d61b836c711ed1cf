"""A worker that sleeps through its lease, as one on a machine that was suspended."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.chaos.ledger_checks import complete, where
from tests.chaos.product import LEASE, eventually, send, wait

if TYPE_CHECKING:
    from tests.chaos.product import Product
    from tests.services.sandbox import Sandbox

ORDER = "v2.vhost.order.param"
ESTABLISHED = "01"
"""A connection's state in the kernel's table."""


@pytest.mark.slow
def test_a_paused_worker_sends_nothing_when_it_goes_on(
    product: Product, sandbox: Sandbox, accounts: list[dict[str, Any]]
) -> None:
    """It is stopped with all of the panel's places in use and more orders declared than sent.

    The panel takes few calls at a time, so that most of a cohort's orders must queue for a place.
    """
    narrow(product, places=3)
    product.start("worker")
    chosen = for_different_clients(accounts, ("Pro",), 11)
    assert len(chosen) == 11
    order = {"panel": "billmanager", "func": ORDER, "when": {"sok": "ok"}}
    sandbox.faults(
        order | {"kind": "slow_after", "seconds": 0.05, "times": 1},  # the canary's
        order | {"kind": "slow_before", "seconds": 1.0, "times": None},
    )
    eventually(lambda: product.pids("worker"), 10)
    run = product.bind(chosen)
    (paused,) = product.pids("worker")
    eventually(lambda: stopped_in_between(paused, product, sandbox), 40, lambda: where(product))
    began = time.monotonic()
    declared = pending(product)
    product.start("worker")  # it takes over what the other's leases let go, after a settle time
    wait(max(0.0, began + LEASE + 0.5 - time.monotonic()))
    # What has reached the panel is ordered by now, but on a machine that is slow.
    eventually(lambda: len(sandbox.ledger()["orders"]) > held(sandbox), 20)
    sent = {one["remoteid"] for one in sandbox.ledger()["orders"]}
    unsent = {number for number, marker in declared.items() if marker not in sent}
    assert len(unsent) >= 2
    send(paused, signal.SIGCONT)

    complete(run.end(), product, sandbox, chosen)
    assert paused in product.pids("worker")
    outcomes = dict(product.rows("select id, outcome from integrator_intent where kind = 'order'"))
    assert {outcomes[number] for number in unsent} == {"nothing"}


def narrow(product: Product, places: int) -> None:
    """Lower the BILLmanager's parallel limit."""
    code = (
        "from integrator.models import Panel;"
        f"Panel.objects.filter(kind='billmanager').update(max_parallel={places})"
    )
    done = product.manage("shell", "-c", code)
    assert done.code == 0, done.err


def stopped_in_between(worker: int, product: Product, sandbox: Sandbox) -> bool:
    """Stop it if more orders are declared than sent; if that is not so any more, let it go on."""
    if declared_since_canary(product) < held(sandbox) + 2:
        return False
    send(worker, signal.SIGSTOP)
    eventually(lambda: not unread(sandbox.billmanager_port), 20)
    if declared_since_canary(product) >= held(sandbox) + 2:
        return True
    send(worker, signal.SIGCONT)
    return False


def unread(port: int) -> int:
    """How many bytes lie in the sockets of a local server which it has not taken yet."""
    table = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    rows = [line.split() for line in table]
    return sum(
        int(queues.split(":")[1], 16)
        for _, local, _, state, queues, *_ in rows
        if state == ESTABLISHED and int(local.split(":")[1], 16) == port
    )


def held(sandbox: Sandbox) -> int:
    """How many orders but the canary's have reached the panel."""
    return int(sandbox._get("faults")["rules"][1]["struck"])


def declared_since_canary(product: Product) -> int:
    """How many orders but the canary's were declared, whatever became of them."""
    ((count,),) = product.rows("select count(*) from integrator_intent where kind = 'order'")
    return int(count) - 1


def pending(product: Product) -> dict[int, str]:
    """The markers of the order intents of which nothing is known yet, by the intents' ids."""
    return dict(
        product.rows(
            "select id, marker from integrator_intent where kind = 'order' and outcome = ''"
        )
    )


def for_different_clients(
    accounts: list[dict[str, Any]], plans: tuple[str, ...], most: int
) -> list[dict[str, Any]]:
    """At most so many accounts on each of these plans, no two of one client."""
    by_client: dict[int, dict[str, Any]] = {}
    for plan in plans:
        mine = [one for one in accounts if one["plan"] == plan and one["client"] not in by_client]
        by_client.update({one["client"]: one for one in mine[:most]})
    return list(by_client.values())
