"""The modules and letter that a plan has outside windows, also while a window has it switched.

The panel shows the plan as the window has it for the moment. To a mirror, a preview or a rehearsal
that is read meanwhile it would look as if somebody had changed the plan.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.db.models import Q

from integrator.models import Window

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from panels.billmanager.plans import PlanModule


def modules(
    plan_id: int, listed: Sequence[PlanModule], *, asked_at: dt.datetime
) -> list[PlanModule]:
    """The modules that the panel has listed, each on or off as it is when no window is open.

    ``plan_id``: the panel's own number of the plan. ``asked_at``: when the panel was asked.
    """
    window = _window(plan_id, asked_at)
    if window is None:
        return list(listed)
    own = {row["id"]: bool(row["enabled"]) for row in (window.snapshot or {})["modules"]}
    own |= dict.fromkeys(window.manual_modules.values(), False)
    return [replace(module, enabled=own.get(module.id, module.enabled)) for module in listed]


def letter(plan_id: int, read: str, *, asked_at: dt.datetime) -> str:
    """The opening letter as it is when no window is open; ``read``: what the panel shows now."""
    window = _window(plan_id, asked_at)
    return read if window is None else str((window.snapshot or {}).get("letter", read))


def _window(plan_id: int, asked_at: dt.datetime) -> Window | None:
    """The window that may have had the plan switched when it was read; None: none had."""
    since = Q(closed_at=None) | Q(closed_at__gte=asked_at)
    windows = Window.objects.filter(since, plan__remote_id=plan_id).exclude(snapshot=None)
    return windows.order_by("-pk").first()
