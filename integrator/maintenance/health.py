"""Whether the product itself is well: workers, sweep, queue, panels."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q

from integrator.core import clock
from integrator.messages.message import NOTHING
from integrator.models import Binding, Panel, Window, WorkerProcess

if TYPE_CHECKING:
    from integrator.messages.message import Message

LATE = dt.timedelta(seconds=30)
"""Work that was due so long ago shows that nobody takes it."""


@dataclass(frozen=True, slots=True)
class PanelHealth:
    """One panel: ``ok``, ``stopped``, ``away`` or ``unchecked``.

    ``why``: for what reason it is stopped or away, empty otherwise. ``since``: when it went away;
    None: it did not.
    """

    name: str
    state: str
    why: Message = NOTHING
    since: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """What can keep work from moving.

    ``waiting``: bindings that a worker could take; ``late``: bindings and windows that have been
    due for longer than ``LATE``; ``held``: windows that wait for a person's decision; ``alarms``:
    windows after which something was found to be wrong and nobody has seen it yet.
    """

    workers: list[WorkerProcess]
    waiting: int
    late: int
    held: int
    alarms: int
    panels: list[PanelHealth]

    @property
    def ok(self) -> bool:
        """Whether nothing needs a person."""
        wrong = any(panel.state in ("stopped", "away") for panel in self.panels)
        return not (self.late or self.held or self.alarms or wrong)


def health() -> Health:
    """Look at everything that can keep work from moving."""
    now = clock.now()
    alive = now - dt.timedelta(seconds=settings.LEASE_SECONDS * 2)
    workers = list(WorkerProcess.objects.filter(seen_at__gte=alive, role="worker"))
    waiting = Binding.objects.claimable(now).count()
    late = Binding.objects.claimable(now - LATE).count()
    late += (
        Window.objects.due(now - LATE)
        .filter(Q(lease_token="") | Q(lease_expires_at__lt=now))
        .count()
    )
    held = Window.objects.filter(held=True).count()
    alarms = Window.objects.filter(alarm_seen_by="").exclude(alarm="").count()
    panels = [_panel(panel) for panel in Panel.objects.all()]
    return Health(workers, waiting, late, held, alarms, panels)


def _panel(panel: Panel) -> PanelHealth:
    if panel.stopped:
        return PanelHealth(panel.name, "stopped", panel.stopped)
    if panel.away_since is not None:
        return PanelHealth(panel.name, "away", panel.away_why, panel.away_since)
    if panel.checked_at is None:
        return PanelHealth(panel.name, "unchecked")
    return PanelHealth(panel.name, "ok")
