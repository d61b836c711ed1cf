"""Between a look and an act: turns are kept, stops are heeded, nothing is overwritten."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

from integrator.bindings.operator import actions
from integrator.bindings.work import password_attempts, preparation
from integrator.core import clock
from integrator.maintenance import sweep
from integrator.models import Account, Binding, Canary, Event, Intent, Panel, Run, Step, Window
from integrator.panel_access import stored_dialect
from integrator.runs import run_state
from integrator.steps.verdicts import Proven
from integrator.windows import members
from integrator.windows.phases import orders
from integrator.windows.post_checks import post_checks
from panels import billmanager
from panels.billmanager.tasks.tasks import Tasks
from panels.coremanager.error_nodes import Fault
from panels.coremanager.errors import Refused
from panels.ispmanager import IspManager
from tests import factories

if TYPE_CHECKING:
    import pytest
    from pytest_django.fixtures import Settings

    from tests.services.provider import Provider, Workers


def _close_by_hand(provider: Provider) -> None:
    """A colleague does step 7 of the only binding, rightly."""
    binding = Binding.objects.select_related("account").get()
    provider.sandbox.act(
        act="close_task",
        service=binding.service_id,
        module=binding.module_id,
        username=binding.account.username,
    )


def _looked_at(workers: Workers) -> None:
    """Wait until all that comes right after the window has been compared and written."""
    later = clock.now() + post_checks.LATER / 2
    workers.until(lambda: Window.objects.filter(after_at__gt=later).exists())


def _tries(monkeypatch: pytest.MonkeyPatch) -> list[dt.datetime]:
    """When passwords were tried, added to as it happens."""
    tries: list[dt.datetime] = []
    real = IspManager.password_is_right

    def tried(self: IspManager, *words: str) -> Any:
        tries.append(clock.now())
        return real(self, *words)

    monkeypatch.setattr(IspManager, "password_is_right", tried)
    return tries


def test_a_canarys_password_waits_for_its_turn(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = _tries(monkeypatch)
    with workers.asleep():
        run = provider.start(1)
        turn = clock.now() + dt.timedelta(seconds=2)
        Panel.objects.filter(kind="ispmanager").update(password_try_at=turn)
    workers.finish(run)
    assert tries[0] >= turn
    workers.until(lambda: not Canary.objects.filter(state="watched").exists())
    assert Canary.objects.get().state == Canary.State.UNCHANGED
    assert len(tries) == 2
    provider.sound(done=1)


def test_passwords_whose_reset_is_in_doubt_are_tried_in_turn(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password_attempts, "SPACING", 0.5)
    tries = _tries(monkeypatch)
    one = provider.accounts[0]["server"]
    several = [account for account in provider.accounts if account["server"] == one][:3]
    fault = {"func": "user.edit", "kind": "reset_after", "times": len(several)}
    provider.sandbox.faults({"panel": None, **fault})
    with workers.asleep():
        run = provider.start(rows=provider.csv(several, password=""), reset_passwords=True)
        turn = clock.now() + dt.timedelta(seconds=2)
        Panel.objects.filter(name=one).update(password_try_at=turn)
    workers.until(lambda: not Binding.objects.filter(run=run, prepared=False).exists())
    resets = Intent.objects.filter(kind=preparation.RESET)
    assert set(resets.values_list("why", flat=True)) == {"the new password works"}
    assert len(tries) >= len(several)
    assert tries[0] >= turn
    apart = [later - sooner for sooner, later in itertools.pairwise(tries)]
    assert min(apart) >= dt.timedelta(seconds=password_attempts.SPACING)
    workers.finish(run)
    provider.sound(done=len(several))


def test_a_canary_is_compared_when_its_turn_comes_and_by_the_name_it_had(
    provider: Provider, workers: Workers
) -> None:
    workers.finish(provider.start(1))
    _looked_at(workers)
    canary = Canary.objects.select_related("binding__account").get()
    account = canary.binding.account
    Canary.objects.update(
        state="watched", password=provider.accounts[0]["password"], compared_at=None
    )
    turn = clock.now() + dt.timedelta(seconds=1.5)
    Panel.objects.filter(kind="ispmanager").update(password_try_at=turn)
    Account.objects.filter(pk=account.pk).update(username="corrected")
    Window.objects.update(compared_at=None, after_at=clock.now())
    post_checks.look(canary.window_id)
    assert Canary.objects.get().state == "watched"
    workers.until(lambda: not Canary.objects.filter(state="watched").exists())
    assert clock.now() >= turn
    assert Canary.objects.get().state == Canary.State.UNCHANGED


def test_a_canary_that_waits_for_its_turn_reads_nothing_again_and_is_given_up_in_the_end(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers.finish(provider.start(1))
    _looked_at(workers)
    Canary.objects.update(
        state="watched", password=provider.accounts[0]["password"], compared_at=None
    )
    Panel.objects.update(password_try_at=clock.now() + dt.timedelta(hours=1))
    seen = {name: value for name, value in Window.objects.get().seen.items() if name != "listed"}
    Window.objects.update(compared_at=None, closed_at=clock.now(), seen=seen)
    read: list[str] = []
    for name in ("accounts", "account", "limits"):
        monkeypatch.setattr(IspManager, name, _told_to(read, getattr(IspManager, name)))

    def look() -> Canary:
        Window.objects.update(after_at=clock.now())
        post_checks.look(Window.objects.get().pk)
        return Canary.objects.get()

    with workers.asleep():
        assert look().state == "watched"
        assert set(read) == {"accounts"}
        read.clear()
        assert look().state == "watched"
        Window.objects.update(closed_at=clock.now() - post_checks.PATIENCE)
        canary = look()
    assert (canary.state, canary.why) == ("unproven", post_checks.NO_TURN)
    assert (canary.password, read) == ("", [])
    assert post_checks.NO_TURN in Window.objects.get().alarm


def _told_to(read: list[str], real: Any) -> Any:
    """What ``real`` does, telling first that it was called."""

    def told(*words: Any) -> Any:
        read.append(real.__name__)
        return real(*words)

    return told


def test_runs_of_a_panel_that_was_stopped_while_it_was_read_are_paused(
    provider: Provider, workers: Workers
) -> None:
    with workers.asleep():
        run = provider.start(2)
        Panel.objects.filter(kind="billmanager").update(stopped="its login was refused")
        sweep.sweep()
        run.refresh_from_db()
        assert (run.state, run.why) == ("paused", "its login was refused")
        actions.resume(run.pk, "anna")
        sweep.sweep()
        run.refresh_from_db()
        assert run.state == "paused"
        Panel.objects.update(stopped="")
        actions.resume(run.pk, "anna")
    workers.finish(run)
    provider.sound(done=2)


def test_a_run_that_is_paused_by_what_is_seen_before_a_window_switches_nothing(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = post_checks.before

    def alarming(window: Window, bm: Any) -> dict[str, str]:
        found = real(window, bm)
        for run in Run.objects.filter(bindings__window=window):
            run_state.pause(run.pk, "a new user is ours")
        return found

    monkeypatch.setattr(post_checks, "before", alarming)
    run = workers.finish(provider.start(3))
    assert (run.state, run.why) == ("paused", "a new user is ours")
    assert provider.sandbox.ledger()["switches"] == []
    assert Window.objects.get().phase == "closed"
    binding = Binding.objects.filter(run=run).order_by("-state_at").first()
    assert binding is not None
    assert (binding.state, binding.window_id, binding.in_lane) == ("waiting", None, False)
    monkeypatch.undo()
    actions.resume(run.pk, "anna")
    workers.finish(run)
    provider.sound(done=3)


def test_a_task_that_a_colleague_closes_while_it_is_read_is_found_bound(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Tasks.form
    seen: list[int | None] = []

    def read(self: Tasks, task_id: int, *more: Any) -> Any:
        if not seen:
            _close_by_hand(provider)
        form = real(self, task_id, *more)
        seen.append(form.status)
        return form

    monkeypatch.setattr(Tasks, "form", read)
    workers.finish(provider.start(1))
    assert seen == [2]
    binding = Binding.objects.get()
    assert binding.state == "done"
    assert not Intent.objects.filter(kind__in=["take", "close"]).exists()
    (task,) = provider.sandbox.ledger()["tasks"]
    assert task["closes"] == 1


def test_a_task_that_is_listed_but_cannot_be_read_is_asked_for_a_few_times(
    provider: Provider, workers: Workers, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAX_ATTEMPTS = 3
    asked: list[int] = []

    def refused(_self: Tasks, task_id: int, *_more: Any) -> Any:
        asked.append(task_id)
        raise Refused(Fault("missed", message="there is no such task"), func="task.edit")

    monkeypatch.setattr(Tasks, "form", refused)
    workers.finish(provider.start(1), limit=60)
    binding = Binding.objects.get()
    assert (binding.state, binding.step, binding.cause) == ("failed", 7, "task_refused")
    assert "there is no such task" in binding.cause_text
    assert len(asked) == settings.MAX_ATTEMPTS


def test_an_expiry_that_could_not_be_set_any_more_is_told(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Tasks.openings
    looked: list[int] = []

    def openings(self: Tasks, plan_id: int) -> Any:
        found = real(self, plan_id)
        if found and not looked:
            looked.append(plan_id)
            _close_by_hand(provider)
            return []
        return found

    monkeypatch.setattr(Tasks, "openings", openings)
    day = (clock.now() + dt.timedelta(days=400)).date().isoformat()
    rows = provider.csv(provider.accounts[:1], expires=day)
    run = workers.finish(provider.start(rows=rows))
    binding = Binding.objects.get(run=run)
    assert (binding.state, binding.expires_set) == ("done", False)
    assert Step.objects.get(binding=binding, number=7).evidence["expires_not_set"] == day
    assert Event.objects.filter(binding=binding, why__contains=f"expiry {day}").exists()


def test_a_pause_is_not_lost_to_whoever_resumes_at_the_same_moment(db: None) -> None:
    run = factories.run()
    binding = factories.binding(run=run)
    binding.run = Run(pk=run.pk, state="paused", preview=run.preview)  # as it was a moment ago
    charge = {"differs": True, "amount": "12.00", "expected": "10.00"}
    ledger = members.Ledger([binding])
    ledger.waits(binding, members.TASKS)
    orders._compare(binding, Proven(charge), ledger)
    ledger.write()
    run.refresh_from_db()
    assert (run.state, run.why) == ("paused", f"b{binding.pk} was charged 12.00, not 10.00")
    assert Event.objects.filter(run=run, to_state="paused").count() == 1
    assert not run_state.pause(run.pk, "again")


def test_what_a_worker_learns_while_names_are_found_is_kept(provider: Provider) -> None:
    stale = Panel.objects.get(pk=provider.panel.pk)
    Panel.objects.filter(pk=stale.pk).update(learnt={"take_keeps_form": True})
    stored_dialect.learn_dialect(stale)
    stale.refresh_from_db()
    assert stale.learnt == {"take_keeps_form": True}
    Panel.objects.filter(pk=stale.pk).update(dialect={**stale.dialect, "version": "5.0"})
    stored_dialect.learn_dialect(stale)
    stale.refresh_from_db()
    assert stale.learnt == {}


def test_a_name_that_is_learnt_or_corrected_while_the_panel_is_asked_is_not_lost(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt = {"value": "opened_by", "where": "a task's form", "sure": True, "kind": ""}
    real = billmanager.discover

    def meanwhile(*words: Any, **more: Any) -> Any:
        found = real(*words, **more)
        row = Panel.objects.get(pk=provider.panel.pk)
        row.dialect["task_username"] = learnt
        row.overrides = {"cart": "basket"}
        row.save()
        return found

    monkeypatch.setattr(billmanager, "discover", meanwhile)
    panel = Panel.objects.get(pk=provider.panel.pk)
    assert panel.dialect["task_username"] is None
    stored_dialect.learn_dialect(panel)
    kept = Panel.objects.get(pk=panel.pk)
    for row in (panel, kept):
        assert row.dialect["task_username"] == learnt
        assert row.overrides == {"cart": "basket"}
