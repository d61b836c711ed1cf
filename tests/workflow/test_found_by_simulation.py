"""What the simulation found, each told once more by itself over real HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.models import Binding, Event, Intent, Plan, Window
from integrator.workflow import actions

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.workflow.provider import Provider, Workers

pytestmark = pytest.mark.django_db(transaction=True)


def nobody_has_money(provider: Provider) -> None:
    """Since discovery the clients have spent what they had."""
    for client in provider.sandbox.world()["clients"]:
        provider.sandbox.act(act="set_balance", client=client["id"], balance=0)


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


def test_a_task_of_ours_is_closed_though_the_way_to_its_second_form_was_lost(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--dialect", "billmanager5")
    run = provider.start(1)
    provider.sandbox.faults(
        {"panel": None, "func": "task.work.edit", "kind": "http_500", "times": 1}
    )
    workers.finish(run)
    provider.sound(done=1)
    assert Intent.objects.filter(kind="take").count() == 1


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


def test_what_a_late_switch_took_off_is_not_taken_for_the_plan(
    provider: Provider, workers: Workers
) -> None:
    """It landed between two windows; the second one kept the damage as the plan's own state."""
    run = workers.finish(provider.start(1))
    window = Window.objects.get(bindings__run=run)
    plan = Plan.objects.get(pk=window.plan_id)
    made = Intent.objects.filter(window=window, kind="switch")
    off = next(one for one in made if one.before["request"] == {
        "plan": plan.remote_id, "module": 11, "on": False})  # fmt: skip
    Intent.objects.filter(pk=off.pk).update(outcome="nothing")
    provider.sandbox.act(act="switch_module", plan=plan.remote_id, module=11, on=False)
    others = [a for a in provider.accounts[1:] if a["plan"] == plan.name][:1]
    workers.finish(provider.start(rows=provider.csv(others)))
    on = {row["id"]: row["modules"] for row in provider.sandbox.ledger()["plans"]}
    assert sorted(on[plan.remote_id]) == [11, 12]
    assert Event.objects.filter(why__startswith="a switch of ours came late").exists()
