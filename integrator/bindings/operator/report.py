"""What pages and commands show of runs, bindings and windows. Reads only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from integrator.bindings.causes import CAUSES, Cause
from integrator.bindings.work import expiry
from integrator.core import clock
from integrator.models import Binding, Call, Intent, Panel, Run, Step, Window
from integrator.models.states import (
    NEEDS_PERSON,
    BindingState,
    Phase,
    RunState,
    StepState,
)
from integrator.runs import tally, time_left
from integrator.steps import SHARED, TITLES, step3_order
from integrator.windows import guided_window

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from django.utils.functional import Promise

    from integrator.runs.estimate import Estimate


@dataclass(frozen=True, slots=True)
class StepCount:
    """How many bindings of a run are past a step, at it, and stopped at it."""

    number: int
    title: str | Promise
    done: int
    active: int
    stopped: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands, and how long it will take."""

    total: int
    by_state: dict[str, int]
    steps: list[StepCount]
    estimate: Estimate
    open_windows: list[Window]


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """Bindings of a run that stopped for the same reason."""

    cause: Cause
    state: str
    count: int
    texts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """One of the eight steps of a binding; ``state`` is "" while it has not begun."""

    number: int
    title: str | Promise
    state: str
    shared: bool
    step: Step | None
    at: dt.datetime | None
    evidence: dict[str, Any]


def by_state(run: Run) -> dict[str, int]:
    """How many bindings are in each state; all states are there."""
    counts = dict.fromkeys(BindingState.values, 0)
    rows = Binding.objects.filter(run=run).values("state").annotate(n=Count("id")).order_by()
    counts.update({row["state"]: row["n"] for row in rows})
    return counts


def progress(run: Run) -> Progress:
    """The run's progress, from a handful of queries, of which one counts the run's bindings."""
    found = tally.of(run)
    return Progress(
        total=run.total,
        by_state=found.by_state(),
        steps=_funnel(found),
        estimate=time_left.of(run, found),
        open_windows=found.open_windows(),
    )


def _funnel(found: tally.Tally) -> list[StepCount]:
    done: Counter[int] = Counter()
    active: Counter[int] = Counter()
    stopped: Counter[int] = Counter()
    for part in found.parts:
        at, n = part.step, part.count
        window = found.windows.get(part.window or 0)
        phase = window.phase if window else None
        finished = part.state == BindingState.DONE
        for number in range(1, 9):
            if finished or _passed(number, at, phase):
                done[number] += n
        if finished:
            continue
        if part.state in (BindingState.FAILED, BindingState.UNDECIDED, BindingState.CANCELLED):
            stopped[at] += n
        elif part.state == BindingState.RUNNING or phase:
            active[at] += n
    return [StepCount(n, TITLES[n], done[n], active[n], stopped[n]) for n in range(1, 9)]


PHASE_DONE = {
    Phase.ORDERS: 2,
    Phase.ENABLING: 2,
    Phase.TASKS: 5,
    Phase.RESTORING: 5,
    Phase.CLOSED: 8,
}


def _passed(number: int, at: int, phase: str | None) -> bool:
    """Whether step ``number`` is behind a binding that is at step ``at`` in this phase."""
    if number not in SHARED:
        return number < at
    behind = phase is not None and number <= PHASE_DONE.get(Phase(phase), 0)
    ordered_before = number < step3_order.NUMBER < at
    return behind or ordered_before


def timeline(binding: Binding) -> list[TimelineStep]:
    """All eight steps of a binding, the shared ones with their window's evidence."""
    own = {row.number: row for row in Step.objects.filter(binding=binding)}
    window = binding.window or _last_window(binding)
    shared = {row.number: row for row in Step.objects.filter(window=window)} if window else {}
    found = []
    for number in range(1, 9):
        row = shared.get(number) if number in SHARED else own.get(number)
        state = row.state if row else ""
        moving = binding.state in {BindingState.RUNNING, BindingState.WAITING}
        stuck = binding.state in NEEDS_PERSON
        if binding.step == number and (stuck or (moving and state != StepState.DONE)):
            state = binding.state
        found.append(
            TimelineStep(
                number,
                TITLES[number],
                state,
                number in SHARED,
                row,
                (row.finished_at or row.started_at) if row else None,
                row.evidence if row else {},
            )
        )
    return found


def _last_window(binding: Binding) -> Window | None:
    """The window that this binding was in last, from its events."""
    event = binding.events.filter(window__isnull=False).order_by("-id").first()
    return event.window if event else None


def causes(run: Run) -> list[CauseGroup]:
    """Failed and undecided bindings, grouped by cause, the largest group first."""
    rows = Binding.objects.filter(
        run=run, state__in=[BindingState.FAILED, BindingState.UNDECIDED]
    ).values_list("cause", "state", "cause_text")
    groups: dict[tuple[str, str], list[str]] = {}
    for cause, state, text in rows:
        groups.setdefault((cause, state), []).append(str(text))
    found = [
        CauseGroup(
            CAUSES.get(cause, CAUSES["internal"]),
            state,
            len(texts),
            sorted(set(texts))[:5],
        )
        for (cause, state), texts in groups.items()
    ]
    return sorted(found, key=lambda group: (-group.count, group.cause.key))


def away(run: Run) -> list[Panel]:
    """Panels that cannot be read at the moment and that this run waits for."""
    moving = Binding.objects.moving().filter(run=run)
    if run.state != RunState.RUNNING or not moving.exists():
        return []
    needed = Q(kind=Panel.Kind.BILLMANAGER) | Q(pk__in=moving.values("account__panel"))
    return list(
        Panel.objects.filter(needed, away_since__isnull=False)
        .only("name", "away_since", "away_why")
        .order_by("away_since", "name")
    )


def waits(run: Run) -> list[str]:
    """What this run waits for, a sentence each, as commands print it."""
    return [
        f"{panel.name} cannot be read since {panel.away_since:%Y-%m-%d %H:%M} UTC: {panel.away_why}"
        for panel in away(run)
    ] + [
        f"step {window.asks} of {window} waits for a person's word until "
        f"{guided_window.until(window):%H:%M} UTC"
        for window in Window.objects.filter(bindings__run=run, asks__isnull=False, closing=False)
    ]


def keepers(windows: Iterable[Window]) -> dict[int, list[Binding]]:
    """The bindings that keep these windows from closing, by window: of each something is unknown.

    A window that is held for another reason, such as what a colleague has switched, has none.
    """
    unsettled = Intent.objects.unsettled().values("binding")
    unknown = Q(state=BindingState.UNDECIDED) | Q(pk__in=unsettled)
    rows = Binding.objects.filter(unknown, window__in=windows).select_related("account__panel")
    found: dict[int, list[Binding]] = {}
    for binding in rows.order_by("pk"):
        found.setdefault(binding.window_id or 0, []).append(binding)
    return found


def open_windows() -> list[Window]:
    """Windows that are open now, held ones first."""
    return list(Window.objects.open().select_related("plan").order_by("-held", "id"))


def run_json(run: Run) -> dict[str, Any]:
    """A run as ``runs RUN --json`` prints it (design.md, section 7)."""
    states = by_state(run)
    end = run.finished_at or clock.now()
    calls = Call.objects.filter(run=run).values("func").annotate(n=Count("id")).order_by("func")
    windows = Window.objects.filter(events__binding__run=run).distinct()
    shared = (
        Call.objects.filter(window__in=windows, run=None).values("func").annotate(n=Count("id"))
    )
    total: Counter[str] = Counter()
    for row in [*calls, *shared]:
        total[row["func"]] += row["n"]
    return {
        "run": str(run),
        "state": run.state,
        "waits": waits(run),
        "total": run.total,
        "done": states["done"],
        "failed": states["failed"],
        "undecided": states["undecided"],
        "cancelled": states["cancelled"],
        "seconds": round((end - run.started_at).total_seconds(), 3),
        "calls": dict(sorted(total.items())),
        "windows": [window_json(w) for w in windows.select_related("plan").order_by("id")],
        "bindings": [_binding_json(b) for b in _bindings(run)],
        "expiry_to_do": [str(binding) for binding in expiry.to_do(run)],
    }


def _bindings(run: Run) -> list[Binding]:
    return list(Binding.objects.filter(run=run).select_related("account__panel").order_by("number"))


def _binding_json(binding: Binding) -> dict[str, Any]:
    return {
        "binding": str(binding),
        "server": binding.account.panel.name,
        "username": binding.account.username,
        "state": binding.state,
        "step": binding.step,
        "service": binding.service_id,
        "cause": str(binding.cause_text) or binding.cause or None,
    }


def window_json(window: Window) -> dict[str, Any]:
    """A window as commands print it; seconds are of its whole time in that mode so far."""
    now = clock.now()
    manual = (
        ((window.manual_only_until or now) - window.manual_only_at).total_seconds()
        if window.manual_only_at
        else 0.0
    )
    opened = (
        ((window.restored_at or now) - window.opened_at).total_seconds()
        if window.opened_at and window.manual_only_at
        else 0.0
    )
    return {
        "plan": window.plan.name,
        "manual_only_seconds": round(manual, 3),
        "open_seconds": round(opened, 3),
        "restored": window.restored,
    }
