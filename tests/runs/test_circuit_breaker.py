"""Bindings that fail in a row, or of what no retry cures: their run is paused."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from integrator.bindings.operator import actions
from integrator.messages.message import verbatim
from integrator.models import Binding, Event, Panel, Run
from integrator.panel_access import transports
from integrator.steps.verdicts import Failed, Proven
from integrator.windows import members
from tests import factories
from tests.services.refused_closes import CLOSE, stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database


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


ORDER = "v2.vhost.order.param"


def test_failures_in_a_row_pause_the_run_and_resuming_keeps_the_limit(
    provider: Provider, workers: Workers, settings: Settings
) -> None:
    settings.BREAKER = 2
    refused = {"panel": None, "func": ORDER, "kind": "refused", "times": 100}
    # Of one plan and one by one: several windows would have orders under way at once.
    plans = [account["plan"] for account in provider.accounts]
    plan = max(plans, key=plans.count)
    alike = [account for account in provider.accounts if account["plan"] == plan]
    run = provider.start(rows=provider.csv(alike), cohort=1)
    workers.until(lambda: Binding.objects.filter(run=run, state="done").exists())
    provider.sandbox.faults(refused)
    workers.finish(run)
    failed = Binding.objects.filter(run=run, state="failed")
    assert run.state == "paused"
    assert "2 bindings in a row" in str(run.why)
    assert "refused the order" in str(run.why)
    assert failed.count() == 2
    assert Panel.objects.get(pk=provider.panel.pk).failures == {"3 order_refused": 2}

    actions.resume(run.pk, "anna")
    workers.finish(run)
    assert run.state == "paused"
    assert failed.count() == 4

    provider.sandbox.faults()
    actions.resume(run.pk, "anna")
    actions.retry(failed, "anna")
    workers.finish(run)
    provider.sound(done=len(alike))
    assert Panel.objects.get(pk=provider.panel.pk).failures_in_row == 0


def test_what_speaks_of_one_client_alone_is_not_counted(
    provider: Provider, workers: Workers, settings: Settings
) -> None:
    settings.BREAKER = 1
    run = workers.finish(provider.start_without_passwords(workers, 3))
    assert run.state == "finished"
    assert set(Binding.objects.values_list("cause", flat=True)) == {"no_password"}


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
    assert str(run.why).startswith(
        "for the second time a binding stopped for what no retry cures, "
        f"b{last} at step 7: Our login lacks a right:"
    )


def test_the_breaker_counts_by_step_and_cause_though_earlier_steps_are_proven_between(
    bindings: Callable[[], Binding], settings: Settings
) -> None:
    settings.BREAKER = 3
    refused = Failed("task_refused", verbatim("no"))
    for count in itertools.count(1):
        at(bindings(), 3, Proven({}))
        at(bindings(), 6, Proven({}))
        at(bindings(), 6, Failed("no_task", verbatim("none")))
        at(last := bindings(), 7, refused)
        if Run.objects.get(pk=last.run_id).state == "paused":
            break
        assert count < 3
    panel = transports.billmanager_panel()
    assert panel.failures == {"6 no_task": 1, "7 task_refused": 3}
    assert (count, panel.failures_in_row) == (3, 3)
    why = Run.objects.get(pk=last.run_id).why
    row = f"3 bindings in a row stopped at step 7 on billing, the last one b{last.pk}: "
    assert str(why).startswith(f"{row}The panel refused to close the task: no. What to do:")
    actions.resume(last.run_id, "anna")
    panel.refresh_from_db()
    assert (panel.failures, panel.failures_in_row) == ({}, 0)


def test_one_that_passes_the_step_ends_the_row(
    bindings: Callable[[], Binding], settings: Settings
) -> None:
    settings.BREAKER = 2
    for _ in range(4):
        at(last := bindings(), 7, Failed("task_refused", verbatim("no")))
        at(bindings(), 7, Proven({}))
    assert Run.objects.get(pk=last.run_id).state == "running"
    assert transports.billmanager_panel().failures_in_row == 0
    for _ in range(4):
        at(last := bindings(), 3, Failed("balance", verbatim("too little")))
    assert Run.objects.get(pk=last.run_id).state == "running"


def test_the_run_is_paused_at_the_failure_that_makes_the_row_and_not_before(
    bindings: Callable[[], Binding], settings: Settings
) -> None:
    settings.BREAKER = 3
    for expected in ("running", "running", "paused"):
        at(bindings(), 7, Failed("task_refused", verbatim("no")))
        assert Run.objects.get(pk=bindings().run_id).state == expected


def test_what_no_retry_cures_is_let_pass_once(bindings: Callable[[], Binding]) -> None:
    for expected in ("running", "paused"):
        at(bindings(), 7, Failed("form_unknown", verbatim("odd")))
        assert Run.objects.get(pk=bindings().run_id).state == expected
