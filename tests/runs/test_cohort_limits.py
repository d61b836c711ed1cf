"""How large a cohort may be, by how long earlier ones on the plan sold manually."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from integrator.core import clock
from integrator.runs import cohort_limits
from tests import factories

if TYPE_CHECKING:
    from integrator.models import Plan, Window

pytestmark = pytest.mark.django_db


def closed(plan: Plan, cohort: int, seconds: float, **fields: object) -> Window:
    """A window that is over: its orders were placed in so many seconds."""
    until = clock.now()
    times = {"manual_only_at": until - dt.timedelta(seconds=seconds), "manual_only_until": until}
    return factories.window("closed", plan=plan, cohort=cohort, **{**times, **fields})


def test_a_plan_that_told_nothing_yet_gets_a_hundred_at_most() -> None:
    plan = factories.plan()
    closed(plan, 1, 0.4)  # of a canary the switching is most of it
    closed(plan, 50, 2.0, wants_orders=False)
    closed(plan, 50, 2.0, manual_only_until=None)
    closed(factories.plan(), 50, 2.0)
    assert cohort_limits.largest(plan.pk, 200) == 100
    assert cohort_limits.largest(plan.pk, 30) == 30


@pytest.mark.parametrize(
    ("seconds", "most", "expected"),
    [
        (5.0, 1000, 200),
        (5.0, 150, 150),
        (25.0, 200, 40),
        (100.0, 200, 20),
        (2000.0, 200, 20),
        (2000.0, 5, 5),
    ],
)
def test_as_many_as_can_be_ordered_in_the_time_of_the_setting(
    seconds: float, most: int, expected: int
) -> None:
    plan = factories.plan()
    closed(plan, 50, seconds)
    assert cohort_limits.largest(plan.pk, most) == expected


def test_a_canary_tells_how_long_the_switching_takes() -> None:
    plan = factories.plan()
    closed(factories.plan(), 1, 2.0)
    closed(plan, 10, 3.8)
    assert cohort_limits.largest(plan.pk, 1000) == 91  # 1.8 s, and 0.2 s an order
    closed(plan, 50, 1.9)  # faster than the canary: then it is as fast as can be believed
    assert cohort_limits.largest(plan.pk, 1000) == 1000


def test_the_slowest_of_the_latest_windows_counts() -> None:
    plan = factories.plan()
    for seconds in (500.0, 5.0, 25.0, 5.0):
        closed(plan, 50, seconds)
    assert cohort_limits.largest(plan.pk, 1000) == 40


def test_small_cohorts_tell_the_pace_only_where_no_larger_one_does() -> None:
    """Most of their time is switching; but where all are small, nothing else could tell."""
    plan = factories.plan()
    closed(plan, 50, 5.0)
    closed(plan, 10, 4.0)
    assert cohort_limits.largest(plan.pk, 1000) == 200
    closed(plan, 10, 4.0)
    closed(plan, 10, 4.0)
    assert cohort_limits.largest(plan.pk, 1000) == 50


def test_the_canary_of_one_plan_went_ahead_for_all() -> None:
    assert [cohort_limits.proven(done) for done in (0, 1, 11)] == [1, 1, 11]
