"""How long a run will take still, and its rate, by the pace of its cohorts.

A run speeds up, since its cohorts grow: what it has done by the minute says little of what is to
come. So its closed windows tell the pace, and what waits tells which cohorts are still to come.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from integrator.core import clock
from integrator.models import Binding, Call, Panel, Run
from integrator.models.states import MOVING, NEEDS_PERSON, BindingState, Phase, RunState
from integrator.previews import cohort_sizes
from integrator.runs import cohort_limits, cohorts, pace, run_state, working_hours
from integrator.runs.estimate import Estimate
from integrator.windows import members

if TYPE_CHECKING:
    from integrator.models import Window
    from integrator.runs.tally import Tally

RATE_WINDOWS = 4
"""The rate is that of so many windows that closed last."""
SAMPLED = 60
"""By so many bindings it is told how long their calls take."""
USUAL_SECONDS = 1.0
"""Of the calls of a binding, where none is kept."""


@dataclass(slots=True)
class _Work:
    """What is left of a run.

    ``opened``: its windows. ``coming``: how many bindings that are in no window yet, by plan;
    ``clients``: of how many clients. ``serial``: how many orders of one client there may be at the
    most. ``due_at``: before that it is not over.
    """

    opened: list[Window] = field(default_factory=list)
    coming: Counter[int] = field(default_factory=Counter)
    clients: Counter[int] = field(default_factory=Counter)
    unprepared: int = 0
    persons: int = 0
    serial: int = 0
    due_at: dt.datetime | None = None


def of(run: Run, tally: Tally) -> Estimate:
    """How long the run will take."""
    work = _work(tally)
    persons = work.persons
    if run.state != RunState.RUNNING:
        return Estimate(persons=persons)
    if not (work.opened or work.coming):
        return Estimate(why_not=_("waits for a person") if persons else "", persons=persons)
    billing, away = _panels(run)
    if away is not None:
        why_not = _("no estimate while %(panel)s cannot be read") % {"panel": away.name}
        return Estimate(why_not=why_not, persons=persons)
    known = _pace(run, tally, billing) if billing is not None else None
    preparing = _seconds_preparing(run) if work.unprepared else 0.0
    if billing is None or known is None or preparing is None:
        return Estimate(why_not=_("estimating"), persons=persons)
    seconds = max(_seconds(run, tally, work, known, billing), preparing)
    ends = (seconds / (1 + known.spread), seconds * (1 + known.spread))
    shortest, longest = (_on_the_clock(run, end, work.due_at) for end in ends)
    rests = not work.opened and run_state.begins_at(run, clock.now()) is not None
    return Estimate(shortest, longest, "", None if rests else _per_minute(tally), persons)


def _work(tally: Tally) -> _Work:
    """What is left, without what waits for a person."""
    opened = {one.pk for one in tally.all_open()}
    blocked = {one.plan_id for one in tally.all_open() if _needs_person(one)}
    work = _Work([one for one in tally.open_windows() if one.plan_id not in blocked])
    ordering = []
    for part in tally.parts:
        moving = part.state in MOVING
        stuck = part.plan in blocked or part.waiting_for == members.LANE
        if part.state in NEEDS_PERSON or (moving and stuck):
            work.persons += part.count
        elif moving:
            if part.window not in opened:
                work.coming[part.plan] += part.count
                work.clients[part.plan] = max(work.clients[part.plan], part.clients)
            work.unprepared += 0 if part.prepared else part.count
            if part.step in members.MONEY_STEPS and part.waiting_for != members.READBACK:
                ordering.append(part)
            if part.waiting_for == members.LATER and part.due_at is not None:
                work.due_at = max(work.due_at or part.due_at, part.due_at)
    if ordering:
        of_one = max(one.last for one in ordering) - min(one.first for one in ordering) + 1
        work.serial = min(of_one, sum(one.count for one in ordering))
    return work


def _needs_person(window: Window) -> bool:
    """Whether nothing moves in this open window before a person decides."""
    asks = window.asks is not None and not window.closing
    return asks or (window.held and window.held_until is None)


def _panels(run: Run) -> tuple[Panel | None, Panel | None]:
    """The BILLmanager, and a panel that cannot be read now and for which the run waits."""
    wanted = Q(kind=Panel.Kind.BILLMANAGER) | Q(away_since__isnull=False) | ~Q(stopped="")
    columns = ("name", "kind", "away_since", "stopped", "max_parallel", "pace")
    rows = list(Panel.objects.filter(wanted).only(*columns).order_by("kind", "name"))
    billing = next((one for one in rows if one.kind == Panel.Kind.BILLMANAGER), None)
    away = [one for one in rows if one.away_since is not None or one.stopped]
    if billing in away or not away:
        return billing, billing if away else None
    needed = Binding.objects.moving().filter(run=run, account__panel__in=away)
    first = needed.order_by().values_list("account__panel", flat=True).first()
    return billing, next((one for one in away if one.pk == first), None)


def _pace(run: Run, tally: Tally, billing: Panel) -> pace.Pace | None:
    """The pace of the run's cohorts; None: too few are through."""
    done = [pk for pk, _plan, _count in tally.done() if pk in tally.windows]
    through = [tally.windows[pk] for pk in done if tally.windows[pk].phase == Phase.CLOSED]
    if len(through) < pace.MIN_COHORTS:
        return None
    sampled = Binding.objects.filter(run=run, state=BindingState.DONE, window__in=done[-3:])
    calls = Call.objects.filter(
        panel=billing.name, binding__in=sampled.order_by().values("pk")[:SAMPLED]
    )
    told = calls.aggregate(seconds=Sum("seconds"), bindings=Count("binding", distinct=True))
    each = told["seconds"] / told["bindings"] if told["bindings"] else USUAL_SECONDS
    limit = max(min(billing.max_parallel, billing.pace or billing.max_parallel), 1)
    return pace.of(
        [_cohort(one, tally.rounds(one)) for one in through],
        [_cohort(one) for one in tally.all_open()],
        pace.Calls(each, limit),
    )


def _cohort(window: Window, rounds: float = 1.0) -> pace.Cohort:
    ended = window.closed_at or clock.now()
    began, until = window.created_at, window.manual_only_until
    return pace.Cohort(
        *(window.plan_id, window.cohort, began.timestamp(), max(ended, began).timestamp()),
        rounds=rounds,
        gate=(until - began).total_seconds() if until else None,
    )


def _seconds(run: Run, tally: Tally, work: _Work, known: pace.Pace, billing: Panel) -> float:
    """Seconds of work until the last of the run's windows has closed."""
    now = clock.now()
    ours = {one.pk for one in work.opened}
    opened = [
        pace.Open(
            *(one.plan_id, one.cohort, (now - one.created_at).total_seconds()),
            ours=one.pk in ours,
            rounds=tally.rounds(one),
            past_gate=(now - until).total_seconds() if (until := one.manual_only_until) else None,
        )
        for one in tally.all_open()
    ]
    waiting = _of_other_runs(run)
    full, small = run.preview.cohort, cohort_limits.latest_small()
    coming = {}
    for plan, count in work.coming.items():
        # Both runs have equal shares of a plan's windows until the smaller one is through.
        both = count + min(count, waiting.pop(plan, 0))
        most = cohort_limits.largest(plan, full, small=small)
        sizes = cohort_sizes.sizes(both, _proven(plan, tally), most)
        coming[plan] = pace.Coming(sizes, work.clients[plan])
    for plan, count in waiting.items():
        most = cohort_limits.largest(plan, full, small=small)
        sizes = cohort_sizes.sizes(count, most, most)
        coming[plan] = pace.Coming(sizes, ours=False)
    by_windows = pace.rest(known, opened, coming, cohorts.side_by_side(billing.max_parallel))
    # The orders of one client are made one after the other, whatever goes side by side.
    return max(by_windows, work.serial * known.calls.seconds)


def _of_other_runs(run: Run) -> Counter[int]:
    """How many bindings of other running runs wait for a window, by plan."""
    others = Run.objects.filter(state=RunState.RUNNING).exclude(pk=run.pk)
    rows = Binding.objects.unclaimed().filter(run__in=others, window=None)
    return Counter(dict(rows.values_list("plan").annotate(Count("id")).order_by()))


def _proven(plan: int, tally: Tally) -> int:
    """By how many of the run's bindings on a plan its next cohort grows, when its window closes."""
    under_way = sum(one.cohort for one in tally.open_windows() if one.plan_id == plan)
    done = sum(count for _window, of, count in tally.done() if of == plan)
    return cohort_limits.proven(under_way + done)


def _seconds_preparing(run: Run) -> float | None:
    """Seconds until all passwords are tested or reset; None: a server has told nothing yet.

    Servers are asked side by side, each at its own pace.
    """
    waits = Q(prepared=False, state__in=MOVING)
    rows = (
        Binding.objects.filter(run=run)
        .values_list("account__panel")
        .annotate(waiting=Count("id", filter=waits), ready=Count("id", filter=~waits))
        .order_by()
    )
    begun, now, hours = run.started_at.astimezone(dt.UTC), clock.now(), run_state.hours_of(run)
    passed = (
        working_hours.worked_since(begun, now.astimezone(dt.UTC), hours)
        if hours
        else (now - begun).total_seconds()
    )
    left = [(waiting, ready) for _server, waiting, ready in rows if waiting]
    if any(not ready for _waiting, ready in left):
        return None
    return max((passed * waiting / ready for waiting, ready in left), default=0.0)


def _on_the_clock(run: Run, seconds: float, due_at: dt.datetime | None) -> float:
    """Seconds on the clock until so many seconds of work are done."""
    now, hours = clock.now(), run_state.hours_of(run)
    if due_at is not None:
        seconds = max(seconds, (due_at - now).total_seconds())
    if hours is None:
        return seconds
    return working_hours.until_worked(seconds, now.astimezone(dt.UTC), hours)


def _per_minute(tally: Tally) -> float | None:
    """Bindings a minute, of the time in which one of the latest windows was open."""
    latest = [(tally.windows[pk], n) for pk, _p, n in tally.done() if pk in tally.windows]
    latest = [one for one in latest if one[0].phase == Phase.CLOSED][-RATE_WINDOWS:]
    seconds = pace.covered([_cohort(window) for window, _count in latest])
    count = sum(count for _window, count in latest)
    return round(count / seconds * 60, 1) if seconds > 0 else None
