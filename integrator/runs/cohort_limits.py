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
    from collections.abc import Sequence

UNMEASURED = 100
"""The largest cohort on a plan on which none has told its pace yet."""
LATEST = 3
"""So many of a plan's latest windows tell its pace, the slowest of them."""
MIN_TELLING, WELL_TELLING = 10, 30
"""Cohorts below the first size tell nothing of a plan's pace, from the second size on they tell it
well: of a small one most is switching."""
SMALLEST = 20
"""No cohort is made smaller for a plan's pace: most of its time would be switching, so that the
plan would sell manually more often, and not for less time in all."""
MIN_PACE = 0.001
"""Seconds an order takes at the least."""


def largest(plan_id: int, most: int) -> int:
    """How many bindings may share the next window of this plan, of ``most`` that the run allows."""
    windows = Window.objects.filter(
        plan=plan_id, cohort__gte=MIN_TELLING, wants_orders=True, manual_only_until__isnull=False
    )
    times = windows.order_by("-pk").values_list("cohort", "manual_only_at", "manual_only_until")
    took = [
        (cohort, (until - at).total_seconds() / cohort)
        for cohort, at, until in times[:LATEST]
        if at is not None and until is not None
    ]
    paces = [each for cohort, each in took if cohort >= WELL_TELLING]
    if not paces and len(took) < LATEST:
        return min(UNMEASURED, most)
    slowest = max(*(paces or [each for _cohort, each in took]), MIN_PACE)
    return min(max(math.floor(settings.MANUAL_ONLY_SECONDS / slowest), SMALLEST), most)


def grown(plan_id: int, closed: Sequence[int]) -> int:
    """After how many windows of its run a plan's next cohort is drawn.

    ``closed``: the plans of those windows, in order; the first one's canary went ahead for all.
    """
    return closed.count(plan_id) + (list(closed[:1]) != [plan_id])
