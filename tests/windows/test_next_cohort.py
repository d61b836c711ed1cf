"""A plan that is handed on from one cohort to the next, and restored after the last one."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings.operator import actions, report
from integrator.messages.message import say
from integrator.models import Binding, Intent, Panel, Window
from integrator.models.states import Phase
from integrator.windows import next_cohort, restore_notes
from integrator.windows.phases import opening
from integrator.windows.phases.opening import CannotOpenError
from tests import factories

if TYPE_CHECKING:
    from integrator.models import Run
    from integrator.windows.lease import Driver
    from panels.billmanager import BillManager
    from tests.services.provider import Provider, Workers

pytestmark = [pytest.mark.any_database, pytest.mark.django_db(transaction=True)]


def _on_one_plan(provider: Provider, count: int, **choices: Any) -> Run:
    """A run over so many accounts of one plan, two in a cohort after the canary."""
    plan = provider.accounts[0]["plan"]
    alike = [one for one in provider.accounts if one["plan"] == plan][:count]
    assert len(alike) == count
    return provider.start(rows=provider.csv(alike), **{"cohort": 2, **choices})


def _switches(window: Window) -> list[tuple[int, bool]]:
    """Which modules this window has switched, and which way, in order."""
    made = Intent.objects.filter(window=window, kind="switch").order_by("pk")
    requests = [one.before["request"] for one in made]
    return [(request["module"], request["on"]) for request in requests]


def test_the_next_cohort_takes_the_plan_over_and_the_last_one_restores_it(
    provider: Provider, workers: Workers
) -> None:
    run = workers.finish(_on_one_plan(provider, 5))
    provider.sound(done=5)
    canary, first, second = Window.objects.order_by("pk")
    assert [canary.follows, first.follows, second.follows] == [None, None, first]
    ours, own = set(first.manual_modules.values()), [(11, False), (12, False)]
    assert {(module, on) for module, on in _switches(first) if module in ours} == {
        (module, True) for module in ours
    }
    assert _switches(second)[:2] == own
    assert {(module, on) for module, on in _switches(second) if module in ours} == {
        (module, False) for module in ours
    }
    assert first.closed_at is not None
    assert first.restored_at is not None
    assert first.closed_at <= second.created_at < first.restored_at
    assert first.snapshot == second.snapshot
    assert not restore_notes.path(second).exists()
    told = report.run_json(run)["windows"]
    assert [one["restored"] for one in told] == [True] * 3


def test_a_plan_is_restored_for_those_who_wait_for_a_place(
    provider: Provider, workers: Workers
) -> None:
    """With one window at a time, the others' plan is next."""
    Panel.objects.billmanagers().update(max_parallel=2)
    plans = {one["plan"]: one for one in provider.accounts}
    names = list(plans)[:2]
    chosen = [one for one in provider.accounts if one["plan"] in names]
    run = workers.finish(provider.start(rows=provider.csv(chosen), cohort=2))
    assert run.state == "finished"
    provider.sound(done=len(chosen))
    windows = list(Window.objects.select_related("plan").order_by("pk"))
    for earlier, later in itertools.pairwise(windows):
        waited = Binding.objects.filter(window__pk__gte=later.pk).exclude(plan=earlier.plan)
        assert later.follows_id is None or not waited.exists()


def test_what_cannot_follow_after_all_restores_the_plan_by_the_first_snapshot(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan is on both modules then, though the window has switched nothing itself."""
    make_ready = opening._make_ready

    def refused(driver: Driver, bm: BillManager) -> bool:
        if driver.window.follows_id is not None:
            raise CannotOpenError("manual_module", say("module.unlisted", name="x"))
        return make_ready(driver, bm)

    monkeypatch.setattr(opening, "_make_ready", refused)
    run = workers.finish(_on_one_plan(provider, 5))
    assert run.state == "paused"  # two failed alike
    provider.sound(done=3)
    following = Window.objects.get(follows__isnull=False)
    assert following.restored_at is not None
    assert Window.objects.filter(restored_at=None).count() == 0
    failed = Binding.objects.filter(state="failed", window=None)
    assert list(failed.values_list("cause", flat=True)) == ["manual_module"] * 2


def test_a_window_whose_run_is_cancelled_when_it_follows_restores_the_plan(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = opening.drive

    def after_cancelling(driver: Driver, bm: BillManager) -> bool:
        if driver.window.follows_id is not None:
            actions.cancel(driver.window.bindings.values_list("run", flat=True)[0], "anna")
        return drive(driver, bm)

    monkeypatch.setattr(opening, "drive", after_cancelling)
    run = _on_one_plan(provider, 5)
    workers.finish(run)
    provider.sound(done=3)
    assert Window.objects.filter(restored_at=None).count() == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"closing": True},
        {"held": True},
        {"uncertain": True},
        {"guided": True},
        {"anyway_by": "anna"},
        {"seen": {"since": "2020-01-01T00:00:00+00:00"}},
    ],
)
def test_a_window_that_is_not_as_it_should_be_is_restored(fields: dict[str, Any]) -> None:
    window = factories.window("tasks", **fields)
    assert not next_cohort._is_settled(window)


def test_a_window_with_an_unknown_switch_or_a_binding_in_a_persons_hands_is_restored() -> None:
    window = factories.window("tasks")
    assert next_cohort._is_settled(window)
    binding = factories.binding(window=window, state="undecided", step=7)
    assert not next_cohort._is_settled(window)
    Binding.objects.filter(pk=binding.pk).update(state="waiting", waiting_for="restore")
    assert next_cohort._is_settled(window)
    assert Phase(window.phase) == Phase.TASKS
