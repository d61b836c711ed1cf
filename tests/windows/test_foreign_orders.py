"""Orders of other people that meet a window: listed, left alone, handed over on a person's word."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from integrator.core import clock
from integrator.core.errors import ActionRefused
from integrator.models import Binding, Event, Intent, NewUser, StrangerOrder, Window
from integrator.windows import foreign_orders, lease, order_handover
from integrator.windows.post_checks import post_checks
from tests import factories
from tests.services.provider import compared

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrator.models import Run
    from panels.billmanager import BillManager
    from tests.services.provider import Provider, Workers

S = StrangerOrder.State


def _look_until(workers: Workers, window: Window, over: Callable[[], bool]) -> None:
    def looked() -> bool:
        post_checks.read_again(window.pk)
        return over()

    workers.until(looked)


def _on_plan(provider: Provider, run: Any, plan: str) -> list[dict[str, Any]]:
    """Another account of the same plan on the server that the run's account is on."""
    bound = set(Binding.objects.filter(run=run).values_list("account__username", flat=True))
    sold = set(Binding.objects.filter(run=run).values_list("account__panel__name", flat=True))
    return [
        a
        for a in provider.accounts
        if a["plan"] == plan and a["server"] in sold and a["username"] not in bound
    ][:1]


def _met_by_a_stranger(
    provider: Provider, workers: Workers, run: Run, *, datacenter: int = 1
) -> tuple[Window, int]:
    """The run's one window, closed, and the service that a customer ordered in it meanwhile."""
    workers.until(lambda: Window.objects.filter(phase="orders").exists())
    with workers.asleep():  # else the window may be over before the customer has ordered
        plan = Window.objects.get(phase="orders").plan
        order = {"act": "order", "plan": plan.remote_id, "datacenter": datacenter}
        stranger = provider.sandbox.act(**order)["service"]
    workers.finish(run)
    provider.sandbox.dials(task_delay=0.2)  # what is handed over is opened well before it settles
    window = Window.objects.get()
    _look_until(workers, window, lambda: StrangerOrder.objects.filter(state=S.MANUAL).exists())
    return window, stranger


def test_strangers_orders_are_listed_left_alone_and_handed_over_on_a_persons_word(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.dials(task_delay=2.5)
    run = provider.start(1)
    window, stranger = _met_by_a_stranger(provider, workers, run)
    order = StrangerOrder.objects.get()
    assert order.service_id == stranger
    assert order.task_id
    assert not order.began_before
    tasks = {task["id"]: task for task in provider.sandbox.ledger()["tasks"]}
    assert tasks[order.task_id]["performer"] in ("", None, 0)
    assert Binding.objects.get(run=run).state == "done"

    order_handover.hand_over(order.pk, "anna")
    with pytest.raises(ActionRefused):
        order_handover.hand_over(order.pk, "boris")
    intent = Intent.objects.get(kind=order_handover.KIND)
    assert intent.outcome == "done"
    _look_until(workers, window, lambda: StrangerOrder.objects.filter(state=S.OPENED).exists())
    order.refresh_from_db()
    assert order.handed_by == "anna"
    assert order.username
    ledger = provider.sandbox.ledger()
    assert ledger["violations"] == []
    assert {row["id"]: row["status"] for row in ledger["services"]}[stranger] == 2
    assert Event.objects.filter(actor="anna", why__key="order.handed").exists()
    # On the server a new user has appeared that is a real customer's: listed, and no alarm.
    again = workers.finish(
        provider.start(rows=provider.csv(_on_plan(provider, run, window.plan.name)))
    )
    assert again.state == "finished"
    compared(workers)
    theirs = NewUser.objects.get(username=order.username)
    assert theirs.binding is None
    assert theirs.service_id == stranger


def test_customers_can_order_in_a_data_centre_that_no_binding_is_in(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.dials(task_delay=2.5)
    mine = next(one for one in provider.accounts if one["server"] == "isp1")
    run = provider.start(rows=provider.csv([mine]))
    _, stranger = _met_by_a_stranger(provider, workers, run, datacenter=2)
    assert StrangerOrder.objects.get().service_id == stranger
    provider.sound(done=1)


def test_a_lost_answer_to_the_handing_over_is_read_back(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.dials(task_delay=2.5)
    run = provider.start(1)
    window, _ = _met_by_a_stranger(provider, workers, run)
    provider.sandbox.faults(
        {"panel": None, "func": "task.start", "kind": "reset_after", "times": 1}
    )
    order = StrangerOrder.objects.get()
    order_handover.hand_over(order.pk, "anna")
    assert Intent.objects.get(kind=order_handover.KIND).outcome == "unknown"
    _look_until(workers, window, lambda: StrangerOrder.objects.filter(state=S.OPENED).exists())
    assert Intent.objects.get(kind=order_handover.KIND).outcome == "done"
    assert len(provider.sandbox.ledger()["hosting_accounts_created"]) <= 1


def test_a_service_that_turned_out_to_be_ours_is_not_handed_over(
    provider: Provider, workers: Workers
) -> None:
    run = workers.finish(provider.start(1))
    ours = Binding.objects.get(run=run)
    order = factories.stranger(Window.objects.get(), service_id=ours.service_id)
    with pytest.raises(ActionRefused, match=f"belongs to binding b{ours.pk}"):
        order_handover.hand_over(order.pk, "anna")
    assert not Intent.objects.filter(kind=order_handover.KIND).exists()


@pytest.mark.parametrize(("seconds", "waits"), [(30, True), (90, False)])
def test_an_opening_that_has_just_begun_is_waited_for_a_minute_at_most(
    quick: None, seconds: int, waits: bool
) -> None:
    began = clock.now() - dt.timedelta(seconds=seconds)
    window = factories.window(
        "opening", due_at=clock.now(), seen={"grace_since": began.isoformat()}
    )
    driver = lease.claim(window.pk)
    assert driver is not None
    opening = factories.listed(77, client_id=6, domain="b.example", item_status="5_open")
    services = SimpleNamespace(in_progress=lambda _plan: [opening])
    bm = cast("BillManager", SimpleNamespace(services=services))
    assert foreign_orders.let_finish(driver, bm) is not waits
