"""What the overview tells beside the present: what is left and why, the last days, the pace."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Avg, Count, F, Max, Q, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from integrator.core.clock import now
from integrator.models import Binding, Call, Panel, PlanMap, Preview, Window
from integrator.models.states import NEEDS_PERSON, BindingState, RowState
from integrator.previews.rehearsal import rehearsal
from integrator.web.accounts.filters import STATES, WHY_NOT, WHY_NOT_WORDS, listed

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

DAYS = 14
"""So many days the chart shows."""
EXPOSED_DAYS = 7
PACE_MINUTES = 15
MAX_PLANS = 5
HEIGHT, COLUMN, BAR = 60.0, 20.0, 14.0
"""Of the chart: its height, the width of a day, and that of its bar."""


@dataclass(frozen=True, slots=True)
class Reason:
    """How many unbound accounts one filter lists. ``share``: of the largest, in hundredths."""

    key: str
    word: _StrPromise
    count: int
    share: int


@dataclass(frozen=True, slots=True)
class Day:
    """Bindings that came to their end, or stopped, on a day; bars in the units of the chart."""

    day: dt.date
    done: int
    stopped: int
    x: float
    done_y: float
    done_height: float
    stopped_y: float
    stopped_height: float


def reasons() -> list[Reason]:
    """Why accounts are not bound; empty when all are."""
    parts = {key.replace("-", "_"): Count("id", filter=part) for key, part in WHY_NOT.items()}
    counts = listed().filter(STATES["unbound"]).aggregate(**parts)
    largest = max(counts.values(), default=0)
    words = [("ready", RowState.READY.label), *WHY_NOT_WORDS]
    found = [(key, word, counts[key.replace("-", "_")]) for key, word in words]
    return [Reason(*one, round(100 * one[2] / largest)) for one in found if one[2]]


def days() -> list[Day]:
    """The last days, the oldest first; empty when nothing came to an end in them."""
    today = timezone.localdate()
    since = timezone.make_aware(
        dt.datetime.combine(today - dt.timedelta(days=DAYS - 1), dt.time.min)
    )
    done = _by_day(Binding.objects.filter(done_at__gte=since), "done_at")
    open_ = Binding.objects.filter(state__in=NEEDS_PERSON, state_at__gte=since)
    stopped = _by_day(open_, "state_at")
    most = max((done[day] + stopped[day] for day in {*done, *stopped}), default=0)
    if not most:
        return []
    found = []
    for number in range(DAYS):
        day = today - dt.timedelta(days=DAYS - 1 - number)
        high, red = HEIGHT * done[day] / most, HEIGHT * stopped[day] / most
        bars = round(HEIGHT - high, 1), round(high, 1), round(HEIGHT - high - red, 1), round(red, 1)
        found.append(Day(day, done[day], stopped[day], number * COLUMN, *bars))
    return found


def _by_day(rows: Any, column: str) -> Counter[dt.date]:
    counted = rows.annotate(day=TruncDate(column)).order_by().values_list("day")
    return Counter(dict(counted.annotate(n=Count("id"))))


def exposure() -> list[dict[str, Any]]:
    """The plans that sold manually in the last days, the longest first."""
    since = now() - dt.timedelta(days=EXPOSED_DAYS)
    spent = Coalesce(F("manual_only_until"), now()) - F("manual_only_at")
    rows = Window.objects.filter(manual_only_at__gte=since).order_by().values("plan__name")
    found = rows.annotate(total=Sum(spent), longest=Max(spent), windows=Count("id"))
    return [
        {**row, "total": row["total"].total_seconds(), "longest": row["longest"].total_seconds()}
        for row in found.order_by("-total", "plan__name")[:MAX_PLANS]
    ]


def pace() -> list[dict[str, Any]]:
    """How each panel answered in the last minutes; panels that were not asked are left out."""
    since = now() - dt.timedelta(minutes=PACE_MINUTES)
    bad = Count("id", filter=~Q(outcome="done"))
    rows = Call.objects.filter(at__gte=since).order_by().values("panel")
    found = rows.annotate(calls=Count("id"), mean=Avg("seconds"), bad=bad).order_by("panel")
    return [dict(row) for row in found]


def first_steps() -> list[tuple[str, bool]]:
    """The steps of a new installation, and whether each is done; empty once something is bound."""
    if Binding.objects.filter(state=BindingState.DONE).exists():
        return []
    panels = Panel.objects.all()
    billing, servers = panels.filter(kind="billmanager"), panels.filter(kind="ispmanager")
    accounts = listed()
    to_choose = accounts.filter(STATES["unbound"], WHY_NOT["several"])
    without_plan = accounts.filter(STATES["unbound"], WHY_NOT["no-plan"])
    known = accounts.exists()
    rehearsed = Q(**{f"summary__{rehearsal.KEY}__state": rehearsal.DONE})
    return [
        ("billmanager", billing.exists()),
        ("ispmanager", servers.exists()),
        ("check", panels.exists() and not panels.filter(checked_at=None).exists()),
        ("discover", known),
        ("plan-map", known and (PlanMap.objects.exists() or not without_plan.exists())),
        ("clients", known and not to_choose.exists()),
        ("rehearse", Preview.objects.filter(rehearsed).exists()),
        ("bind", False),
    ]
