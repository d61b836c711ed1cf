"""When a run is over, when it goes on, and at which hours it may work."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from integrator.bindings.operator import actions, report
from integrator.maintenance import sweep
from integrator.messages.message import say
from integrator.models import Binding, Event, Run
from integrator.runs import run_state
from tests import factories

if TYPE_CHECKING:
    from django.test import Client


def test_a_run_is_not_over_when_its_failed_ones_are_retried_at_that_moment(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = factories.failed()
    can_move = run_state.can_move

    def look_and_be_late(run: Run) -> bool:
        monkeypatch.setattr(run_state, "can_move", can_move)
        found = can_move(run)
        actions.retry(Binding.objects.filter(pk=failed.pk), "anna")
        return found

    monkeypatch.setattr(run_state, "can_move", look_and_be_late)
    assert run_state.finish_if_over(failed.run) is False
    failed.run.refresh_from_db()
    assert failed.run.state == "running"


def test_what_is_retried_opens_its_run_again_and_a_mend_no_cancelled_one(
    transactional_db: None,
) -> None:
    failed = factories.failed()
    assert run_state.finish_if_over(failed.run) is True
    actions.retry(Binding.objects.filter(pk=failed.pk), "anna")
    actions.cancel(failed.run_id, "anna")
    assert run_state.reopen(failed.run_id, why=say("run.moves")) is False
    assert run_state.reopen(failed.run_id, why=say("run.retried"), cancelled=True) is True
    told = Event.objects.filter(run=failed.run, subject="run").order_by("id")
    assert [one.to_state for one in told][-4:] == ["finished", "running", "cancelled", "running"]


@pytest.mark.usefixtures("quick")
@pytest.mark.any_database
def test_a_run_with_an_open_question_is_not_finished(db: None, operator: Client) -> None:
    binding = factories.undecided(in_lane=True)
    run = binding.run
    behind = factories.binding(run=run, client=binding.client, prepared=True)
    assert run_state.finish_if_over(run)
    run.refresh_from_db()
    assert (run.state, run.finished_at) == ("undecided", None)
    assert not run_state.finish_if_over(run)
    assert report.run_json(run)["state"] == "undecided"
    page = operator.get(f"/runs/{run.pk}/").text
    assert "Nothing goes on before a decision is taken." in page
    assert "Needs a decision" in operator.get("/runs/").text
    assert f"/runs/{run.pk}/" in operator.get("/").text

    actions.try_again(binding.pk, "anna")
    run.refresh_from_db()
    assert run.state == "running"
    Binding.objects.filter(run=run).update(state="done", in_lane=False)
    behind.refresh_from_db()
    assert run_state.finish_if_over(run)
    run.refresh_from_db()
    assert run.state == "finished"
    assert run.finished_at is not None


@pytest.mark.usefixtures("quick")
@pytest.mark.any_database
def test_a_question_that_is_settled_elsewhere_finishes_the_run(db: None) -> None:
    factories.billmanager()
    binding = factories.undecided(run=factories.run(state="undecided"))
    sweep.sweep()
    run = Run.objects.get(pk=binding.run_id)
    assert run.state == "undecided"
    Binding.objects.filter(pk=binding.pk).update(state="cancelled", reserved=False)
    sweep.sweep()
    run.refresh_from_db()
    assert run.state == "finished"
    binding.refresh_from_db()
    Binding.objects.filter(pk=binding.pk).update(state="queued")
    sweep.sweep()
    run.refresh_from_db()
    assert run.state == "running"


@pytest.mark.parametrize(
    ("hours", "at", "may", "begins"),
    [
        ("", "12:00", True, None),
        ("02:00-06:00", "02:00", True, None),
        ("02:00-06:00", "06:00", False, 20.0),
        ("02:00-06:00", "01:59", False, 1 / 60),
        ("22:00-04:00", "23:30", True, None),
        ("22:00-04:00", "00:00", True, None),
        ("22:00-04:00", "03:59", True, None),
        ("22:00-04:00", "04:00", False, 18.0),
        ("22:00-04:00", "21:00", False, 1.0),
    ],
)
def test_hours_may_run_past_midnight(
    db: None, hours: str, at: str, may: bool, begins: float | None
) -> None:
    run = factories.run(preview=factories.preview(hours=hours))
    hour, minute = map(int, at.split(":"))
    now = dt.datetime(2026, 3, 28, hour, minute, tzinfo=dt.UTC)
    assert run_state.may_work(run, now) is may
    next_at = run_state.begins_at(run, now)
    if begins is None:
        assert next_at is None
    else:
        assert next_at is not None
        assert (next_at - now).total_seconds() / 3600 == pytest.approx(begins)
