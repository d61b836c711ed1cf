"""Orders: upon a plan that was read just before, and paid where they lie."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings.claims import Claim
from integrator.bindings.operator import actions
from integrator.bindings.work import order_and_payment
from integrator.core import clock
from integrator.models import Binding, Intent, Window
from integrator.steps import step3_order as step3
from panels.billmanager.plans import PlanModule
from tests import factories
from tests.services.provider import only
from tests.services.waits import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from tests.services.provider import Provider, Workers


def test_an_unpaid_order_is_paid_where_it_lies(provider: Provider, workers: Workers) -> None:
    """The client spent the balance meanwhile: the refused order left something behind."""
    provider.sandbox.dials(refused_leaves="service")
    run = provider.start(1)
    client = only(run=run).client
    provider.sandbox.act(act="set_balance", client=client.remote_id, balance=0)
    workers.finish(run)
    failed = only(run=run)
    assert (failed.state, failed.cause, failed.step) == ("failed", "balance", 4)
    assert provider.sandbox.ledger()["charges"] == []

    provider.sandbox.act(act="set_balance", client=client.remote_id, balance=10_000_00)
    actions.retry(Binding.objects.filter(pk=failed.pk), "anna")
    workers.finish(run)
    ledger = provider.sound(done=1)
    assert len(ledger["services"]) == 1


def test_a_plan_without_the_servers_module_fails_those_alone(
    provider: Provider, workers: Workers
) -> None:
    run = provider.start(6)
    victim = Binding.objects.filter(run=run).select_related("plan").first()
    assert victim is not None
    Binding.objects.filter(pk=victim.pk).update(module_id=4711)
    workers.finish(run)
    while run.state == "paused":  # one of those was the canary
        actions.resume(run.pk, "anna")
        workers.finish(run)
    failed = only(run=run, state="failed")
    assert failed.pk == victim.pk
    assert failed.cause == "no_module"
    provider.sound(done=5)


@pytest.mark.any_database
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


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_stood_still_after_its_look_at_the_plan_orders_nothing_upon_it(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Stopped for 28 s before its order was declared, it ordered upon what was long ago."""
    settings.LEASE_SECONDS = 60
    real, stopped = clock.Clock(), dt.timedelta(0)

    class Stoppable(clock.Clock):
        def now(self) -> dt.datetime:
            return real.now() + stopped

    def after_a_stop(order: step3.Order) -> dict[str, Any]:
        nonlocal stopped
        monkeypatch.setattr(step3.Order, "describe", describe)
        stopped = dt.timedelta(seconds=28)
        return describe(order)

    describe = step3.Order.describe
    monkeypatch.setattr(step3.Order, "describe", after_a_stop)
    before = clock.install(Stoppable())
    try:
        run = workers.finish(provider.start(1))
    finally:
        clock.install(before)
    first, second = Intent.objects.filter(binding__run=run, kind="order").order_by("pk")
    assert (first.outcome, first.result["not_sent"], second.outcome) == ("nothing", True, "done")
    assert len(provider.sound(done=1)["orders"]) == 1


@pytest.fixture
def claimed(db: None) -> Claim:
    """A claim in a window whose plan was read a second ago to be *manual only*."""
    window = factories.window(
        manual_modules={"1": 90}, modules_read_at=clock.now() - dt.timedelta(seconds=1)
    )
    made = factories.binding("running", window=window, plan=window.plan)
    return Claim(made, "")


def reading(*on: int) -> Any:
    """A client of a panel where these modules of the plan are on; how often it was asked."""
    asked: list[int] = []

    def modules(plan: int) -> list[PlanModule]:
        asked.append(plan)
        return [PlanModule(n, "", enabled=n in on, orderpriority=n) for n in (11, 90)]

    return SimpleNamespace(plans=SimpleNamespace(modules=modules), asked=asked)


def test_a_plan_that_was_just_read_is_not_read_again_and_holds_ten_seconds(claimed: Claim) -> None:
    bm, read_at = reading(11), Window.objects.get().modules_read_at
    assert read_at is not None
    until = order_and_payment._manual_only_until(claimed, bm)
    assert (until, bm.asked) == (read_at + dt.timedelta(seconds=10), [])


def test_a_plan_is_read_again_where_the_clock_was_put_back(claimed: Claim) -> None:
    """Then nobody knows how old the last reading is."""
    ahead = clock.now() + dt.timedelta(seconds=3)
    claimed.binding.window.modules_read_at = ahead  # type: ignore[union-attr]
    bm = reading(90)
    until = order_and_payment._manual_only_until(claimed, bm)
    assert until is not None
    assert until < ahead + dt.timedelta(seconds=10)
    assert len(bm.asked) == 1


def test_a_plan_is_read_again_after_what_took_calls(claimed: Claim) -> None:
    """A colleague may have switched a module while the balance was being credited."""
    bm = reading(90)
    assert order_and_payment._manual_only_until(claimed, bm, since=clock.now()) is not None
    assert len(bm.asked) == 1


def test_where_something_else_is_on_nothing_is_ordered_and_the_window_closes(
    claimed: Claim,
) -> None:
    Window.objects.update(modules_read_at=None)
    claimed.binding.window.modules_read_at = None  # type: ignore[union-attr]
    assert order_and_payment._manual_only_until(claimed, reading(11, 90)) is None
    assert Window.objects.get().closing
