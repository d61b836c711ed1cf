"""Restoring: a plan gets back what it had, or its window is held and a person is told.

It has it back after one reading, and after two where a switch is in doubt.
"""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from integrator.bindings.operator import actions
from integrator.core import clock
from integrator.models import Binding, Event, Intent, Plan, Window
from integrator.windows import lease
from integrator.windows.phases import restoring
from integrator.windows.switching import switches
from panels.billmanager.plans import PlanModule
from tests import factories
from tests.services.plan_switches import MANUAL, OFF, failed_for, ignoring, never_empty, retried
from tests.services.provider import open_windows

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from panels.billmanager import BillManager
    from tests.services.provider import Provider, Workers


OWN = [9]
"""The modules of the snapshot that ``factories.window`` makes."""
TOKEN = "a-lease"


class ShownPlan:
    """What the panel would show of the plan's modules; its window's driver reads it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, uncertain: bool) -> None:
        self.window = factories.window(
            "restoring",
            uncertain=uncertain,
            lease_token=TOKEN,
            lease_expires_at=clock.now() + dt.timedelta(minutes=5),
        )
        monkeypatch.setattr(
            switches, "turn", lambda *_: switches.Reading(list(OWN), asked_at=clock.now())
        )

    def drive(self) -> bool:
        return restoring.drive(lease.Driver(self.window, TOKEN), cast("BillManager", None))

    @property
    def phase(self) -> str:
        return Window.objects.get(pk=self.window.pk).phase


@pytest.mark.any_database
def test_an_own_module_that_cannot_be_switched_off_gives_the_plan_back_loudly(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.faults(ignoring(OFF, elid="11"))
    workers.finish(provider.start(1))
    ledger = provider.sound(done=0)
    assert [one["elid"] for one in ledger["ignored"]] == ["11"] * 2
    assert ledger["orders"] == []
    never_empty(provider)
    binding = failed_for("switch_not_shown")
    (held,) = Event.objects.filter(to_state="held")
    assert "module 11 was switched off 2 times" in str(held.why)
    provider.sandbox.faults()
    retried(provider, workers, binding)


@pytest.mark.any_database
def test_a_plan_that_cannot_be_restored_is_held_and_a_person_has_it_tried_again(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.faults(ignoring(OFF, elid=MANUAL))
    run = provider.start(1)
    workers.until(lambda: Window.objects.filter(held=True).exists())
    (window,) = open_windows()
    assert (window.phase, "module 14 was switched off 2 times" in str(window.cause)) == (
        "restoring",
        True,
    )
    assert len(provider.sandbox.ledger()["ignored"]) == 2

    actions.restore(window.pk, "anna", anyway=True)
    workers.until(lambda: len(provider.sandbox.ledger()["ignored"]) == 4)
    workers.until(lambda: Event.objects.filter(to_state="held").count() == 2)
    assert len(provider.sandbox.ledger()["ignored"]) == 4

    provider.sandbox.faults()
    actions.restore(window.pk, "anna")
    workers.finish(run)
    provider.sound(done=1)
    never_empty(provider)


@pytest.mark.any_database
def test_a_held_plan_that_a_person_mends_by_hand_closes_by_itself(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.faults(ignoring(OFF, elid=MANUAL))
    run = provider.start(1)
    workers.until(lambda: Window.objects.filter(held=True).exists())
    plan = open_windows()[0].plan.remote_id
    provider.sandbox.act(act="switch_module", plan=plan, module=14, on=False)
    workers.finish(run)
    provider.sound(done=1)
    assert len(provider.sandbox.ledger()["ignored"]) == 2


def _landed_late(provider: Provider, window: Window) -> Plan:
    """The plan of this closed window, of which a given-up switch has switched module 11 off."""
    plan = Plan.objects.get(pk=window.plan_id)
    made = Intent.objects.filter(window=window, kind="switch")
    off = next(one for one in made if one.before["request"] == {
        "plan": plan.remote_id, "module": 11, "on": False})  # fmt: skip
    Intent.objects.filter(pk=off.pk).update(outcome="nothing")
    provider.sandbox.act(act="switch_module", plan=plan.remote_id, module=11, on=False)
    return plan


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_what_a_late_switch_took_off_is_not_taken_for_the_plan(
    provider: Provider, workers: Workers
) -> None:
    """It landed between two windows; the second one kept the damage as the plan's own state."""
    run = workers.finish(provider.start(1))
    plan = _landed_late(provider, Window.objects.get(bindings__run=run))
    others = [a for a in provider.accounts[1:] if a["plan"] == plan.name][:1]
    workers.finish(provider.start(rows=provider.csv(others)))
    on = {row["id"]: row["modules"] for row in provider.sandbox.ledger()["plans"]}
    assert sorted(on[plan.remote_id]) == [11, 12]
    assert Event.objects.filter(why__key="plan.late_switch").exists()


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_what_a_late_switch_may_have_taken_off_is_restored_and_said(
    provider: Provider, workers: Workers
) -> None:
    """It landed after the last window had closed; or a colleague did it, which nobody can tell."""
    run = workers.finish(provider.start(1))
    window = Window.objects.get(bindings__run=run)
    plan = _landed_late(provider, window)
    Window.objects.filter(pk=window.pk).update(recheck_at=window.created_at)
    workers.until(lambda: Window.objects.closed().filter(pk__gt=window.pk).exists())
    on = {row["id"]: row["modules"] for row in provider.sandbox.ledger()["plans"]}
    assert sorted(on[plan.remote_id]) == [11, 12]
    told = Event.objects.get(why__key="plan.late_switch", window_id__gt=window.pk)
    assert "[11]" in str(told.why)
    assert "colleague" in str(told.why)


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_an_order_of_a_plans_modules_that_is_another_than_before_is_said(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """A switch of ours that came late was undone at the end, and the module came last."""
    provider = provider_with("--dialect", "status-field", "--close-delay", "3")
    run = provider.start(1)
    workers.until(lambda: Binding.objects.filter(step=7, waiting_for__gt="").exists())
    for on in (False, True):
        provider.sandbox.act(act="switch_module", plan=21, module=11, on=on)
    workers.finish(run)
    assert Binding.objects.get().state == "done"
    plans = {plan["id"]: plan["modules"] for plan in provider.sandbox.ledger()["plans"]}
    assert plans[21] == [12, 11]
    assert Event.objects.filter(subject="window", why__key="window.other_order").exists()


def test_restoring_anyway_leaves_out_modules_that_the_plan_no_longer_has(db: None) -> None:
    snapshot = {"modules": [{"id": number, "enabled": True} for number in (11, 12)]}
    window = factories.window("restoring", snapshot=snapshot)
    driver = lease.Driver(window, "")
    there = [PlanModule(12, "web-2", enabled=False, orderpriority=1)]
    bm = cast("BillManager", SimpleNamespace(plans=SimpleNamespace(modules=lambda _plan: there)))
    assert restoring._own(driver, bm) == [11, 12]
    window.anyway_by = "anna"
    assert restoring._own(driver, bm) == [12]
    there.clear()
    assert restoring._own(driver, bm) == [11, 12]  # never a plan without any module


def test_a_plan_that_a_person_has_restored_by_hand_holds_no_window(quick: None) -> None:
    window = factories.window("restoring", due_at=clock.now(), seen={"enabled": [90]})
    driver = lease.claim(window.pk)
    assert driver is not None
    there = [PlanModule(11, "web-1", enabled=True, orderpriority=1)]
    bm = cast("BillManager", SimpleNamespace(plans=SimpleNamespace(modules=lambda _plan: there)))
    with pytest.raises(switches.PlanChangedError):
        switches.turn(driver, bm, 8, [12])
    read = switches.turn(driver, bm, 8, [11])
    assert read
    assert read.enabled == [11]


@pytest.mark.usefixtures("transactional_db")
def test_one_reading_is_enough_where_every_switch_was_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = ShownPlan(monkeypatch, uncertain=False)
    assert plan.drive() is True
    assert plan.phase == "closed"


@pytest.mark.usefixtures("transactional_db")
def test_after_a_switch_of_unknown_outcome_two_readings_a_settle_time_apart_must_agree(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.SETTLE_SECONDS = 60.0
    plan = ShownPlan(monkeypatch, uncertain=True)
    for _ in range(3):  # however often it is looked at before that time
        assert plan.drive() is False
        assert plan.phase == "restoring"
    due = Window.objects.get(pk=plan.window.pk).due_at
    assert due is not None
    assert due > clock.now() + dt.timedelta(seconds=30)
    settings.SETTLE_SECONDS = 0.0  # as if it had passed
    assert plan.drive() is True
    assert plan.phase == "closed"
