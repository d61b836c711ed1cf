"""What costs money is done once, however late a request takes effect or lists show it."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings import intents
from integrator.bindings.operator import actions
from integrator.models import Binding, Event, Intent, Step, Window
from integrator.panel_access import panel_connections
from integrator.windows.post_checks import doubles
from tests.services.patience import eventually
from tests.services.provider import only

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database

ORDER = "v2.vhost.order.param"
READ_TIMEOUT, SETTLE = 3.0, 1.0
"""As the fixture ``quick`` has them: the panel is given up after so long, then waited for."""


def slow(func: str, seconds: float, **when: str) -> dict[str, Any]:
    """A fault: one call lies in the panel's queue for so long before anything is done."""
    return {
        "panel": None,
        "func": func,
        "kind": "slow_before",
        "seconds": seconds,
        "times": 1,
        "when": when,
    }


def one_order_and_charge(provider: Provider) -> None:
    ledger = provider.sound(done=1)
    assert len(ledger["services"]) == 1
    assert len([row for row in ledger["charges"] if float(row["amount"])]) == 1


def test_an_order_that_lies_in_the_queue_is_not_ordered_again(
    provider: Provider, workers: Workers
) -> None:
    """It comes long after the settle time, and is the only one."""
    provider.sandbox.faults(slow(ORDER, READ_TIMEOUT + 7 * SETTLE))
    run = provider.start(1)
    workers.until(lambda: Window.objects.filter(held=True).exists())
    held = Window.objects.get()
    assert held.held_until is not None
    assert "may take effect until" in held.cause
    workers.finish(run)
    one_order_and_charge(provider)
    assert Intent.objects.filter(kind="order").count() == 1
    assert Event.objects.filter(subject="window", to_state="held").count() == 1
    assert not Window.objects.get().held


def test_an_order_that_was_lost_is_ordered_again_when_its_time_is_over(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.faults(
        {"panel": None, "func": ORDER, "kind": "reset_before", "times": 1},
    )
    run = provider.start(1)
    began = time.monotonic()
    workers.finish(run)
    assert time.monotonic() - began > intents.horizon().total_seconds()
    one_order_and_charge(provider)
    lost = Intent.objects.filter(kind="order").first()
    assert lost is not None
    assert (lost.outcome, lost.why) == ("nothing", intents.NOT_SEEN)


@pytest.mark.parametrize("behind", [0.5, 2.5])
def test_a_lock_in_answer_to_an_order_says_nothing(
    behind: float, provider: Provider, workers: Workers
) -> None:
    """*Locked, try later* that did take effect, with lists that lag behind."""
    provider.sandbox.dials(lists_behind=behind)
    provider.sandbox.faults({"panel": None, "func": ORDER, "kind": "locked_after", "times": 1})
    workers.finish(provider.start(1))
    one_order_and_charge(provider)


@pytest.mark.parametrize(
    "func", ["payment.add", "payment.setpaid", "task.edit"], ids=["payment", "credit", "close"]
)
def test_what_lies_in_the_queue_is_not_sent_again(
    func: str, provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """Payments and the close of a task that come long after the settle time."""
    provider = provider_with("--balance", "0")
    provider.sandbox.dials(closed_task="accept")
    when = {"clicked_button": "close"} if func == "task.edit" else {}
    provider.sandbox.faults(slow(func, READ_TIMEOUT + 4 * SETTLE, **when))
    workers.finish(provider.start(1, payment="credit", paymethod="1"))
    assert provider.sandbox.rules()[0]["struck"] == 1
    one_order_and_charge(provider)
    payments = provider.sandbox.ledger()["payments"]
    assert len(payments) == 1
    sent = {"payment.add": "credit", "payment.setpaid": "set_paid", "task.edit": "close"}[func]
    assert Intent.objects.filter(kind=sent).count() == 1


def test_a_lost_payment_does_not_keep_the_plan_from_selling(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """Nothing is ordered yet: the plan is given back while the payment's time passes."""
    provider = provider_with("--balance", "0")
    provider.sandbox.faults(
        {"panel": None, "func": "payment.add", "kind": "reset_before", "times": 1}
    )
    run = provider.start(1, payment="credit", paymethod="1")
    workers.until(lambda: Binding.objects.filter(waiting_for="later").exists())
    workers.until(lambda: not Window.objects.exclude(phase="closed").exists())
    assert Intent.objects.filter(kind="credit").count() == 1
    workers.finish(run)
    one_order_and_charge(provider)
    assert len(provider.sandbox.ledger()["payments"]) == 1


def test_a_payment_that_is_listed_late_is_not_gone(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--balance", "0")
    provider.sandbox.dials(lists_behind=2.0)
    workers.finish(provider.start(1, payment="credit", paymethod="1"))
    one_order_and_charge(provider)


def test_a_refused_order_may_have_left_something_that_is_listed_late(
    provider: Provider, workers: Workers, settings: Settings
) -> None:
    """What is there unpaid is found, and paid where it lies once there is money."""
    settings.SETTLE_SECONDS = 3.0
    provider.sandbox.dials(lists_behind=2.0, refused_leaves="service")
    with workers.asleep():
        run = provider.start(1)
        client = Binding.objects.select_related("client").get().client.remote_id
        provider.sandbox.act(act="set_balance", client=client, balance=0)
    workers.finish(run)
    failed = Binding.objects.get()
    assert (failed.state, failed.cause, failed.step) == ("failed", "balance", 4)
    assert failed.service_id is not None
    provider.sandbox.act(act="set_balance", client=client, balance=1_000_000)
    actions.retry(Binding.objects.all(), "anna")
    workers.finish(run)
    one_order_and_charge(provider)


def test_a_confirmed_order_that_is_never_seen_frees_the_plan(
    provider: Provider, workers: Workers
) -> None:
    """Held and loud while it may still come; then the plan sells again, and a person decides."""
    provider.sandbox.faults({"panel": None, "func": ORDER, "kind": "ignored", "times": 1})
    run = provider.start(1)
    workers.until(lambda: Window.objects.filter(held=True).exists())
    assert Window.objects.get().held_until is not None
    workers.until(lambda: Window.objects.get().phase == "closed")
    binding = Binding.objects.get()
    assert (binding.state, binding.cause) == ("undecided", "order_unknown")
    assert provider.sandbox.ledger()["violations"] == []
    actions.try_again(binding.pk, "anna")
    workers.until(lambda: Binding.objects.filter(state="done").exists())
    workers.finish(run)
    one_order_and_charge(provider)


def test_what_could_be_the_first_order_is_asked_about_right_before_a_second_one(
    provider: Provider, workers: Workers
) -> None:
    """Nothing is new on the plan; but the client has a new service for that domain elsewhere."""
    provider.sandbox.faults({"panel": None, "func": ORDER, "kind": "ignored", "times": 1})
    provider.start(1)
    workers.until(lambda: Binding.objects.filter(state="undecided").exists())
    workers.until(lambda: Window.objects.get().phase == "closed")
    binding = Binding.objects.select_related("client", "plan").get()
    provider.sandbox.dials(task_delay=600.0)
    others = [
        p["id"] for p in provider.sandbox.ledger()["plans"] if p["id"] != binding.plan.remote_id
    ]
    order = {"client": binding.client.remote_id, "plan": others[0], "domain": binding.domain}
    other = provider.sandbox.act(act="order", **order)["service"]
    actions.try_again(binding.pk, "anna")
    workers.until(lambda: Binding.objects.filter(cause="several_services").exists())
    assert Intent.objects.filter(kind="order").count() == 1
    assert [row["id"] for row in provider.sandbox.ledger()["services"]] == [other]
    step = Step.objects.get(binding=binding, number=3)
    assert [row["service"] for row in step.evidence["services"]] == [other]
    # A person knows better: then it is ordered, and nobody asks about that one again.
    provider.sandbox.dials(task_delay=0.05)
    actions.try_again(binding.pk, "anna")
    workers.until(lambda: Intent.objects.filter(kind="order").count() == 2)
    workers.until(lambda: Binding.objects.filter(state="done").exists())


def test_the_plan_is_looked_at_right_before_an_order_that_was_credited(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """A colleague switches the plan's own module on while the payment is made."""
    provider = provider_with("--balance", "0")
    wait = {"panel": None, "func": "payment.setpaid", "kind": "slow_after", "seconds": 2}
    provider.sandbox.faults({**wait, "times": 1})
    run = provider.start(1, payment="credit", paymethod="1")
    plan = Binding.objects.select_related("plan").get().plan.remote_id
    own = next(p for p in provider.sandbox.ledger()["plans"] if p["id"] == plan)["modules"]

    def meddle() -> bool:
        paid = [row for row in provider.sandbox.ledger()["payments"] if row["status"] == 4]
        if paid:
            provider.sandbox.act(act="switch_module", plan=plan, module=own[0], on=True)
        return bool(paid)

    with workers.sweeping():
        assert eventually(meddle)
        assert eventually(lambda: Window.objects.filter(closing=True).exists())
    assert provider.sandbox.ledger()["hosting_accounts_created"] == []
    assert not Intent.objects.filter(kind="order").exists()
    del run


def test_credit_is_meant_for_its_binding_until_its_charge_is_proven(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """What was credited for one is not taken for the next, and is made up for where it is gone."""
    provider = provider_with("--balance", "0", accounts=24)
    provider.sandbox.dials(refused_leaves="service")
    clients = [account["email"] for account in provider.accounts]
    email = next(one for one in clients if clients.count(one) > 1)
    two = [account for account in provider.accounts if account["email"] == email][:2]
    wait = {"panel": None, "func": "payment.setpaid", "kind": "slow_after", "seconds": 2}
    provider.sandbox.faults({**wait, "times": 1})
    run = provider.start(rows=provider.csv(two), payment="credit", paymethod="1")
    first, second = Binding.objects.order_by("pk").select_related("client")
    client = first.client.remote_id

    def drained() -> bool:
        paid = [row for row in provider.sandbox.ledger()["payments"] if row["status"] == 4]
        if paid:
            provider.sandbox.act(act="set_balance", client=client, balance=0)
        return bool(paid)

    with workers.sweeping():
        assert eventually(drained)
    workers.until(lambda: Binding.objects.filter(state="failed").exists())
    failed = Binding.objects.get(state="failed")
    assert (failed.cause, failed.step) == ("balance", 4)
    # The money is back, as by a refund: it is the first one's, not the second one's.
    price = int(failed.price * 100)
    provider.sandbox.act(act="set_balance", client=client, balance=price)
    actions.resume(run.pk, "anna") if run.state == "paused" else None
    workers.until(lambda: Binding.objects.filter(state="done").exists() or paused(run))
    if paused(run):
        actions.resume(run.pk, "anna")
    workers.until(lambda: Binding.objects.filter(state="done").exists())
    actions.retry(Binding.objects.filter(pk=failed.pk), "anna")
    workers.until(lambda: Binding.objects.filter(state="done").count() == 2)
    workers.finish(run)
    provider.sound(done=2)
    credited = [row for row in provider.sandbox.ledger()["payments"] if row["status"] == 4]
    total = sum(Decimal(row["amount"]) for row in credited)
    assert total == first.price + second.price


def test_what_a_refused_order_left_in_the_cart_is_not_ordered_beside(
    provider: Provider, workers: Workers
) -> None:
    """Whoever paid that line later would have the account twice."""
    provider.sandbox.dials(refused_leaves="line")
    run = provider.start(1)
    binding = only(run=run)
    client = binding.client.remote_id
    provider.sandbox.act(act="set_balance", client=client, balance=0)
    workers.finish(run)
    assert only(run=run).cause == "balance"
    provider.sandbox.act(act="set_balance", client=client, balance=10_000_00)
    actions.retry(Binding.objects.filter(run=run), "anna")
    workers.finish(run)
    failed = only(run=run)
    assert (failed.cause, failed.step) == ("unpaid_order", 3)
    assert failed.domain in failed.cause_text
    assert provider.sandbox.ledger()["charges"] == []
    bm = panel_connections.billmanager()
    (line,) = bm.orders.unpaid_lines(binding.su)
    panel_connections.transport(panel_connections.billmanager_panel()).act(
        "cart.empty", {"elid": line.id}, send_by=time.monotonic() + 5, su=binding.su
    )
    actions.retry(Binding.objects.filter(run=run), "anna")
    workers.finish(run)
    ledger = provider.sandbox.ledger()
    assert only(run=run).state == "done"
    assert len(ledger["services"]) == len(ledger["charges"]) == 1


def test_what_was_doubled_is_told_with_its_amount(provider: Provider, workers: Workers) -> None:
    """A second service for the same domain, which no binding has."""
    workers.finish(provider.start(1))
    window, binding = Window.objects.get(), Binding.objects.get()
    bm = panel_connections.billmanager()
    assert doubles.find(window, bm) == []
    other = provider.ordered_by_its_client()
    (text,) = doubles.find(window, bm)
    assert text.startswith(f"b{binding.pk} of client ")
    amounts = [row["amount"] for row in provider.sandbox.ledger()["charges"]]
    assert f"{other} ({amounts[-1]}" in text


def paused(run: Any) -> bool:
    run.refresh_from_db()
    return bool(run.state == "paused")
