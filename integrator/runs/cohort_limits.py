"""How large a cohort on a plan may be now, by what was before it.

A plan sells manually while the orders of a cohort are placed, so that is what limits a cohort: how
long earlier orders on this plan took tells how many fit into ``MANUAL_ONLY_SECONDS``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from django.conf import settings

from integrator.models import Window

if TYPE_CHECKING:
    from integrator.models.window import WindowQuerySet

UNMEASURED = 100
"""The largest cohort on a plan on which none has told its pace yet."""
LATEST = 3
"""So many of a plan's latest windows tell its pace, the slowest of the large ones among them."""
MIN_TELLING = 10
"""Smaller cohorts tell how long a plan's switching takes, and nothing of an order."""
SMALLEST = 20
"""No cohort is made smaller for a plan's pace: most of its time would be switching, so that the
plan would sell manually more often, and not for less time in all."""
MIN_PACE = 0.001
"""Seconds an order takes at the least."""

Point = tuple[int, float]
"""A cohort, and for how many seconds its plan sold manually."""


def largest(plan_id: int, most: int, *, small: Point | None = None) -> int:
    """How many bindings may share the next window of this plan, of ``most`` that the run allows.

    ``small``: what ``latest_small`` has found, where several plans are asked about.
    """
    telling = _points(Window.objects.filter(plan=plan_id, cohort__gte=MIN_TELLING), LATEST)
    if not telling:
        return min(UNMEASURED, most)
    beside = small or latest_small()
    size = max(cohort for cohort, _seconds in telling)
    lines = [_line(one, beside) for one in telling if 2 * one[0] >= size]
    common, each = max(lines, key=_slowness)
    fit = math.floor((settings.MANUAL_ONLY_SECONDS - common) / each)
    return min(max(fit, SMALLEST), most)


def latest_small() -> Point:
    """The latest cohort that tells how long switching takes, of any plan: a run has one canary."""
    return next(iter(_points(Window.objects.filter(cohort__lt=MIN_TELLING), 1)), (0, 0.0))


def _points(windows: WindowQuerySet, count: int) -> list[Point]:
    """The latest of these windows in which orders were placed."""
    ordered = windows.filter(
        wants_orders=True, manual_only_at__isnull=False, manual_only_until__isnull=False
    )
    times = ordered.order_by("-pk").values_list("cohort", "manual_only_at", "manual_only_until")
    return [
        (size, (until - at).total_seconds()) for size, at, until in times[:count] if at and until
    ]


def _line(large: Point, small: Point) -> tuple[float, float]:
    """Seconds of the switching, and of each order, by two windows."""
    each = max((large[1] - small[1]) / (large[0] - small[0]), MIN_PACE)
    return max(large[1] - each * large[0], 0.0), each


def _slowness(line: tuple[float, float]) -> float:
    """Seconds that as many orders take as are placed where nothing is known."""
    return line[0] + line[1] * UNMEASURED


def proven(done: int) -> int:
    """By how many bindings a plan's next cohort grows, where its run has done so many on it.

    The run's canary went ahead for all plans.
    """
    return max(done, 1)
