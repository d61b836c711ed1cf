"""`kill -9` of the worker each time it comes to one and the same call: given up, not repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.chaos.ledger_checks import where
from tests.chaos.product import eventually

if TYPE_CHECKING:
    from tests.chaos.product import Product
    from tests.services.sandbox import Sandbox

HELD = 300.0
"""Longer than the test: whoever makes this call waits until it is killed."""
MAX_DEATHS = 3
"""``MAX_ATTEMPTS`` of these workers: after so many deaths a binding is given up."""


def struck(sandbox: Sandbox) -> int:
    return int(sandbox.rules()[0]["struck"])


def kill_each_time(product: Product, sandbox: Sandbox) -> None:
    """Kill the worker whenever the call has reached the panel, ``MAX_DEATHS`` times."""
    for deaths in range(1, MAX_DEATHS + 1):
        eventually(lambda n=deaths: struck(sandbox) >= n, 60.0, lambda: where(product))  # type: ignore[misc] # bound at once
        assert product.kill("worker")
        product.start("worker")


def windows_closed(product: Product) -> bool:
    return product.rows("select count(*) from integrator_window where phase <> 'closed'") == [(0,)]


def test_a_task_that_cannot_be_read_without_dying(
    product: Product, sandbox: Sandbox, accounts: list[dict[str, Any]]
) -> None:
    product.environ["MAX_ATTEMPTS"] = str(MAX_DEATHS)
    product.start("worker")
    rule = {"panel": "billmanager", "func": "task.edit", "kind": "slow_before"}
    sandbox.faults({**rule, "seconds": HELD})
    run = product.bind(accounts[:1])
    kill_each_time(product, sandbox)
    answer = run.end()
    assert answer.code == 1, answer.err + where(product)
    (output,) = answer.json["bindings"]
    assert (output["state"], output["step"]) == ("failed", 7)
    assert output["cause"] == f"{MAX_DEATHS} workers died while they were at it"
    assert answer.json["state"] == "finished"
    assert windows_closed(product)
    assert struck(sandbox) == MAX_DEATHS  # nobody has tried again since
    assert len(sandbox.ledger()["charges"]) == 1
