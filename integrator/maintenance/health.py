"""Whether the product itself is well: workers, sweep, queue, panels."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Q

from integrator.core import clock
from integrator.models import Binding, Panel, Window, WorkerProcess

LATE = dt.timedelta(seconds=30)
"""Work that was due so long ago shows that nobody takes it."""


@dataclass(frozen=True, slots=True)
class PanelHealth:
    """One panel: ``ok``, ``stopped``, ``away`` or ``unchecked``, with the reason."""

    name: str
    state: str
    text: str
    since: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """``problems``: sentences; empty when all is well."""

    workers: list[WorkerProcess]
    waiting: int
    late: int
    held: int
    panels: list[PanelHealth]
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing needs a person."""
        return not self.problems


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
    panels = [_panel(panel) for panel in Panel.objects.all()]
    problems = []
    if late and not workers:
        problems.append("no worker is running")
    elif late:
        problems.append(f"{late} rows have been due for longer than {LATE.seconds} s")
    if held:
        problems.append(f"{held} windows are held")
    alarms = Window.objects.filter(alarm_seen_by="").exclude(alarm="").count()
    if alarms:
        problems.append(f"{alarms} windows have something wrong after them")
    wrong = ("stopped", "away")
    problems += [f"{panel.name}: {panel.text}" for panel in panels if panel.state in wrong]
    return Health(workers, waiting, late, held, panels, problems)


def _panel(panel: Panel) -> PanelHealth:
    if panel.stopped:
        return PanelHealth(panel.name, "stopped", str(panel.stopped))
    if panel.away_since is not None:
        return PanelHealth(panel.name, "away", str(panel.away_why), panel.away_since)
    if panel.checked_at is None:
        return PanelHealth(panel.name, "unchecked", "")
    return PanelHealth(panel.name, "ok", "")
