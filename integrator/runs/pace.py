"""The pace of cohorts, and how long those to come take by it. Knows no rows: figures alone.

A window takes a part that is the same for each cohort (switches, their reading back, what
BILLmanager does by itself) and a part for each binding. That grows with the windows beside it,
since they share the calls that the panel takes at once. Where clients have several accounts in
one cohort, it is longer by the rounds in which these are ordered, one after the other.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MIN_COHORTS = 2
"""Before so many cohorts are through, nothing can be told apart."""
PRIOR_WEIGHT = 1000.0
"""What calls tell of a binding's part weighs as cohorts do whose sizes vary by as much (bindings
squared): more than the first small cohorts, and less than one of fifty."""
MIN_SHARE = 0.8
"""A binding's part is at the least so much of what its calls take: no panel is faster than it is,
but what was measured of calls is of a while ago."""
CALLS_AT_ONCE = 8
"""So many calls at once one window makes at the most: as many workers are woken for it."""
ORDERS_IN_A_ROW = 4
"""So many bindings a worker takes at a time."""
OWN_SECONDS = 0.015
"""What a binding takes of ours beside its calls, until cohorts have told."""
MIN_LEFT = 0.05
"""A window that takes longer than was foreseen is taken to need so much of its time still."""
MIN_SPREAD, FIRST_SPREAD, MAX_SPREAD = 0.15, 0.3, 0.5
"""By how much a figure may be wrong: however much is known; in addition by the first cohort alone,
and by more the less; and at the most, as shares."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """A cohort that is through: its size, and its window's begin and end in seconds.

    ``rounds``: how many bindings it has for each of its clients. ``gate``: how many seconds it
    took until its orders were behind the gate; None: not known.
    """

    plan: int
    size: int
    began: float
    ended: float
    rounds: float = 1.0
    gate: float | None = None

    @property
    def seconds(self) -> float:
        """How long its window was open."""
        return self.ended - self.began


@dataclass(frozen=True, slots=True)
class Open:
    """A window that is open: its size, and for how many seconds it has been.

    ``ours``: whether the run that is asked about has bindings in it; ``rounds`` as of `Cohort`.
    ``past_gate``: how many seconds ago it passed the gate; None: it has not.
    """

    plan: int
    size: int
    seconds: float
    ours: bool = True
    rounds: float = 1.0
    past_gate: float | None = None


@dataclass(frozen=True, slots=True)
class Coming:
    """The sizes of the cohorts that a plan's windows are still to be opened for, in order.

    ``clients``: how many clients the bindings have that wait; 0: as many as there are bindings.
    ``ours``: whether they are of the run that is asked about; others take places.
    """

    sizes: Sequence[int]
    clients: int = 0
    ours: bool = True


@dataclass(frozen=True, slots=True)
class Calls:
    """What bindings and the panel say of calls.

    ``seconds``: of all calls of one binding, one after the other; ``limit``: how many calls the
    panel takes at once.
    """

    seconds: float
    limit: int

    @property
    def each(self) -> float:
        """Seconds of a binding where all that the panel takes at once is for one window."""
        return self.seconds / self.limit

    @property
    def own(self) -> float:
        """Seconds of a binding that are ours, as ``crowd`` counts them."""
        return OWN_SECONDS / self.crowd(1.0)

    def crowd(self, windows: float) -> float:
        """By what a binding's part is longer with so many windows open at once."""
        return max(windows, self.limit / CALLS_AT_ONCE)

    def in_turn(self, size: float, rounds: float) -> float:
        """Seconds of all rounds of orders but the first, which each window has.

        In a round a worker makes the orders of several clients, and all are read back. Half of a
        binding's calls are its order's.
        """
        orders = min(size / rounds, ORDERS_IN_A_ROW)
        return (rounds - 1) * self.seconds / 2 * (1 + orders)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a window takes: ``common`` or its plan's ``fixed`` seconds, and ``each`` a binding.

    ``spread``: by what share it may be wrong. ``gate``: after what share of its time a window
    passes the gate.
    """

    fixed: Mapping[int, float]
    common: float
    each: float
    calls: Calls
    spread: float = 0.0
    gate: float = 0.0

    def seconds(self, plan: int, size: float, windows: float, rounds: float = 1.0) -> float:
        """How long a cohort takes with so many windows open at once, its own among them."""
        work = self.each * size * self.calls.crowd(windows)
        return self.fixed.get(plan, self.common) + work + _longer(self.calls, size, rounds, work)


def _longer(calls: Calls, size: float, rounds: float, work: float) -> float:
    """By how much longer orders take that are made in turn: half of the work is theirs."""
    return max(calls.in_turn(size, rounds) - work / 2, 0.0)


def of(through: Sequence[Cohort], opened: Sequence[Cohort], calls: Calls) -> Pace | None:
    """The pace of cohorts that are through, in the order they began; None: these are too few.

    ``opened``: those that are not, and end now. The first cohort is the canary, which is looked at
    longer than others.
    """
    if len(through) < MIN_COHORTS:
        return None
    known, every = through[1:], (*through, *opened)
    prior = calls.each + calls.own
    points = []
    for one in known:
        size = one.size * calls.crowd(_beside(one, every))
        points.append((size, one.seconds - _longer(calls, one.size, one.rounds, size * prior)))
    each = max(_slope(points, prior), calls.each * MIN_SHARE)
    rest = [took - each * size for size, took in points]
    common = max(statistics.median(rest), 0.0)
    # A plan's own part, as far as its own cohorts tell: one of them says half of it.
    fixed = {}
    for plan in {one.plan for one in known}:
        own = [left for one, left in zip(known, rest, strict=True) if one.plan == plan]
        fixed[plan] = max((common + sum(own)) / (1 + len(own)), 0.0)
    wrong = [
        one.seconds / max(fixed[one.plan] + one.seconds - left, 1.0) - 1.0
        for one, left in zip(known, rest, strict=True)
    ]
    off = math.sqrt(statistics.fmean(share * share for share in wrong))
    spread = max(MIN_SPREAD, off) + FIRST_SPREAD / math.sqrt(len(known))
    gates = [one.gate / one.seconds for one in known if one.gate is not None and one.seconds > 0]
    gate = statistics.median(gates) if gates else 0.0
    return Pace(fixed, common, each, calls, min(spread, MAX_SPREAD), gate)


def _slope(points: Sequence[tuple[float, float]], prior: float) -> float:
    """Seconds of one more binding, by least squares, with what calls tell as one more sight."""
    size = statistics.fmean(x for x, _y in points)
    took = statistics.fmean(y for _x, y in points)
    square = sum((x - size) ** 2 for x, _y in points) + PRIOR_WEIGHT
    both = sum((x - size) * (y - took) for x, y in points) + PRIOR_WEIGHT * prior
    return both / square


def _beside(one: Cohort, every: Sequence[Cohort]) -> float:
    """How many windows were open while this one was, on an average, itself among them."""
    if one.seconds <= 0.0:
        return 1.0
    shared = (min(one.ended, two.ended) - max(one.began, two.began) for two in every)
    return sum(max(seconds, 0.0) for seconds in shared) / one.seconds


def rest(
    pace: Pace, opened: Sequence[Open], coming: Mapping[int, Coming], side_by_side: int
) -> float:
    """Seconds until the run's cohorts are through.

    A place that becomes free is for the plan with most to come, as ``cohorts`` draws.
    """
    queues = {plan: list(one.sizes) for plan, one in coming.items()}
    busy = {one: _passed(pace, one, len(opened)) for one in opened}
    now = 0.0
    while any(one.ours for one in busy) or any(
        queues[plan] for plan in coming if coming[plan].ours
    ):
        taken = {one.plan for one in busy}
        free = [plan for plan, queue in queues.items() if queue and plan not in taken]
        free.sort(key=lambda plan: -sum(queues[plan]))
        for plan in free[: max(side_by_side - len(busy), 0)]:
            busy[_next(plan, queues[plan].pop(0), coming[plan])] = 0.0
        left = {one: (1 - share) * _whole(pace, one, len(busy)) for one, share in busy.items()}
        step = min(left.values())
        now += step
        busy = {
            one: 1 - (1 - busy[one]) * (1 - step / left[one]) for one in busy if left[one] > step
        }
    return now


def _next(plan: int, size: int, coming: Coming) -> Open:
    """The window of a plan's next cohort."""
    rounds = max(size / max(coming.clients or size, 1), 1.0)
    return Open(plan, size, 0.0, coming.ours, rounds)


def _passed(pace: Pace, one: Open, windows: int) -> float:
    """What share of its time this window has behind it, as far as it tells itself."""
    whole = _whole(pace, one, windows)
    passed = one.seconds / whole
    if one.past_gate is not None and pace.gate:
        passed = pace.gate + one.past_gate / whole
    return min(passed, 1 - MIN_LEFT)


def _whole(pace: Pace, one: Open, windows: int) -> float:
    """Seconds for which this window is open in all, with so many open at once."""
    return max(pace.seconds(one.plan, one.size, windows, one.rounds), 0.001)


def covered(cohorts: Sequence[Cohort]) -> float:
    """Seconds in which a window of one of these was open."""
    seconds, until = 0.0, float("-inf")
    for one in sorted(cohorts, key=lambda cohort: cohort.began):
        seconds += max(one.ended - max(one.began, until), 0.0)
        until = max(until, one.ended)
    return seconds
