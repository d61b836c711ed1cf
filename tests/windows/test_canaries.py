"""A canary that stops, a cause that no retry cures, and many in a row: what else they stop.

Judged by the panel's ledger: whose client was charged for what cannot be brought to its end.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings import transitions
from integrator.bindings.operator import actions
from integrator.models import Binding, Event, Panel, Run, Window
from integrator.models.states import Phase
from integrator.panel_access import panel_connections, proven_names
from integrator.panel_access import stored_dialect as panel_learning
from integrator.runs import circuit_breaker, cohorts
from integrator.steps.verdicts import Ambiguous, Failed, Proven
from integrator.windows import members
from tests import factories
from tests.bindings.test_dialect_gaps import odd_form

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.test import Client
    from pytest_django.fixtures import Settings

    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database

ORDER = "v2.vhost.order.param"
CLOSE = {"panel": None, "func": "task.edit", "when": {"clicked_button": "close"}}


def refuse_closes(provider: Provider, **more: Any) -> None:
    said = {"message": "Values of the field are wrong", "object": "username"}
    provider.sandbox.faults({**CLOSE, "kind": "refused", **said, **more})


def charged(provider: Provider) -> int:
    ledger = provider.sandbox.ledger()
    assert len(ledger["orders"]) == len(ledger["charges"])
    return len(ledger["charges"])


def stopped(run: Run) -> list[Binding]:
    return list(Binding.objects.filter(run=run, state__in=["failed", "undecided"]))


# -- the canary --------------------------------------------------------------------------------
def test_a_canary_whose_task_cannot_be_closed_stops_the_run(
    provider: Provider, workers: Workers, operator: Client
) -> None:
    refuse_closes(provider)
    run = workers.finish(provider.start(14))
    assert run.state == "paused"
    assert charged(provider) == 1
    assert len([t for t in provider.sandbox.ledger()["tasks"] if t["performer"]]) == 1
    (canary,) = stopped(run)
    assert (canary.step, canary.cause) == (7, "task_refused")
    page = operator.get(f"/runs/{run.pk}/").text
    assert "This run is paused:" in page
    sentence = (
        f"canary b{canary.pk} stopped at step 7: The panel refused to close the task. billing"
    )
    assert sentence in page
    assert "Values of the field are wrong" in page
    assert "What to do: Read the panel" in page

    # Resumed without a cure: one more, and no more.
    actions.resume(run.pk, "anna")
    workers.finish(run)
    assert (run.state, charged(provider)) == ("paused", 2)

    # Cured and retried: the same accounts go first, and then all others.
    provider.sandbox.faults()
    actions.retry(Binding.objects.filter(run=run, state="failed"), "anna")
    actions.resume(run.pk, "anna")
    workers.finish(run)
    assert run.state == "finished"
    provider.sound(done=14)
    assert charged(provider) == 14


def test_a_form_without_what_closing_needs_charges_one_client(
    provider_with: Callable[..., Provider], workers: Workers, tmp_path: Path
) -> None:
    provider = provider_with("--dialect", odd_form(tmp_path), accounts=8)
    run = workers.finish(provider.start(6))
    assert run.state == "paused"
    assert charged(provider) == 1
    assert "lacks what this step needs" in run.why
    assert "ticket_note" in run.why


def test_the_sentence_is_read_in_russian(operator: Client) -> None:
    factories.billmanager()
    binding = factories.binding("failed", 7, window=factories.window())
    factories.binding(run=binding.run)
    circuit_breaker.failed(binding, 7, "form_unknown", "billing task.edit: lacks close")
    run = Run.objects.get(pk=binding.run_id)
    assert run.state == "paused"
    operator.cookies["django_language"] = "ru"
    page = operator.get(f"/runs/{run.pk}/").text
    assert f"пробная привязка b{binding.pk} остановилась на шаге 7: " in page
    assert "billing task.edit: lacks close. Что делать: Форма" in page


def test_a_canary_that_needs_a_decision_stops_the_run(
    provider: Provider, workers: Workers, settings: Settings
) -> None:
    """BILLmanager has said that the task is closed, and the service never becomes active."""
    provider.sandbox.dials(close_delay=3600.0)
    run = provider.start(4)
    binding = Binding.objects.filter(run=run)
    workers.until(lambda: binding.filter(step=7, waiting_for="readback").exists())
    ledger = members.Ledger(canary := list(binding.filter(step=7)))
    verdict = Ambiguous("close_unknown", "the service is not active", {})
    workers.until(lambda: _undecide(ledger, canary[0], verdict))
    run.refresh_from_db()
    assert run.state == "paused"
    assert run.why.startswith(f"canary b{canary[0].pk} stopped at step 7: It is not known whether")
    assert charged(provider) == 1


def _undecide(ledger: members.Ledger, binding: Binding, verdict: Any) -> bool:
    """What the window's driver does once the time is over in which the panel may do it."""
    binding.refresh_from_db()
    ledger.undecided(binding, 7, verdict)
    return bool(ledger.write())


def test_canaries_that_fail_for_causes_of_their_own_are_followed_by_others_but_not_for_ever(
    provider: Provider, workers: Workers
) -> None:
    """Wrong passwords, seen before anything is ordered: the third one in a row is enough."""
    rows = provider.csv(provider.accounts[:6], password="certainly wrong")
    run = workers.finish(provider.start(rows=rows))
    assert run.state == "paused"
    assert len(stopped(run)) == circuit_breaker.CANARIES
    assert run.why.startswith("3 canaries in a row stopped before anything was ordered")
    assert charged(provider) == 0
    assert provider.sandbox.ledger()["switches"] == []


def test_a_canary_that_ends_the_run_leaves_it_finished(
    provider: Provider, workers: Workers
) -> None:
    refuse_closes(provider, times=1)
    run = workers.finish(provider.start(1))
    assert run.state == "finished"
    actions.retry(Binding.objects.filter(run=run), "anna")
    workers.finish(run)
    provider.sound(done=1)


# -- all runs of the panel ---------------------------------------------------------------------
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
    whys = {run.why for run in some}
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
    assert proven_names.is_close_proven(panel_connections.billmanager_panel())


def test_a_proven_close_holds_for_its_version_and_names_alone(
    provider: Provider, workers: Workers
) -> None:
    def proven() -> bool:
        return proven_names.is_close_proven(panel_connections.billmanager_panel())

    assert not proven()
    workers.finish(provider.start(1))
    assert proven()
    panel = panel_connections.billmanager_panel()
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


@pytest.mark.parametrize("known_at", ["before the plan is touched", "while it sells manually"])
def test_a_cohort_on_an_upgraded_panel_shrinks_to_one(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch, known_at: str
) -> None:
    wake = transitions.wake
    workers.finish(provider.start(1))
    workers.until(lambda: not Window.objects.filter(compared_at=None).exists())
    monkeypatch.setattr(cohorts, "_size", lambda _run, _plan: 10)  # as once its canary is done
    with workers.asleep():
        run = provider.start(rows=provider.csv(provider.accounts[1:]))
        assert max(one.cohort for one in Window.objects.exclude(phase=Phase.CLOSED)) > 1
        refuse_closes(provider)
        if known_at == "before the plan is touched":
            upgrade()
        else:
            monkeypatch.setattr(transitions, "wake", lambda rows: upgrade() + wake(rows))
    workers.finish(run)
    assert run.state == "paused"
    assert charged(provider) == 2


def upgrade() -> int:
    """The panel is another version from now on, by what is known of it."""
    panel = panel_connections.billmanager_panel()
    row = Panel.objects.get(pk=panel.pk)
    row.dialect = {**row.dialect, "version": "5.0"}
    row.save(update_fields=["dialect"])
    return 0


def test_two_draws_at_once_open_one_window_for_a_canary(db: None) -> None:
    """Two runs wait on two plans of a panel on which nothing was ever closed."""
    factories.billmanager()
    first, second = (factories.binding(prepared=True, waiting_for="window") for _ in range(2))
    assert cohorts.draw(first.plan_id) is not None
    assert cohorts.draw(second.plan_id) is None
    Binding.objects.filter(pk=first.pk).update(state="failed", window=None)
    Window.objects.update(phase="closed")
    assert cohorts.draw(second.plan_id) is not None


# -- causes that no retry cures, and rows of failures ------------------------------------------
def test_a_cause_that_no_retry_cures_stops_the_run_at_its_second_occurrence(
    provider: Provider, workers: Workers, settings: Settings
) -> None:
    workers.finish(provider.start(1))
    # Of one plan and one by one: what is ordered already goes on when its run is paused.
    left = provider.accounts[1:]
    plans = [account["plan"] for account in left]
    plan = max(plans, key=plans.count)
    rows = provider.csv([account for account in left if account["plan"] == plan])
    run = provider.start(rows=rows, cohort=1)
    workers.until(lambda: Binding.objects.filter(run=run, state="done").exists())
    provider.sandbox.faults({**CLOSE, "kind": "access"})
    workers.finish(run)
    assert run.state == "paused"
    assert {one.cause for one in stopped(run)} == {"access"}
    assert len(stopped(run)) == 2
    last = Event.objects.filter(to_state="failed").latest("id").binding_id
    assert run.why.startswith(
        "for the second time a binding stopped for what no retry cures, "
        f"b{last} at step 7: Our login lacks a right."
    )


def at(binding: Binding, number: int, verdict: Failed | Proven) -> None:
    """What the driver of a window writes down of one binding."""
    ledger = members.Ledger([binding])
    if isinstance(verdict, Failed):
        ledger.failed(binding, number, verdict)
    else:
        ledger.proven(binding, number, verdict)
        ledger.waits(binding, members.TURN)
    ledger.write()


@pytest.fixture
def bindings(db: None) -> Callable[[], Binding]:
    """Bindings of one run that has a canary done already."""
    factories.billmanager()
    run = factories.run(total=100)
    factories.done(run=run)
    factories.binding("queued", run=run)
    return lambda: factories.binding("waiting", 7, run=run, prepared=True)


def test_the_breaker_counts_by_step_and_cause_though_earlier_steps_are_proven_between(
    bindings: Callable[[], Binding], settings: Settings
) -> None:
    settings.BREAKER = 3
    refused = Failed("task_refused", "no")
    for count in itertools.count(1):
        at(bindings(), 3, Proven({}))
        at(bindings(), 6, Proven({}))
        at(bindings(), 6, Failed("no_task", "none"))
        at(last := bindings(), 7, refused)
        if Run.objects.get(pk=last.run_id).state == "paused":
            break
        assert count < 3
    panel = panel_connections.billmanager_panel()
    assert panel.failures == {"6 no_task": 1, "7 task_refused": 3}
    assert (count, panel.failures_in_row) == (3, 3)
    why = Run.objects.get(pk=last.run_id).why
    row = f"3 bindings in a row stopped at step 7 on billing, the last one b{last.pk}: "
    assert why.startswith(f"{row}The panel refused to close the task. no. What to do:")
    actions.resume(last.run_id, "anna")
    panel.refresh_from_db()
    assert (panel.failures, panel.failures_in_row) == ({}, 0)


def test_one_that_passes_the_step_ends_the_row(
    bindings: Callable[[], Binding], settings: Settings
) -> None:
    settings.BREAKER = 2
    for _ in range(4):
        at(last := bindings(), 7, Failed("task_refused", "no"))
        at(bindings(), 7, Proven({}))
    assert Run.objects.get(pk=last.run_id).state == "running"
    assert panel_connections.billmanager_panel().failures_in_row == 0
    for _ in range(4):
        at(last := bindings(), 3, Failed("balance", "too little"))
    assert Run.objects.get(pk=last.run_id).state == "running"
