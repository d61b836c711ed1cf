"""`kill -9` of all workers at each of the eight steps, whatever became of the call in flight.

Three of the same call are under way when the workers die: one takes effect late, after the dead
workers' leases were taken back; one has taken effect and its answer reaches nobody; one never
takes effect, and is the only one that is made again. The canary goes before them, undisturbed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.chaos.ledger_checks import complete, credited_what_was_lacking, given_up, where
from tests.chaos.product import READ_TIMEOUT, SETTLE, eventually
from tests.services.slow_cases import first_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.chaos.product import Product
    from tests.services.sandbox import Sandbox

Accounts = list[dict[str, Any]]

PLANS = ("Start", "Business", "Pro")
IDS = ("21", "22", "23")
CANARYS_PLAN = "Mini"
OWN, MANUAL = "11", "14"
"""Modules of server isp1: the ispmanager one, and the manual one, the first that is created."""
LATE = READ_TIMEOUT + SETTLE - 0.1
"""Lands after the dead workers' leases were taken back, and the first who looked saw nothing."""
HELD = 300.0
"""Longer than the test: an answer that comes to nobody, or an effect that the end forestalls."""
FATES = (("slow_before", LATE), ("slow_after", HELD), ("slow_before", HELD))


@dataclass(frozen=True, slots=True)
class Point:
    """A call of one of the steps."""

    name: str
    func: str
    when: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def rule(self, kind: str, seconds: float, **when: str) -> dict[str, Any]:
        return {
            "panel": "billmanager", "func": self.func, "when": self.when | when, "kind": kind,
            "seconds": seconds, "times": 1,
        }  # fmt: skip


MODULE = Point("1-module", "processing.add.settings", {"clicked_button": "finish"})
SHARED = [
    Point("2-manual-on", "pricelist.processing.resume", {"elid": MANUAL}),
    Point("2-own-off", "pricelist.processing.suspend", {"elid": OWN}),
    Point("5-own-on", "pricelist.processing.resume", {"elid": OWN}),
    Point("8-manual-off", "pricelist.processing.suspend", {"elid": MANUAL}),
]
SINGLE = [
    Point("3-order", "v2.vhost.order.param", {"sok": "ok"}),
    Point("7-close", "task.edit", {"clicked_button": "close"}),
    Point("7-take", "task.edit", {"clicked_button": "take"}),
]
CREDIT = [
    Point("4-credit", "payment.add", {"sok": "ok"}),
    Point("4-set-paid", "payment.setpaid"),
]
READS = [Point("4-charge", "expense"), Point("6-task", "task")]


def in_flight(sandbox: Sandbox, product: Product, rules: Sequence[int]) -> None:
    """Wait until the calls that these rules strike have reached the panel."""

    def struck() -> bool:
        output = sandbox.rules()
        return all(output[rule]["struck"] for rule in rules)

    eventually(struck, 40.0, lambda: where(product))


def some(
    accounts: Accounts, plans: Sequence[str], *, servers: Sequence[str] = ("isp1",)
) -> Accounts:
    """Accounts of different clients on these plans, one after another on these servers."""
    chosen: Accounts = []
    for number, plan in enumerate(plans):
        clients = {one["client"] for one in chosen}
        server = servers[number % len(servers)]
        chosen.append(
            next(
                one for one in accounts
                if (one["plan"], one["server"]) == (plan, server) and one["client"] not in clients
            )
        )  # fmt: skip
    return chosen


def kill_and_start(product: Product) -> None:
    eventually(lambda: product.kill("worker"), 30.0)
    product.start("worker")


def killed_at(
    rules: Sequence[dict[str, Any]],
    wait_for: Sequence[int],
    product: Product,
    sandbox: Sandbox,
    chosen: Accounts,
    *words: str,
) -> dict[str, Any]:
    """Bind these accounts, kill all workers when the rules have struck; the ledger at the end."""
    sandbox.faults(*rules)
    run = product.bind(chosen, *words)
    in_flight(sandbox, product, wait_for)
    kill_and_start(product)
    answer = run.end()
    sandbox.kill()  # what it still holds back is not to happen any more
    sandbox.start()
    ledger = complete(answer, product, sandbox, chosen)
    assert given_up(product) == 1
    return ledger


@pytest.fixture
def working(product: Product) -> Product:
    """With two workers."""
    product.start("worker")
    product.start("worker")
    return product


@pytest.mark.parametrize("point", first_of(SHARED), ids=str)
def test_at_a_switch_of_the_plan(
    point: Point, working: Product, sandbox: Sandbox, accounts: Accounts
) -> None:
    """In the windows of three plans at once."""
    rules = [point.rule(*fate, plid=plan) for fate, plan in zip(FATES, IDS, strict=True)]
    chosen = some(accounts, (CANARYS_PLAN, *PLANS))
    killed_at(rules, (0, 1, 2), working, sandbox, chosen)


@pytest.mark.parametrize("point", first_of(SINGLE, count=2), ids=str)
def test_at_a_call_of_one_binding(
    point: Point, working: Product, sandbox: Sandbox, accounts: Accounts
) -> None:
    """In one window."""
    rules = [point.rule("slow_after", 0.05), *(point.rule(*fate) for fate in FATES)]
    killed_at(rules, (1, 2, 3), working, sandbox, some(accounts, ["Pro"] * 4))


@pytest.mark.slow
@pytest.mark.parametrize("point", CREDIT, ids=str)
def test_at_a_credit(point: Point, working: Product, sandbox: Sandbox, accounts: Accounts) -> None:
    chosen = some(accounts, ["Pro"] * 4)
    for one in chosen:
        sandbox.act(act="set_balance", client=one["client"], balance=0)
    discovered = working.manage("discover")  # what is credited has to be what a preview says
    assert discovered.code == 0, discovered.err
    rules = [point.rule("slow_after", 0.05), *(point.rule(*fate) for fate in FATES)]
    words = ("--payment", "credit", "--paymethod", "1")
    ledger = killed_at(rules, (1, 2, 3), working, sandbox, chosen, *words)
    credited_what_was_lacking(ledger, chosen)


@pytest.mark.slow
def test_at_the_making_of_a_module(working: Product, sandbox: Sandbox, accounts: Accounts) -> None:
    """The first is made late; the second, of the other data centre, is answered to nobody."""
    sandbox.faults(*(MODULE.rule(*fate) for fate in FATES[:2]))
    chosen = some(accounts, ["Pro"] * 2, servers=("isp1", "isp2"))
    run = working.bind(chosen)
    for number in range(2):
        in_flight(sandbox, working, (number,))
        kill_and_start(working)
    ledger = complete(run.end(), working, sandbox, chosen)
    assert len(ledger["modules_created"]) == 2
    assert given_up(working) == 0


@pytest.mark.slow
def test_at_the_readings_between(working: Product, sandbox: Sandbox, accounts: Accounts) -> None:
    """Steps 4 and 6 rest on lists that are read for all; nothing is in flight but the reading."""
    sandbox.faults(*(point.rule("slow_after", HELD) for point in READS))
    chosen = some(accounts, ["Pro"] * 3)
    run = working.bind(chosen)
    for number in range(len(READS)):
        in_flight(sandbox, working, (number,))
        kill_and_start(working)
    complete(run.end(), working, sandbox, chosen)
