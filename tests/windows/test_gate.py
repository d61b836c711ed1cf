"""Openings that are under way are waited for before a plan sells automatically again."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from integrator.bindings import intents
from integrator.bindings.operator import actions
from integrator.models import StrangerOrder, Window
from integrator.models.states import Outcome
from integrator.windows import foreign_orders, gate
from tests import factories
from tests.services.effects import ORDER
from tests.services.provider import compared

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from tests.services.provider import Provider, Workers

S = StrangerOrder.State


def test_openings_that_have_just_begun_are_let_finish(provider: Provider, workers: Workers) -> None:
    provider.sandbox.dials(task_delay=2.0)
    plan = provider.accounts[0]["plan"]
    number = next(p["id"] for p in provider.sandbox.ledger()["plans"] if p["name"] == plan)
    service = provider.sandbox.act(act="order", plan=number)["service"]
    run = provider.start(rows=provider.csv(provider.accounts[:1]))
    workers.finish(run)
    opened = {row["id"]: row for row in provider.sandbox.ledger()["services"]}[service]
    assert opened["status"] == 2
    assert opened["module_id"] in (11, 12, 13)
    compared(workers)
    assert not StrangerOrder.objects.filter(state=S.MANUAL).exists()


def test_openings_that_are_stuck_are_listed_and_waited_for_once(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_orders, "MAX_WAIT", dt.timedelta(seconds=0.5))
    plan = provider.accounts[0]["plan"]
    number = next(p["id"] for p in provider.sandbox.ledger()["plans"] if p["name"] == plan)
    provider.sandbox.dials(task_delay=120.0)
    service = provider.sandbox.act(act="order", plan=number)["service"]
    provider.sandbox.dials(task_delay=0.05)
    workers.finish(provider.start(rows=provider.csv(provider.accounts[:1])))
    compared(workers)
    order = StrangerOrder.objects.get()
    assert (order.service_id, order.began_before, order.state) == (service, True, S.OPENING)


def test_a_gate_that_cannot_be_passed_holds_the_window(
    provider_with: Callable[..., Provider], workers: Workers, settings: Settings
) -> None:
    settings.WINDOW_LIMIT = 2.0
    provider = provider_with("--task-delay", "12")
    run = provider.start(1)
    workers.until(lambda: Window.objects.filter(held=True).exists())
    window = Window.objects.get(held=True)
    assert "not seen with the manual module" in str(window.cause)
    actions.keep_waiting(window.pk, "anna")
    assert not Window.objects.get(pk=window.pk).held
    workers.finish(run)
    provider.sound(done=1)


@pytest.mark.any_database
def test_the_gate_waits_for_a_slow_opening(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--task-delay", "3")
    workers.finish(provider.start(2))
    provider.sound(done=2)


def test_a_service_that_was_taken_over_after_a_refused_order_counts_at_the_gate(db: None) -> None:
    """Its order was answered *no* and looked at; by its step alone it is known to be there."""
    window = factories.window()
    adopted = factories.binding("waiting", 6, window=window, plan=window.plan, service_id=5009)
    refused = intents.new(ORDER, 1, binding=adopted)
    refused.outcome, refused.result = Outcome.REFUSED, {"read": True}
    refused.save()
    unsent = factories.binding("waiting", 3, window=window, plan=window.plan)
    assert gate._may_be_ordered([adopted, unsent]) == [adopted]
