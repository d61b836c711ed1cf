"""The course of a run: windows of its plans to scale."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from integrator.core.clock import now
from integrator.models.states import Phase
from integrator.web.runs import course
from tests import factories

if TYPE_CHECKING:
    from django.test import Client

    from integrator.models import Plan, Run, Window

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def run(db: None) -> Run:
    begin = now() - 10 * MINUTE
    return factories.run(total=4, started_at=begin, finished_at=begin + 10 * MINUTE)


def window(run: Run, plan: Plan, begin: float, end: float, **fields: object) -> Window:
    """A closed window between these minutes of the run, which sold manually in its first half."""
    opened, closed = run.started_at + begin * MINUTE, run.started_at + end * MINUTE
    return factories.window(
        Phase.CLOSED, plan=plan, opened_at=opened, closed_at=closed, manual_only_at=opened,
        manual_only_until=opened + (closed - opened) / 2, **fields,
    )  # fmt: skip


def test_windows_stand_where_and_as_high_as_they_were(run: Run) -> None:
    plan = factories.plan("Start")
    factories.done(run=run, plan=plan)
    slow, fast = window(run, plan, 0, 4, cohort=4), window(run, plan, 5, 7, cohort=20)
    (lane,) = course.of(run).lanes
    assert [(bar.window, bar.x, bar.width) for bar in lane.bars] == [
        (slow.pk, 0.0, 400.0),
        (fast.pk, 500.0, 200.0),
    ]
    assert [bar.height for bar in lane.bars] == [course.MIN_HEIGHT, course.HEIGHT]
    assert [(bar.manual_x, bar.manual_width) for bar in lane.bars] == [(0.0, 200.0), (500.0, 100.0)]
    assert (lane.manual_seconds, lane.longest) == (180.0, 120.0)


def test_windows_of_other_plans_and_times_are_left_out(run: Run) -> None:
    plan = factories.plan("Start")
    factories.done(run=run, plan=plan)
    window(run, factories.plan("Business"), 1, 2)
    window(run, plan, -5, -3)
    window(run, plan, 12, 13)
    assert course.of(run).lanes == []


def test_an_open_window_reaches_to_now(db: None) -> None:
    run = factories.run(started_at=now() - 2 * MINUTE)
    plan = factories.plan("Start")
    factories.binding("running", 3, run=run, plan=plan)
    begin = now() - MINUTE
    factories.window(plan=plan, opened_at=begin, manual_only_at=begin, cohort=1)
    (lane,) = course.of(run).lanes
    (bar,) = lane.bars
    assert bar.x == pytest.approx(500, abs=20)
    assert bar.x + bar.width == pytest.approx(1000, abs=1)
    assert bar.manual_seconds == pytest.approx(60, abs=3)


def test_the_page_draws_it_in_any_language(run: Run, viewer: Client) -> None:
    plan = factories.plan("Start")
    factories.done(run=run, plan=plan)
    window(run, plan, 0.1, 4.35, cohort=4)
    for language in ("en", "ru"):
        viewer.cookies["django_language"] = language
        text = viewer.get(f"/runs/{run.pk}/").text
        assert 'x="10.0"' in text  # numbers of a drawing have points in every language
        assert 'width="425.0"' in text
