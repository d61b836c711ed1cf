"""Pauses all runs that use a panel, with the cause, when going on would do harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.models import Panel, Run
from integrator.models.states import MOVING, RunState
from integrator.workflow import runs

if TYPE_CHECKING:
    from django.db.models import QuerySet


def using(panel: Panel) -> QuerySet[Run]:
    """Running runs that call this panel: all of them for the BILLmanager.

    For an ispmanager, those with a binding of it that may still move.
    """
    running = Run.objects.filter(state=RunState.RUNNING)
    if panel.kind == Panel.Kind.ISPMANAGER:
        running = running.filter(
            bindings__account__panel=panel, bindings__state__in=MOVING
        ).distinct()
    return running


def pause_all(panel: Panel, why: str) -> int:
    """Pause every run that uses this panel; how many."""
    return sum(runs.change(run, RunState.PAUSED, why=why) for run in using(panel))
