"""The time left of a run by its rows: what is counted, what is waited for, and what it costs."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from integrator.core import clock
from integrator.messages.message import NOTHING, say
from integrator.models import Binding, Panel, Run, Window
from integrator.runs import tally, time_left
from tests import factories
from tests.statements import Statements

if TYPE_CHECKING:
    from integrator.models import Plan
    from integrator.runs.estimate import Estimate

pytestmark = [pytest.mark.any_database, pytest.mark.usefixtures("db")]

SECONDS = 40.0
"""Of each window that is through."""


def told(run: Run) -> Estimate:
    run.refresh_from_db()
    return time_left.of(run, tally.of(run))


def several(run: Run, plan: Plan, count: int, **fields: Any) -> None:
    """So many bindings of the run that wait for a window on this plan, each of its own client."""
    made = factories.binding(run=run, plan=plan, **{"prepared": True, **fields})
    again = []
    for number in range(1, count):
        account = factories.account()
        values = {name: getattr(made, name) for name in (
            "run", "plan", "su", "datacenter_id", "module_id", "domain", "period", "autoprolong",
            "price", "state", "step", "prepared", "waiting_for", "window", "created_at",
            "state_at", "step_at", "due_at", "done_at", "nth_of_client")}  # fmt: skip
        values |= {"account": account, "client": factories.client(), "number": made.number + number}
        again.append(Binding(marker=f"{made.marker}-{number}", **values))
    Binding.objects.bulk_create(again)


def through(run: Run, plan: Plan, size: int, ago: float) -> Window:
    """A window of the run with so many bindings, that closed so many seconds ago."""
    closed = clock.now() - dt.timedelta(seconds=ago)
    began = closed - dt.timedelta(seconds=SECONDS)
    times = {"manual_only_at": began, "manual_only_until": began + dt.timedelta(seconds=1)}
    window = factories.window("closed", plan=plan, cohort=size, created_at=began, **times)
    Window.objects.filter(pk=window.pk).update(closed_at=closed)
    several(run, plan, size, state="done", step=8, window=window)
    return window


@pytest.fixture
def run() -> Run:
    """A run of which the canary and a cohort of ten are through, and sixty wait."""
    factories.billmanager()
    made = factories.run(total=71)
    plan = factories.plan("Start")
    through(made, plan, 1, ago=SECONDS)
    through(made, plan, 10, ago=0)
    several(made, plan, 60)
    return made


def plan_of(run: Run) -> Plan:
    return run.bindings.select_related("plan")[0].plan


def test_after_a_canary_it_is_estimating_and_after_two_cohorts_it_is_told() -> None:
    factories.billmanager()
    run, plan = factories.run(total=3405), factories.plan("Start")
    several(run, plan, 30)
    assert told(run).words == "estimating"
    through(run, plan, 1, ago=SECONDS)
    assert (told(run).words, told(run).per_minute) == ("estimating", None)
    through(run, plan, 10, ago=0)
    assert told(run).words == "about 1 min left"
    assert told(run).per_minute == pytest.approx(11 / 80 * 60, abs=0.1)


def test_what_is_to_come_are_cohorts_that_grow(run: Run) -> None:
    one = told(run)  # sixty, after ten
    assert one.shortest is not None
    assert one.longest is not None
    assert one.shortest < SECONDS < one.longest
    several(run, plan_of(run), 100)
    two = told(run)  # eighty, and eighty
    assert two.shortest is not None
    assert two.longest is not None
    assert 1.8 * one.longest < two.longest < 2.5 * one.longest


def test_plans_side_by_side_take_no_longer_as_far_as_the_panel_allows(run: Run) -> None:
    Panel.objects.update(max_parallel=8)
    alone = told(run)
    several(run, factories.plan("Business"), 11)  # at once, since a canary has gone ahead
    beside = told(run)
    Panel.objects.update(max_parallel=2)
    in_turns = told(run)
    assert alone.longest is not None
    assert beside.longest is not None
    assert in_turns.longest is not None
    assert beside.longest < 1.3 * alone.longest
    assert in_turns.longest > 1.8 * alone.longest


def test_a_window_that_is_open_has_done_a_part(run: Run) -> None:
    window = factories.window("orders", plan=plan_of(run), cohort=50)
    waiting = run.bindings.filter(state="queued").order_by("pk").values("pk")
    Binding.objects.filter(pk__in=list(waiting[:50].values_list("pk", flat=True))).update(
        state="waiting", window=window
    )
    longest = []
    for seconds in (0, 30, 60):
        began = clock.now() - dt.timedelta(seconds=seconds)
        Window.objects.filter(pk=window.pk).update(created_at=began)
        longest.append(told(run).longest or 0.0)
    assert longest == sorted(longest, reverse=True)
    assert longest[0] - longest[1] > 25


def test_other_runs_take_their_turns(run: Run) -> None:
    several(run, plan_of(run), 200)
    alone = told(run).longest or 0.0
    other = factories.run(total=300)
    several(other, plan_of(run), 300)
    shared = told(run).longest or 0.0
    Run.objects.filter(pk=other.pk).update(state="paused")
    assert told(run).longest == pytest.approx(alone, rel=0.02)
    assert shared > 1.3 * alone


def test_one_client_is_ordered_for_in_turn(run: Run) -> None:
    factories.call(run.bindings.filter(state="done")[5], seconds=4.0)
    before = told(run).longest or 0.0
    client = factories.client()
    for number, binding in enumerate(run.bindings.filter(state="queued")):
        Binding.objects.filter(pk=binding.pk).update(client=client, nth_of_client=number)
    after = told(run)
    assert before < 60 * 4.0
    assert (after.shortest or 0.0) > 60 * 4.0 / 2
    assert (after.longest or 0.0) >= 60 * 4.0


def test_what_waits_for_a_person_is_no_work_and_said_beside(run: Run) -> None:
    before = told(run)
    assert before.persons_words == ""
    several(run, plan_of(run), 2, state="undecided")
    several(run, plan_of(run), 20, state="waiting", waiting_for="lane")
    factories.failed(run=run, plan=plan_of(run))
    after = told(run)
    assert after.persons_words == "23 wait for a person"
    assert after.longest == pytest.approx(before.longest, rel=0.02)


@pytest.mark.parametrize(
    "fields", [{"held": True}, {"asks": 5, "guided": True}], ids=["held", "asks"]
)
def test_a_plan_that_waits_for_a_person_is_no_work(run: Run, fields: dict[str, Any]) -> None:
    several(run, factories.plan("Business"), 10)
    factories.window("orders", plan=plan_of(run), **fields)
    assert told(run).persons_words == "60 wait for a person"
    assert told(run).longest is not None
    run.bindings.filter(plan__name="Business").delete()
    assert told(run).words == "waits for a person"
    Window.objects.filter(phase="orders").update(held_until=clock.now(), asks=None)
    assert told(run).persons_words == ""


def test_a_run_that_does_not_go_on_is_promised_no_time(run: Run) -> None:
    for state in ("paused", "cancelled", "undecided", "finished"):
        Run.objects.filter(pk=run.pk).update(state=state)
        assert (told(run).words, told(run).per_minute) == ("", None)


def test_while_a_panel_is_away_it_is_said_which(run: Run) -> None:
    Panel.objects.filter(kind="billmanager").update(away_since=clock.now())
    assert told(run).words == "no estimate while billing cannot be read"
    assert (told(run).longest, told(run).per_minute) == (None, None)
    Panel.objects.update(
        away_since=None, stopped=say("password.wrong_in_row", count=5, server="web")
    )
    assert "billing" in told(run).words
    Panel.objects.update(stopped=NOTHING)
    elsewhere = factories.panel("web-9", away_since=clock.now())
    assert told(run).longest is not None, "nothing of this run is on that server"
    several(run, plan_of(run), 1, account=factories.account(panel=elsewhere))
    assert told(run).words == "no estimate while web-9 cannot be read"


def test_outside_of_its_hours_the_time_until_they_begin_counts(run: Run) -> None:
    before = told(run).longest or 0.0
    now = clock.now()
    hours = [now + dt.timedelta(hours=n) for n in (5, 7)]
    run.preview.hours = "-".join(f"{hour:%H:%M}" for hour in hours)
    run.preview.save()
    after = told(run)
    assert before < 600
    assert 4.9 * 3600 < (after.shortest or 0.0) <= (after.longest or 0.0) < 5.3 * 3600
    assert after.words == "about 5 h left"
    assert after.per_minute is None


def test_passwords_that_are_to_be_tested_take_their_time(run: Run) -> None:
    run.preview.check_passwords = True
    run.preview.save()
    several(run, plan_of(run), 120, prepared=False, waiting_for="password")
    after = told(run)  # four minutes for seventy, by the factory's run
    assert (after.shortest or 0.0) < 240 * 120 / 71 < (after.longest or 0.0)
    elsewhere = factories.account(panel=factories.panel("web-9"))
    several(run, plan_of(run), 1, prepared=False, waiting_for="password", account=elsewhere)
    assert told(run).words == "estimating", "of that server nothing is known"


def test_it_costs_as_much_for_a_large_run_as_for_a_small_one(run: Run) -> None:
    def statements() -> int:
        with Statements() as asked:
            told(run)
        return len(asked)

    few = statements()
    for ago in range(20):
        through(run, plan_of(run), 20, ago=ago)
    several(run, plan_of(run), 300)
    several(factories.run(total=5), plan_of(run), 5)
    factories.window("orders")
    assert statements() == few <= 9
    assert len(tally.of(run).windows) <= tally.LATEST + 2
