"""The overview says what is left and why, what the last days brought, and what comes next."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from integrator.core.clock import now
from integrator.models import Binding, Panel, PlanMap
from integrator.previews.rehearsal import rehearsal
from integrator.web.layout import insights
from tests import factories

if TYPE_CHECKING:
    from django.test import Client


def test_each_unbound_account_is_counted_for_one_reason_that_its_filter_lists(
    operator: Client,
) -> None:
    payer, sold = factories.client(), factories.plan("Business")
    both: dict[str, Any] = {"client": payer, "plan": sold}
    factories.account("a1", match_state="ready", **both)
    factories.account("a2", match_state="choose", match_candidates=[1, 2], plan=sold, client=None)
    factories.account("a3", match_state="blocked", match_candidates=[], plan=sold, client=None)
    factories.account("a4", match_state="choose", match_candidates=[1], client=payer, plan=None)
    factories.account("a5", match_state="blocked", match_candidates=[1], **both)
    factories.account("a6", match_state="blocked", match_candidates=[], plan=None, client=None)
    factories.done(account=factories.account("a7", **both))
    found = {one.key: one.count for one in insights.reasons()}
    assert found == {"several": 1, "no-client": 2, "no-plan": 1, "obstacle": 1, "ready": 1}
    assert {one.key: one.share for one in insights.reasons()}["no-client"] == 100
    for key, count in found.items():
        listed = operator.get(f"/accounts/?match={key}").text
        assert listed.count("data-row-tick") == count, key


def test_the_days_show_what_was_done_and_what_stopped(db: None) -> None:
    assert insights.days() == []
    for days_ago, number in ((0, 3), (2, 1), (40, 5)):
        for _ in range(number):
            made = factories.done()
            at = now() - dt.timedelta(days=days_ago)
            Binding.objects.filter(pk=made.pk).update(done_at=at)
    factories.failed()
    days = insights.days()
    assert len(days) == insights.DAYS
    assert [(day.done, day.stopped) for day in days if day.done or day.stopped] == [(1, 0), (3, 1)]
    today = days[-1]
    assert today.done_height + today.stopped_height == insights.HEIGHT
    assert (today.done_y, today.stopped_y) == (15.0, 0.0)


def test_exposure_and_pace_are_of_late(db: None) -> None:
    plan = factories.plan("Gold")
    for seconds, days_ago in ((10, 0), (30, 1), (500, 20)):
        at = now() - dt.timedelta(days=days_ago)
        until = at + dt.timedelta(seconds=seconds)
        factories.window("closed", plan=plan, manual_only_at=at, manual_only_until=until)
    (found,) = insights.exposure()
    assert (found["plan__name"], found["windows"]) == ("Gold", 2)
    assert (round(found["total"]), round(found["longest"])) == (40, 30)

    bound = factories.binding("running", 3)
    factories.call(bound, seconds=0.2)
    factories.call(bound, seconds=0.4, outcome="unknown")
    factories.call(bound, at=now() - dt.timedelta(hours=2), panel="isp1")
    (pace,) = insights.pace()
    assert (pace["panel"], pace["calls"], pace["bad"]) == ("billing", 2, 1)
    assert round(pace["mean"], 3) == 0.3


def test_the_first_steps_are_done_one_after_the_other(operator: Client) -> None:
    def open_steps() -> list[str]:
        return [key for key, done in insights.first_steps() if not done]

    everything = [key for key, _done in insights.first_steps()]
    assert open_steps() == everything
    assert "First steps" in operator.get("/").text
    factories.panel("billing", "billmanager", checked_at=None)
    server = factories.panel("isp1")
    assert open_steps() == everything[2:]
    Panel.objects.update(checked_at=now())
    assert open_steps() == everything[3:]
    doubtful = factories.account("a1", panel=server, match_state="choose", match_candidates=[1, 2])
    assert open_steps() == ["clients", "rehearse", "bind"]
    doubtful.match_state, doubtful.client, doubtful.plan = "choose", factories.client(), None
    doubtful.save()
    assert open_steps() == ["plan-map", "rehearse", "bind"]
    PlanMap.objects.create(preset="x", plan=factories.plan("Gold"))
    run = factories.run()
    run.preview.summary = {**run.preview.summary, rehearsal.KEY: {"state": rehearsal.DONE}}
    run.preview.save()
    assert open_steps() == ["bind"]
    factories.done()
    assert insights.first_steps() == []
    assert "First steps" not in operator.get("/").text
