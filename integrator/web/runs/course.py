"""The course of a run: the windows of its plans on one scale of time, and their pace."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integrator.core.clock import now
from integrator.models import Window

if TYPE_CHECKING:
    from integrator.models import Run

MAX_WINDOWS = 500
"""So many of the newest are drawn."""
SCALE, HEIGHT = 1000.0, 24.0
"""The width of the whole time, and the height of the fastest window."""
MIN_WIDTH, MIN_HEIGHT = 2.0, 4.0
"""So large a bar is at least, that it can be seen."""
MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """A window: ``x`` and ``width`` are of SCALE, ``height`` of HEIGHT, by bindings a minute.

    ``manual_x``, ``manual_width``: when its plan sold manually; 0 wide where it did not.
    """

    window: int
    begun_at: dt.datetime
    cohort: int
    seconds: float
    manual_seconds: float
    x: float
    width: float
    height: float
    manual_x: float
    manual_width: float

    @property
    def y(self) -> float:
        """Where its bar begins, from above."""
        return round(HEIGHT - self.height, 1)


@dataclass(slots=True)
class Lane:
    """The windows of one plan, the first one first."""

    plan: str
    bars: list[Bar] = field(default_factory=list)

    @property
    def manual_seconds(self) -> float:
        """How long the plan sold manually, all in all."""
        return sum(bar.manual_seconds for bar in self.bars)

    @property
    def longest(self) -> float:
        """How long it did so at a time, at most; seconds."""
        return max((bar.manual_seconds for bar in self.bars), default=0.0)


@dataclass(frozen=True, slots=True)
class Course:
    """From when to when; ``lanes`` is empty while no window was open."""

    begun_at: dt.datetime
    ended_at: dt.datetime
    lanes: list[Lane]


def of(run: Run) -> Course:
    """The course of a run so far, of all windows that were open on its plans meanwhile."""
    begin, end = run.started_at, run.finished_at or now()
    rows = Window.objects.filter(
        plan__in=run.bindings.order_by().values("plan"),
        opened_at__gte=begin,
        opened_at__lte=end,
    ).select_related("plan")
    fields = ("plan__name", "cohort", "opened_at", "manual_only_at", "manual_only_until")
    windows = list(rows.only(*fields, "closed_at").order_by("-id")[:MAX_WINDOWS])[::-1]
    end = max([end, *(window.closed_at for window in windows if window.closed_at)])
    paces = [_pace(window, end) for window in windows]
    fastest = max(paces, default=0.0)
    lanes: dict[str, Lane] = {}
    for window, pace in zip(windows, paces, strict=True):
        name = window.plan.name
        bar = _bar(window, begin, end, pace / fastest if fastest else 0.0)
        lanes.setdefault(name, Lane(name)).bars.append(bar)
    return Course(begin, end, sorted(lanes.values(), key=lambda lane: lane.plan))


def _pace(window: Window, end: dt.datetime) -> float:
    """Bindings a minute."""
    if window.opened_at is None:
        return 0.0
    spent = (window.closed_at or end) - window.opened_at
    return window.cohort * (MINUTE / max(spent, dt.timedelta(seconds=1)))


def _bar(window: Window, begin: dt.datetime, end: dt.datetime, pace: float) -> Bar:
    """``pace``: of that of the fastest window."""
    opened = window.opened_at or begin
    closed = window.closed_at or end
    manual = window.manual_only_at or closed
    until = window.manual_only_until or (closed if window.manual_only_at else manual)
    whole = max(end - begin, dt.timedelta(seconds=1))
    height = max(HEIGHT * pace, MIN_HEIGHT)
    return Bar(
        window=window.pk,
        begun_at=opened,
        cohort=window.cohort,
        seconds=(closed - opened).total_seconds(),
        manual_seconds=max((until - manual).total_seconds(), 0.0),
        x=_on_scale(opened - begin, whole),
        width=max(_on_scale(closed - opened, whole), MIN_WIDTH),
        height=round(height, 1),
        manual_x=_on_scale(manual - begin, whole),
        manual_width=_on_scale(max(until - manual, dt.timedelta()), whole),
    )


def _on_scale(span: dt.timedelta, whole: dt.timedelta) -> float:
    return round(SCALE * (span / whole), 1)
