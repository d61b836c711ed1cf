"""A plan's modules are switched on what was read just before, and never to none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

from integrator.bindings import intents
from integrator.bindings.operator import actions
from integrator.core import clock
from integrator.models import Binding, Intent, Plan, Window
from integrator.windows import lease
from integrator.windows.switching import switches
from panels.billmanager.modules import Modules
from panels.billmanager.plans import PlanModule
from panels.coremanager.errors import OutcomeUnknown
from tests.services.effects import Declared
from tests.services.plan_switches import MANUAL, ON, dialect_file, failed_for, ignoring, retried

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from panels.billmanager import BillManager
    from panels.billmanager.modules import Module
    from tests.services.provider import Provider, Workers


class Plans:
    """A plan whose panel answers every switch and follows only some of them."""

    def __init__(self, on: list[int], deaf: set[int]) -> None:
        self.on, self.deaf = on, deaf
        self.calls: list[tuple[int, bool]] = []

    def modules(self, _plan: int) -> list[PlanModule]:
        return [PlanModule(n, f"m{n}", enabled=n in self.on, orderpriority=n) for n in (11, 90)]

    def switch_on(self, _plan: int, module: int, *, send_by: float) -> None:
        assert send_by
        self._switch(module, on=True)

    def switch_off(self, _plan: int, module: int, *, send_by: float) -> None:
        assert send_by
        self._switch(module, on=False)

    def _switch(self, module: int, *, on: bool) -> None:
        self.calls.append((module, on))
        if module not in self.deaf:
            self.on = [
                m for m in (11, 90) if (m == module and on) or (m != module and m in self.on)
            ]


@pytest.fixture
def driver(quick: None) -> lease.Driver:
    now = clock.now()
    plan = Plan.objects.create(remote_id=1, name="Start", seen_at=now)
    window = Window.objects.create(plan=plan, created_at=now, phase_at=now, due_at=now)
    claimed = lease.claim(window.pk)
    assert claimed is not None
    return claimed


@dataclass
class Fake:
    plans: Plans


@pytest.mark.any_database
def test_a_switch_that_never_shows_is_sent_twice_and_nothing_is_touched(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.faults(ignoring(ON))
    workers.finish(provider.start(1))
    ledger = provider.sound(done=0)
    assert ledger["switches"] == []
    assert [one["elid"] for one in ledger["ignored"]] == [MANUAL] * 2
    binding = failed_for("switch_not_shown")
    assert "module 14 was switched on 2 times, each time answered ok" in str(binding.cause_text)
    provider.sandbox.faults()
    retried(provider, workers, binding)


@pytest.mark.any_database
def test_a_switch_whose_form_asks_for_something_unknown_touches_nothing(
    provider_with: Callable[..., Provider], workers: Workers, tmp_path: Path
) -> None:
    keys = {"plan_modules.button_kind": "groupform", "plan_modules.form_asks": "reason"}
    provider = provider_with("--dialect", dialect_file(tmp_path, **keys), accounts=3)
    workers.finish(provider.start(1))
    assert provider.sound(done=0)["switches"] == []
    binding = failed_for("form_unknown")
    (evidence,) = binding.steps.filter(state="failed").values_list("evidence", flat=True)
    assert evidence["form"]["missing"] == ["reason"]


def test_nothing_goes_off_before_the_manual_module_is_seen_to_be_on(driver: lease.Driver) -> None:
    plans = Plans([11], deaf={90})
    for _ in range(3):
        assert switches.turn(driver, cast("BillManager", Fake(plans)), 2, [90]) is None
    assert plans.on == [11]
    assert (11, False) not in plans.calls


def test_a_late_switch_off_is_waited_for_before_the_manual_module_goes(
    driver: lease.Driver,
) -> None:
    """A switch that may still land would leave the plan without any module."""
    bm = cast("BillManager", Fake(Plans([11, 90], deaf=set())))
    late = intents.new(
        Declared(switches.KIND, 2, {"plan": 1, "module": 11, "on": False}), 1, window=driver.window
    )
    late.save()
    assert switches.turn(driver, bm, 8, [11]) is None
    assert bm.plans.modules(1)[1].enabled
    Intent.objects.update(settles_at=clock.now())
    reading = switches.turn(driver, bm, 8, [11])
    assert reading
    assert reading.enabled == [11]
    assert Intent.objects.get(pk=late.pk).outcome == "nothing"


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_the_plan_is_read_when_nothing_lies_between_that_and_the_snapshot(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A colleague switched a module off while we made ours; restoring switched it on again."""
    real = Modules.create_manual

    def while_another_works(self: Modules, *words: Any, send_by: float) -> None:
        provider.sandbox.act(act="switch_module", plan=21, module=12, on=False)
        real(self, *words, send_by=send_by)

    monkeypatch.setattr(Modules, "create_manual", while_another_works)
    workers.finish(provider.start(1))
    assert Binding.objects.get().state == "done"
    window = Window.objects.get(phase="closed", snapshot__isnull=False)
    assert (window.plan.remote_id, window.held) == (21, False)
    plans = {plan["id"]: plan["modules"] for plan in provider.sandbox.ledger()["plans"]}
    assert plans[21] == [11]


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_a_plan_is_read_again_where_switching_off_took_long(
    provider: Provider, workers: Workers
) -> None:
    """A colleague switched our manual modules off meanwhile; our next switch left none at all."""
    slow = {"func": "pricelist.processing.suspend", "kind": "slow_after", "seconds": 2.5}
    provider.sandbox.faults({"panel": None, **slow, "times": 1})
    run = provider.start(1)
    workers.until(lambda: Intent.objects.filter(kind="switch", before__request__on=False).exists())
    for module in Window.objects.get().manual_modules.values():
        provider.sandbox.act(act="switch_module", plan=21, module=module, on=False)
    workers.until(lambda: Window.objects.filter(held=True).exists())
    actions.pause(run.pk, "anna")
    ledger = provider.sandbox.ledger()
    assert {plan["id"]: plan["modules"] for plan in ledger["plans"]}[21] == [12]
    assert ledger["violations"] == []


def test_somebody_who_switches_a_module_holds_the_window(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.dials(task_delay=2.0)
    run = provider.start(1)
    workers.until(
        lambda: (
            Binding.objects.filter(waiting_for="readback").exists()
            or Binding.objects.filter(step__gte=6).exists()
        )
    )
    window = Window.objects.select_related("plan").exclude(phase="closed").get()
    provider.sandbox.act(act="switch_module", plan=window.plan.remote_id, module=11, on=True)
    workers.until(lambda: Window.objects.filter(pk=window.pk, held=True).exists())
    window.refresh_from_db()
    assert "somebody else" in str(window.cause)
    actions.pause(run.pk, "anna")  # else the next window opens before anybody can look
    actions.restore(window.pk, "anna", anyway=True)
    workers.until(lambda: Window.objects.get(pk=window.pk).phase == "closed")
    plans = {p["id"]: p["modules"] for p in provider.sandbox.ledger()["plans"]}
    assert plans[window.plan.remote_id] == [11, 12]
    actions.resume(run.pk, "anna")
    workers.finish(run)


def test_a_module_that_is_not_listed_yet_is_not_made_twice(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Modules.all

    def without_ours(self: Modules) -> list[Module]:
        return [module for module in real(self) if module.kind != "manual"]

    monkeypatch.setattr(Modules, "all", without_ours)
    run = workers.finish(provider.start(1))
    failed = Binding.objects.get(run=run)
    assert failed.cause == "manual_module"
    assert "does not list it" in str(failed.cause_text)
    assert Intent.objects.filter(kind="create_module").count() == 1
    assert provider.sandbox.ledger()["switches"] == []


def test_a_switch_of_which_nobody_knows_makes_the_plan_be_read_twice(driver: lease.Driver) -> None:
    plans = Plans([11], deaf=set())
    lost = OutcomeUnknown("no answer", panel="billing", func="switch")

    def switch_on(_plan: int, module: int, *, send_by: float) -> None:
        plans.calls.append((module, bool(send_by)))
        raise lost

    plans.switch_on = switch_on  # type: ignore[method-assign]
    assert switches.turn(driver, cast("BillManager", Fake(plans)), 2, [11, 90]) is None
    assert plans.calls == [(90, True)]
    assert Window.objects.get(pk=driver.window.pk).uncertain


def test_what_somebody_else_has_switched_is_not_overwritten(driver: lease.Driver) -> None:
    driver.save(seen={"enabled": [11]})
    plans = Plans([90], deaf=set())
    with pytest.raises(switches.PlanChangedError):
        switches.turn(driver, cast("BillManager", Fake(plans)), 2, [11])
    assert plans.calls == []
