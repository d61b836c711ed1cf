"""Panels that cannot be read: nothing was sent, so nothing fails, and the run says that it waits.

Over real HTTP: the sandbox is stopped, busy, or breaks its answers.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from integrator.bindings import outage
from integrator.bindings.operator import report
from integrator.core import clock
from integrator.maintenance.health import health
from integrator.messages.message import verbatim
from integrator.models import Binding, Call, Intent, Panel, Preview, Window
from integrator.models.states import MOVING
from integrator.panel_access import reachability, read_retries
from integrator.panel_access.panel_stop import PanelStoppedError
from integrator.previews import freshness
from integrator.refresh import discovery
from integrator.runs import cohorts, run_state
from integrator.steps import step7_close_the_task as step7
from integrator.windows import failures, members
from panels.coremanager.errors import (
    Busy,
    CertificateRefused,
    LimitTimeout,
    PanelError,
    TooLate,
    UnexpectedAnswer,
    Unreachable,
)
from panels.coremanager.fault import Fault
from tests import factories
from tests.services.provider import open_windows

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django.fixtures import Settings

    from integrator.models import Run
    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database

KINDS = ("http_500", "truncated", "reset_before")


@pytest.fixture(autouse=True)
def short_spans(quick: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans of a second, and fewer tries than there will be failures."""
    settings.MAX_ATTEMPTS = 2
    monkeypatch.setattr(failures, "MAX_WAIT_UNREAD", dt.timedelta(seconds=2))
    monkeypatch.setattr(failures, "MAX_BACKOFF", 0.3)
    monkeypatch.setattr(reachability, "MIN_PAUSE", dt.timedelta(seconds=0.5))
    monkeypatch.setattr(reachability, "MAX_PAUSE", dt.timedelta(seconds=0.5))
    monkeypatch.setattr(outage, "MIN_PAUSE", 0.1)
    monkeypatch.setattr(outage, "MAX_PAUSE", 0.2)


def untouched(run: Run) -> bool:
    """Whether all of its bindings are under way, as if nothing had been tried."""
    rows = Binding.objects.filter(run=run)
    return not rows.exclude(state__in=MOVING, attempts=0, cause="").exists()


def test_a_panel_that_is_away_before_its_plan_is_touched_is_waited_for(
    provider: Provider, workers: Workers, operator: Client
) -> None:
    with workers.asleep():
        run = provider.start(5)
        provider.sandbox.stop()
    workers.until(lambda: report.away(run) != [])
    assert untouched(run)
    (sentence,) = report.run_json(run)["waits"]
    assert sentence.startswith("billing cannot be read since 20")
    page = operator.get(f"/runs/{run.pk}/").text
    assert "Waits: billing cannot be read since <time" in page
    assert "it goes on by itself" in page
    assert [one.state for one in health().panels if one.name == "billing"] == ["away"]
    assert not health().ok
    assert run_state.can_move(run)

    # After a while the window leaves its place, and others are opened and leave at once.
    workers.until(lambda: Window.objects.filter(phase="closed").count() > 2, limit=60)
    assert untouched(run)
    assert set(Window.objects.filter(phase="closed").values_list("snapshot", flat=True)) == {None}
    assert Window.objects.exclude(phase="closed").count() <= 1
    assert Panel.objects.get(kind="billmanager").away_until is not None

    provider.sandbox.start()
    workers.finish(run)
    assert run.state == "finished"
    provider.sound(done=5)
    panel = Panel.objects.get(kind="billmanager")
    assert (panel.away_since, str(panel.away_why), panel.away_until) == (None, "", None)
    assert report.run_json(run)["waits"] == []


@pytest.mark.parametrize("kind", [*KINDS, "locked"])
def test_more_broken_answers_than_tries_before_a_plan_is_touched_fail_nobody(
    provider: Provider, workers: Workers, kind: str
) -> None:
    with workers.asleep():
        run = provider.start(2)
        provider.sandbox.faults({"panel": None, "func": "pricelist*", "kind": kind, "times": 7})
    workers.finish(run)
    assert run.state == "finished"
    provider.sound(done=2)


def test_a_server_that_is_away_keeps_only_its_own_accounts_waiting(
    provider: Provider, workers: Workers
) -> None:
    first, *others = sorted(provider.accounts, key=lambda account: account["server"])
    alike = [first, *(a for a in others if a["plan"] == first["plan"])]
    assert {account["server"] for account in alike} == {"isp1", "isp2"}
    with workers.asleep():
        run = provider.start(rows=provider.csv(alike))
        provider.sandbox.faults({"panel": "isp2", "func": "*", "kind": "http_500"})
    here = Binding.objects.filter(run=run, account__panel__name="isp1")
    there = Binding.objects.filter(run=run, account__panel__name="isp2")
    workers.until(lambda: not here.exclude(state="done").exists(), limit=90)
    assert set(there.values_list("state", flat=True)) <= {"queued", "waiting"}
    assert [panel.name for panel in report.away(run)] == ["isp2"]
    run.refresh_from_db()
    assert run.state == "running"
    provider.sandbox.faults()
    workers.finish(run)
    provider.sound(done=len(alike))


def test_no_try_of_a_binding_is_used_up_while_the_panel_cannot_be_read(
    provider: Provider, workers: Workers
) -> None:
    """Its task was found, and then the panel is away for more tries than there are."""
    run = provider.start(1)
    mine = Binding.objects.filter(run=run)
    workers.until(lambda: Window.objects.filter(phase="orders").exists())
    broken = [{"panel": None, "func": func, "kind": "http_500"} for func in ("task.edit", "whoami")]
    provider.sandbox.faults(*broken)
    failing = Call.objects.filter(binding__run=run, func="task.edit", outcome="unknown")
    workers.until(lambda: failing.count() > 4)
    assert mine.get().attempts <= 1
    assert mine.get().state in {"waiting", "running"}
    provider.sandbox.faults()
    workers.finish(run)
    provider.sound(done=1)


@pytest.mark.parametrize("kind", [step7.TAKE, step7.CLOSE])
def test_what_is_unknown_of_a_task_when_its_window_must_end_is_read_by_the_next(
    provider: Provider, workers: Workers, kind: str
) -> None:
    """A worker dies of it, BILLmanager goes away, and for longer than a plan may sell manually."""
    run = provider.start(1)
    sent = {"func": "task.edit", "when": {"sok": "ok"}, "kind": "slow_after", "seconds": 5.0}
    provider.sandbox.faults({"panel": None, **sent})
    unknown = Intent.objects.unsettled().filter(binding__run=run, kind=kind)
    workers.until(unknown.exists)
    provider.sandbox.faults({"panel": None, "func": "*", "kind": "http_500"})
    mine = Binding.objects.filter(run=run)
    workers.until(mine.filter(state="waiting").exists)
    mine.update(waiting_for=members.TURN, due_at=clock.now())  # as when its lease is taken back
    Window.objects.filter(phase="tasks").update(closing=True)
    workers.until(mine.filter(window=None).exists, limit=60)
    assert mine.get().state == "waiting"
    assert unknown.exists()
    provider.sandbox.faults()
    workers.finish(run)
    provider.sound(done=1)


def test_what_alone_does_not_answer_is_not_asked_for_without_end(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.faults({"panel": None, "func": "task.edit", "kind": "http_500"})
    run = workers.finish(provider.start(1))
    binding = Binding.objects.get(run=run)
    assert (binding.state, binding.step, binding.cause) == ("failed", 7, "unexpected")
    assert Call.objects.filter(func="task.edit", outcome="unknown").count() == 2
    assert not Panel.objects.filter(away_since__isnull=False).exists()


def test_passwords_that_cannot_be_tested_while_their_server_is_away_fail_nobody(
    provider: Provider, workers: Workers
) -> None:
    with workers.asleep():
        run = provider.start(2, check_passwords=True)
        provider.sandbox.stop()
    failing = Call.objects.filter(binding__run=run).exclude(outcome="done")
    workers.until(lambda: failing.count() > 6)
    assert untouched(run)
    provider.sandbox.start()
    workers.finish(run)
    provider.sound(done=2)


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (Unreachable("no connection"), True),
        (LimitTimeout("no place"), True),
        (Busy(Fault("locked")), True),
        (UnexpectedAnswer("HTTP 502", transient=True), True),
        (UnexpectedAnswer("no such element"), False),
        (CertificateRefused("another one"), False),
        (PanelStoppedError(verbatim("stopped")), False),
        (TooLate("we slept"), False),
    ],
)
def test_what_may_pass_by_itself(error: PanelError, passes: bool) -> None:
    assert reachability.is_transient(error) == passes


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_answer_before_a_run_is_started_is_asked_for_again(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(read_retries, "PAUSES", (0.01, 0.01, 0.01))
    provider.start(1)
    preview = Preview.objects.get()
    provider.sandbox.faults({"panel": None, "func": "*", "kind": kind, "times": 3})
    freshness.reread(preview)
    provider.sandbox.faults({"panel": None, "func": "*", "kind": kind, "times": 3})
    discovery.discover(provider.panel)
    assert provider.sandbox.rules()[0]["struck"] == 3
    provider.sandbox.faults({"panel": None, "func": "*", "kind": kind})
    with pytest.raises(PanelError):
        freshness.reread(preview)
    # A read whose kept connection is found closed is made once more by the transport itself.
    assert provider.sandbox.rules()[0]["struck"] >= len(read_retries.PAUSES) + 1


def test_what_a_panel_refuses_is_not_asked_for_again(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_retries, "PAUSES", (0.01, 0.01, 0.01))
    provider.sandbox.faults({"panel": None, "func": "account", "kind": "access"})
    with pytest.raises(PanelError):
        discovery.discover(provider.panel)
    assert provider.sandbox.rules()[0]["struck"] == 1


def test_a_panel_that_is_away_for_long_is_not_drawn_for(db: None) -> None:
    panel = factories.billmanager(away_until=clock.now() + dt.timedelta(minutes=1))
    factories.binding(prepared=True, waiting_for="window")
    assert cohorts.draw_all() == 0
    Panel.objects.filter(pk=panel.pk).update(away_until=clock.now())
    assert cohorts.draw_all() == 1
    assert len(open_windows()) == 1
