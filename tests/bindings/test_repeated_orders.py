"""Nothing is ordered beside what a first order may have left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from integrator.bindings.operator import actions
from integrator.core.errors import ActionRefused
from integrator.models import Binding, Intent, Step, Window
from integrator.panel_access import panel_connections, transports
from tests.services.provider import only
from tests.services.slow_calls import ORDER, one_order_and_charge

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from tests.services.provider import Provider, Workers


def nobody_has_money(provider: Provider) -> None:
    """Since discovery the clients have spent what they had."""
    for client in provider.sandbox.world()["clients"]:
        provider.sandbox.act(act="set_balance", client=client["id"], balance=0)


@pytest.mark.any_database
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


@pytest.mark.any_database
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


@pytest.mark.any_database
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
    assert failed.domain in str(failed.cause_text)
    assert provider.sandbox.ledger()["charges"] == []
    bm = panel_connections.billmanager()
    (line,) = bm.orders.unpaid_lines(binding.su)
    transports.transport(transports.billmanager_panel()).act(
        "cart.empty", {"elid": line.id}, send_by=time.monotonic() + 5, su=binding.su
    )
    actions.retry(Binding.objects.filter(run=run), "anna")
    workers.finish(run)
    ledger = provider.sandbox.ledger()
    assert only(run=run).state == "done"
    assert len(ledger["services"]) == len(ledger["charges"]) == 1


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_what_a_refused_order_left_is_looked_for_before_ordering_again(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """The window closed between the refusal and the look; the next one ordered a second time."""
    provider = provider_with()
    nobody_has_money(provider)
    run = provider.start(1)

    plan = Binding.objects.get(run=run).plan.remote_id
    look = {"filter": "on", "pricelist": str(plan), "p_col": "-id"}  # as the window reads services
    provider.sandbox.faults({"func": "vhost", "when": look, "kind": "http_500", "times": None})
    workers.until(lambda: Intent.objects.filter(kind="order", outcome="refused").exists())
    for window in Window.objects.exclude(phase="closed"):
        actions.restore(window.pk, "anna")
    provider.sandbox.faults()
    workers.finish(run)
    binding = Binding.objects.get(run=run)
    assert binding.cause == "balance"
    client = binding.client.remote_id
    provider.sandbox.act(act="set_balance", client=client, balance=1_000_000)
    actions.retry(Binding.objects.filter(pk=binding.pk), "anna")
    workers.finish(run)
    ledger = provider.sound(done=1)
    assert len(ledger["orders"]) == 1


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_an_order_that_is_decided_not_to_exist_is_ordered_anew(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """A colleague had deleted our unpaid service: payment was tried for ever."""
    provider = provider_with()
    nobody_has_money(provider)
    run = workers.finish(provider.start(1))
    binding = Binding.objects.get(run=run)
    assert (binding.cause, binding.step) == ("balance", 4)
    provider.sandbox.act(act="close_service", service=binding.service_id)
    provider.sandbox.act(act="set_balance", client=binding.client.remote_id, balance=1_000_000)
    Binding.objects.filter(pk=binding.pk).update(
        state="undecided", cause="order_unknown", service_id=binding.service_id
    )
    actions.try_again(binding.pk, "anna")
    binding.refresh_from_db()
    assert (binding.step, binding.service_id) == (3, None)


def test_deciding_on_a_charge_never_orders_again(provider: Provider, workers: Workers) -> None:
    run = workers.finish(provider.start(1))
    done = only(run=run)
    order = Intent.objects.get(binding=done, kind="order")
    for step, cause in ((3, "several_charges"), (3, "wrong_module"), (7, "close_unknown")):
        Binding.objects.filter(pk=done.pk).update(state="undecided", step=step, cause=cause)
        if step == 3:
            with pytest.raises(ActionRefused):
                actions.try_again(done.pk, "anna")
        else:
            actions.try_again(done.pk, "anna")
        order.refresh_from_db()
        assert order.outcome == "done"
