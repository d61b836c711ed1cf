"""How many bindings go at a time, which ones go first, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings import transitions
from integrator.bindings.operator import actions
from integrator.core import clock
from integrator.core.errors import ActionRefused
from integrator.models import Binding, Canary, Panel, Preview, Window
from integrator.panel_access import proven_names, transports
from integrator.panel_access import stored_dialect as panel_learning
from integrator.runs import cohorts, run_start
from integrator.windows import canaries
from tests import factories
from tests.services.refused_closes import charged, refuse_closes

if TYPE_CHECKING:
    from integrator.models import Plan, Run
    from tests.services.provider import Provider, Workers


def upgrade() -> int:
    """The panel is another version from now on, by what is known of it."""
    panel = transports.billmanager_panel()
    row = Panel.objects.get(pk=panel.pk)
    row.dialect = {**row.dialect, "version": "5.0"}
    row.save(update_fields=["dialect"])
    return 0


def test_the_first_cohort_is_one_and_later_ones_grow(provider: Provider, workers: Workers) -> None:
    workers.finish(provider.start(14))
    sizes = list(Window.objects.order_by("pk").values_list("cohort", flat=True))
    assert sizes[0] == 1
    assert max(sizes) > 1
    canary, following = Window.objects.order_by("pk")[:2]
    assert canary.closed_at
    assert canary.closed_at <= following.created_at


@pytest.mark.any_database
def test_on_a_panel_where_no_close_is_proven_one_binding_of_all_runs_orders(
    provider: Provider, workers: Workers
) -> None:
    refuse_closes(provider)
    plans: dict[str, list[dict[str, Any]]] = {}
    for account in provider.accounts:
        plans.setdefault(account["plan"], []).append(account)
    assert len(plans) > 1
    with workers.asleep():
        some = [provider.start(rows=provider.csv(accounts)) for accounts in plans.values()]
    for run in some:
        workers.finish(run)
    assert charged(provider) == 1
    assert {run.state for run in some if run.total > 1} == {"paused"}
    whys = {str(run.why) for run in some}
    assert len(whys) == 1
    assert "stopped at step 7" in whys.pop()

    provider.sandbox.faults()
    actions.retry(Binding.objects.filter(state="failed"), "anna")
    for run in some:
        run.refresh_from_db()
        if run.state == "paused":
            actions.resume(run.pk, "anna")
    for run in some:
        workers.finish(run)
    provider.sound(done=14)
    assert proven_names.is_close_proven(transports.billmanager_panel())


@pytest.mark.any_database
def test_a_proven_close_holds_for_its_version_and_names_alone(
    provider: Provider, workers: Workers
) -> None:
    def proven() -> bool:
        return proven_names.is_close_proven(transports.billmanager_panel())

    assert not proven()
    workers.finish(provider.start(1))
    assert proven()
    panel = transports.billmanager_panel()
    panel_learning.learn_dialect(panel)
    assert proven()  # found again, perhaps elsewhere
    panel = Panel.objects.get(pk=panel.pk)
    panel.overrides = {"task_fields": "note=bound"}
    panel.save(update_fields=["overrides"])
    assert not proven()
    panel.overrides = {}
    panel.save(update_fields=["overrides"])
    assert proven()
    panel.overrides = {"task_close": ""}
    panel.save(update_fields=["overrides"])
    assert not proven()
    panel.overrides = {}
    panel.dialect = {**panel.dialect, "version": "6.999"}
    panel.save(update_fields=["overrides", "dialect"])
    assert not proven()
    panel_learning.learn_dialect(panel)  # it was upgraded: what was learnt is forgotten
    assert not proven()


@pytest.mark.any_database
@pytest.mark.parametrize("known_at", ["before the plan is touched", "while it sells manually"])
def test_a_cohort_on_an_upgraded_panel_shrinks_to_one(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch, known_at: str
) -> None:
    wake = transitions.wake
    workers.finish(provider.start(1))
    workers.until(lambda: not Window.objects.filter(compared_at=None).exists())
    monkeypatch.setattr(cohorts, "_size", lambda _run, _plan, _n: 10)  # as once its canary is done
    with workers.asleep():
        run = provider.start(rows=provider.csv(provider.accounts[1:]))
        assert max(one.cohort for one in Window.objects.open()) > 1
        refuse_closes(provider)
        if known_at == "before the plan is touched":
            upgrade()
        else:
            monkeypatch.setattr(transitions, "wake", lambda rows: upgrade() + wake(rows))
    workers.finish(run)
    assert run.state == "paused"
    assert charged(provider) == 2


@pytest.mark.any_database
def test_two_draws_at_once_open_one_window_for_a_canary(db: None) -> None:
    """Two runs wait on two plans of a panel on which nothing was ever closed."""
    factories.billmanager()
    first, second = (factories.binding(prepared=True, waiting_for="window") for _ in range(2))
    assert cohorts.draw(first.plan_id) is not None
    assert cohorts.draw(second.plan_id) is None
    Binding.objects.filter(pk=first.pk).update(state="failed", window=None)
    Window.objects.update(phase="closed")
    assert cohorts.draw(second.plan_id) is not None


def test_windows_whose_tasks_are_closed_leave_room_for_others(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the calls have a window, a quarter one whose plan is not back to both modules."""
    monkeypatch.setattr(cohorts, "_size", lambda _run, _plan, _n: 10)  # as once its canary is done
    monkeypatch.setattr(canaries, "must_go_alone", lambda: False)
    factories.billmanager(max_parallel=8)
    for _ in range(6):
        factories.binding(prepared=True, waiting_for="window")
    for phase, opened in (("opening", 2), ("orders", 2), ("tasks", 4), ("tasks", 4)):
        Window.objects.update(phase=phase)
        cohorts.draw_all()
        assert Window.objects.open().count() == opened


def test_the_picked_account_goes_first(provider: Provider, workers: Workers) -> None:
    from integrator.previews import preview
    from integrator.previews.choices import Choices

    accounts = provider.accounts[:5]
    made = preview.make_from_csv(Choices(autoprolong=True), provider.csv(accounts), "anna")
    with pytest.raises(ActionRefused):
        run_start.pick_canary(made.pk, "nobody")
    picked = accounts[-1]
    run_start.pick_canary(made.pk, f"{picked['server']}:{picked['username']}")
    run = run_start.start(made.pk, "anna")
    first = Binding.objects.get(run=run, window__isnull=False)
    assert first.account.username == picked["username"]
    workers.finish(run)
    provider.sound(done=5)


def test_a_picked_canary_that_waits_for_a_decision_holds_nobody_back(db: None) -> None:
    first = factories.undecided(in_lane=True)
    picked = factories.binding(client=first.client)
    assert not cohorts._still_to_go(picked.run, picked.account_id)
    Binding.objects.filter(pk=first.pk).update(in_lane=False)
    assert cohorts._still_to_go(picked.run, picked.account_id)


def waiting(run: Run, sold: Plan, disk: int | None) -> Binding:
    """A binding of an account that may use so much disk."""
    account = factories.account(disk_limit=disk)
    return factories.binding(run=run, plan=sold, account=account, prepared=True)


@pytest.mark.any_database
def test_the_canary_would_show_it_if_limits_were_pushed(db: None) -> None:
    """Of an account that has its plan's limits already nobody could tell."""
    factories.billmanager()
    small, large = factories.plan("S", limits={"disc": 500}), factories.plan("L", limits={})
    run = factories.run()
    for sold, disk in ((small, 500), (small, None), (large, 900)):
        waiting(run, sold, disk)
    shows = waiting(run, factories.plan("M", limits={"disc": 700}), 900)
    cohorts.draw_all()
    assert list(Window.objects.values_list("bindings", flat=True)) == [shows.pk]


def test_any_account_is_the_canary_where_none_would_show_pushed_limits(db: None) -> None:
    factories.billmanager()
    first = waiting(factories.run(), factories.plan("S", limits={"disc": 500}), 500)
    cohorts.draw_all()
    assert list(Window.objects.values_list("bindings", flat=True)) == [first.pk]


def test_nothing_more_begins_while_a_canary_has_yet_to_be_compared(db: None) -> None:
    factories.billmanager()
    run = factories.run()
    sold = factories.plan()
    closed = factories.window("closed", plan=sold, closed_at=clock.now())
    canary = factories.canary(
        closed, factories.done(run=run, window=closed), state=Canary.State.WATCHED
    )
    waiting(run, sold, None)
    assert cohorts.draw(sold.pk) is None
    canary.state = Canary.State.UNCHANGED
    canary.save()
    assert cohorts.draw(sold.pk) is not None


@pytest.mark.any_database
def test_one_that_is_charged_already_goes_before_any_canary(db: None) -> None:
    """Its window closed before its task was: whoever else is charged might come to the same end."""
    factories.billmanager()
    run = factories.run()
    small, other = factories.plan("S", limits={"disc": 500}), factories.plan("M")
    charged, shows = waiting(run, small, 500), waiting(run, small, 900)
    waiting(run, other, None)
    elsewhere = waiting(factories.run(), other, None)
    Binding.objects.filter(pk=charged.pk).update(state="waiting", step=6)
    Preview.objects.filter(run=run).update(canary=shows.account)
    assert cohorts.draw(other.pk) is None
    window = cohorts.draw(small.pk)
    assert window is not None
    assert list(window.bindings.all()) == [charged]
    Binding.objects.filter(pk=charged.pk).update(state="undecided", window=None)
    Window.objects.all().delete()
    assert cohorts.draw(other.pk) is not None
    assert Binding.objects.get(window__isnull=False) in (elsewhere, shows)
