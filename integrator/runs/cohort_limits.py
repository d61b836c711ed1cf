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
    from collections.abc import Iterable, Sequence

UNMEASURED = 100
"""The largest cohort on a plan on which none has told its pace yet."""
MIN_TELLING = 10
"""So many orders at least tell the pace of a plan; with fewer the switching is most of it."""
MIN_PACE = 0.001
"""Seconds an order takes at the least."""
LATEST = 3
"""So many of a plan's latest windows tell its pace, the slowest of them."""


def largest(plan_id: int, most: int) -> int:
    """How many bindings may share the next window of this plan, of ``most`` that the run allows."""
    windows = Window.objects.filter(
        plan=plan_id, cohort__gte=MIN_TELLING, wants_orders=True, manual_only_until__isnull=False
    )
    columns = ("cohort", "wants_orders", "manual_only_at", "manual_only_until")
    return allowed(reversed(windows.only(*columns).order_by("-pk")[:LATEST]), most)


def allowed(windows: Iterable[Window], most: int) -> int:
    """The same, by windows of the plan, in the order they were opened."""
    took = [
        (one.manual_only_until - one.manual_only_at).total_seconds() / one.cohort
        for one in windows
        if one.wants_orders and one.cohort >= MIN_TELLING
        and one.manual_only_at is not None and one.manual_only_until is not None
    ]  # fmt: skip
    if not took:
        return min(UNMEASURED, most)
    slowest = max(*took[-LATEST:], MIN_PACE)
    return min(max(math.floor(settings.MANUAL_ONLY_SECONDS / slowest), 1), most)


def grown(plan_id: int, closed: Sequence[int]) -> int:
    """After how many windows of its run a plan's next cohort is drawn.

    ``closed``: the plans of those windows, in order; the first one's canary went ahead for all.
    """
    return closed.count(plan_id) + (list(closed[:1]) != [plan_id])
