"""Stops a panel, or pauses all runs that use it, with the cause, when going on would do harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from integrator.models import Panel, Run
from integrator.models.states import MOVING, RunState
from integrator.panel_access import panel_stop
from integrator.runs import run_state

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet

    from integrator.messages.message import Message
    from integrator.models import Plan
    from panels.coremanager.errors import PanelError


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


def pause_all(panel: Panel, why: Message) -> int:
    """Pause every run that uses this panel; how many."""
    return sum(run_state.pause(run.pk, why) for run in using(panel).order_by("pk"))


def selling_on(panels: Collection[Panel], plan: Plan) -> QuerySet[Run]:
    """Running runs with a binding on one of these servers, or of this plan, that may still move."""
    concerned = Q(bindings__account__panel__in=panels) | Q(bindings__plan=plan)
    running = Run.objects.filter(concerned, state=RunState.RUNNING, bindings__state__in=MOVING)
    return running.distinct()


def pause_stopped() -> int:
    """Pause runs that use a panel which is stopped, whoever stopped it; how many.

    What is read by itself may meet a refused login while nothing is being bound. A run that is
    resumed before the panel has been checked is paused again.
    """
    stopped = Panel.objects.exclude(stopped="").order_by("pk")
    return sum(pause_all(panel, panel.stopped) for panel in stopped)


def stop_panel(error: PanelError) -> None:
    """Call a panel no more that refuses our login or shows another certificate; pause its runs.

    They would fail one binding after the other for one cause.
    """
    panel = panel_stop.stop(error)
    if panel is not None:
        pause_all(panel, panel.stopped)
