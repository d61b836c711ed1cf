"""The pace of cohorts over histories that were made up, and what is to come by it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import pytest

from integrator.previews.cohort_sizes import sizes
from integrator.runs import pace, working_hours
from integrator.runs.estimate import Estimate
from integrator.runs.pace import Calls, Cohort, Coming, Open
from tests.services.estimates import is_right

pytestmark = pytest.mark.any_database


@dataclass
class Window:
    """A window that is open: ``rest`` of its fixed part, then ``work`` that all windows share."""

    plan: int
    size: int
    began: float
    rest: float
    work: float


@dataclass
class History:
    """A made-up run: each plan's windows follow one another, and share what the panel takes.

    ``fixed``: seconds of a window by itself; ``each``: those of a binding for which all of the
    panel works. The canary takes half as long again.
    """

    accounts: dict[int, int]
    fixed: float
    each: float
    lanes: int
    full: int = 100
    now: float = 0.0
    through: list[Cohort] = field(default_factory=list)
    opened: list[Window] = field(default_factory=list)
    looks: list[tuple[float, pace.Pace | None, float | None]] = field(default_factory=list)

    def play(self, calls: Calls) -> float:
        """Play it; when it was over. ``looks``: at each close the pace, and the time left by it."""
        first = next(iter(self.accounts))
        queues = {first: [1]}
        self._fill(queues)
        left = self.accounts[first] - 1
        queues[first] = sizes(left, 1, self.full)
        for plan, count in self.accounts.items():
            if plan != first:
                queues[plan] = sizes(count, 1, self.full)
        while True:
            known = pace.of(self.through, [self._so_far(one) for one in self.opened], calls)
            opened = [Open(one.plan, one.size, self.now - one.began) for one in self.opened]
            coming = {plan: Coming(left) for plan, left in queues.items()}
            told = pace.rest(known, opened, coming, self.lanes) if known else None
            self.looks.append((self.now, known, told))
            if not self.opened and not any(queues.values()):
                return self.now
            self._fill(queues)

    def _fill(self, queues: dict[int, list[int]]) -> None:
        """Open windows where there is room, and go on until one of them closes."""
        for plan in sorted(queues, key=lambda plan: -sum(queues[plan])):
            busy = {one.plan for one in self.opened}
            if queues[plan] and plan not in busy and len(busy) < self.lanes:
                size = queues[plan].pop(0)
                fixed = self.fixed * (1.5 if not self.through else 1.0)
                self.opened.append(Window(plan, size, self.now, fixed, size * self.each))
        while all(one.work > 1e-9 for one in self.opened):
            self._go_on()
        for one in [one for one in self.opened if one.work <= 1e-9]:
            self.opened.remove(one)
            self.through.append(self._so_far(one))

    def _go_on(self) -> None:
        working = [one for one in self.opened if one.rest <= 1e-9]
        steps = [one.work * len(working) if one in working else one.rest for one in self.opened]
        step = min(steps)
        self.now += step
        for one in self.opened:
            if one in working:
                one.work -= step / len(working)
            else:
                one.rest -= step

    def _so_far(self, one: Window) -> Cohort:
        return Cohort(one.plan, one.size, one.began, self.now)


@pytest.mark.parametrize("told", [0.75, 1.0, 1.25], ids="calls told {} times".format)
@pytest.mark.parametrize(("fixed", "each"), [(5.0, 0.05), (4.0, 0.5), (40.0, 0.5), (60.0, 2.0)])
@pytest.mark.parametrize(
    ("accounts", "lanes"),
    [
        ({1: 30}, 1),
        ({1: 1000}, 2),
        ({1: 100, 2: 100, 3: 100}, 2),
        ({1: 1800, 2: 900, 3: 500, 4: 200, 5: 5}, 2),
        (dict.fromkeys(range(8), 60), 8),
    ],
    ids=str,
)
def test_after_two_cohorts_no_figure_is_wrong_by_more_than_a_factor_of_two(
    accounts: dict[int, int], lanes: int, fixed: float, each: float, told: float
) -> None:
    history = History(accounts, fixed, each, lanes)
    limit = lanes * 4
    over = history.play(Calls(each * limit * told, limit))
    wrong = []
    for at, known, seconds in history.looks[:-1]:
        if known is None or seconds is None:
            assert sum(one.ended <= at for one in history.through) < pace.MIN_COHORTS
            continue
        told_as = Estimate(seconds / (1 + known.spread), seconds * (1 + known.spread))
        if not is_right(told_as, over - at):
            wrong.append((round(at), round(over - at), round(seconds), told_as.words))
    assert not wrong, (wrong, over)


def test_a_canary_alone_tells_nothing() -> None:
    """The run of 3,405 accounts: *24 h* by the rate of its canary, twenty minutes in truth."""
    history = History({1: 1900, 2: 1100, 3: 405}, fixed=9.0, each=0.25, lanes=2)
    over = history.play(Calls(2.0, 8))
    (first, known, seconds), (second, then, foreseen) = history.looks[0], history.looks[1]
    assert (known, seconds) == (None, None)
    assert first * 3405 > 10 * over, "which is what its rate would have promised"
    assert then is not None
    assert foreseen == pytest.approx(over - second, rel=0.3)


def test_more_cohorts_make_the_range_narrower() -> None:
    history = History({1: 1000}, fixed=9.0, each=0.25, lanes=2)
    history.play(Calls(2.0, 8))
    spreads = [known.spread for _at, known, _seconds in history.looks if known]
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[-1] < spreads[0] / 1.5


def test_cohorts_of_one_size_are_told_apart_by_what_calls_take() -> None:
    same = [Cohort(1, 1, at, at + 10.0) for at in (0.0, 10.0, 20.0)]
    known = pace.of(same, [], Calls(seconds=4.0, limit=8))
    assert known is not None
    assert known.seconds(1, 1, 1) == pytest.approx(10.0, rel=0.01)
    assert known.seconds(1, 101, 1) == pytest.approx(10.0 + 100 * 4.0 / 8, rel=0.05)


def test_a_plan_that_takes_longer_is_known_by_its_own_cohorts() -> None:
    order = (1, 5), (1, 5), (2, 30), (1, 5), (2, 30), (2, 30), (1, 5)
    cohorts = [Cohort(plan, 10, n * 40.0, n * 40.0 + took) for n, (plan, took) in enumerate(order)]
    known = pace.of(cohorts, [], Calls(0.8, 8))
    assert known is not None
    assert known.seconds(2, 10, 1) > 2 * known.seconds(1, 10, 1)
    assert known.seconds(1, 10, 1) <= known.seconds(3, 10, 1) <= known.seconds(2, 10, 1)


def test_windows_of_others_take_places() -> None:
    known = pace.Pace({}, 10.0, 0.0, Calls(1.0, 8))
    ours, others = Coming([10]), Coming([100, 100], ours=False)
    assert pace.rest(known, [], {1: ours}, 1) == 10.0
    assert pace.rest(known, [], {1: ours, 2: others}, 1) == 30.0
    assert pace.rest(known, [], {1: ours, 2: others}, 2) == 10.0
    assert pace.rest(known, [], {1: Coming([10, 100]), 2: Coming([150], ours=False)}, 1) == 30.0
    assert pace.rest(known, [Open(2, 50, 4.0, ours=False)], {1: ours}, 1) == 16.0
    three = [Open(plan, 50, 4.0, ours=False) for plan in (2, 3, 4)]
    assert pace.rest(known, three, {1: ours}, 1) == 16.0, "though there are too many"


def test_a_window_that_takes_too_long_is_taken_to_end_soon() -> None:
    known = pace.Pace({}, 100.0, 0.0, Calls(1.0, 8))
    assert pace.rest(known, [Open(1, 10, 40.0)], {}, 1) == 60.0
    assert pace.rest(known, [Open(1, 10, 4000.0)], {}, 1) == pytest.approx(5.0)
    assert pace.rest(known, [Open(1, 10, 4000.0, ours=False)], {}, 1) == 0.0


def test_a_window_past_its_gate_tells_better_than_the_clock() -> None:
    cohorts = [Cohort(1, 10, at, at + 100.0, gate=60.0) for at in (0.0, 100.0, 200.0)]
    known = pace.of(cohorts, [], Calls(0.8, 8))
    assert known is not None
    assert known.gate == pytest.approx(0.6)
    for seconds in (20.0, 60.0, 300.0):
        there = Open(1, 10, seconds, past_gate=10.0)
        assert pace.rest(known, [there], {}, 1) == pytest.approx(30.0, rel=0.01)


def test_accounts_of_one_client_are_ordered_in_turn() -> None:
    known = pace.Pace({}, 10.0, 0.01, Calls(seconds=1.0, limit=8))
    alone = pace.rest(known, [], {1: Coming([50], clients=50)}, 1)
    shared = pace.rest(known, [], {1: Coming([50], clients=10)}, 1)
    one = pace.rest(known, [], {1: Coming([50], clients=1)}, 1)
    assert alone < shared < one
    assert one == pytest.approx(10.0 + 49 * 1.0, rel=0.05)


NIGHT = dt.time(22, 0), dt.time(2, 0)


@pytest.mark.parametrize(
    ("now", "hours_of_work", "hours"),
    [
        ("12:00", 1, 11),
        ("12:00", 4, 14),
        ("12:00", 5, 35),
        ("21:59", 4, 4 + 1 / 60),
        ("22:00", 4, 4),
        ("23:00", 3, 3),
        ("01:00", 1, 1),
        ("01:00", 2, 22),
        ("01:00", 9.5, 69.5),
        ("02:00", 1, 21),
    ],
)
def test_outside_of_its_hours_nothing_is_done(now: str, hours_of_work: float, hours: float) -> None:
    at = dt.datetime.combine(dt.date(2026, 3, 2), dt.time.fromisoformat(now))
    seconds = working_hours.until_worked(hours_of_work * 3600, at, NIGHT)
    assert seconds == pytest.approx(hours * 3600)
    then = at + dt.timedelta(seconds=seconds)
    assert working_hours.worked_since(at, then, NIGHT) == pytest.approx(hours_of_work * 3600)
