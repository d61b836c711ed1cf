"""Stops a panel, or pauses all runs that use it, with the cause, when going on would do harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from integrator.models import Panel, Run
from integrator.models.states import MOVING, RunState
from integrator.workflow import runs
from panels.errors import CertificateRefused, LoginRefused

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from panels.errors import PanelError

log = structlog.get_logger(__name__)


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


def stop_panel(error: PanelError) -> None:
    """Call a panel no more that refuses our login or shows another certificate; pause its runs.

    Going on would lock the login out or talk to a stranger, and fail one binding after the other
    for one cause. A fresh session that had expired at once says nothing about the login, and other
    errors stop nothing. A refused staff login stops only what needs it: an open plan can still be
    restored.
    """
    if not isinstance(error, LoginRefused | CertificateRefused):
        return
    if isinstance(error, LoginRefused) and error.reason == "expired":
        return
    panel = Panel.objects.filter(name=error.panel, stopped="").first()
    if panel is None:
        return
    why = error.full if isinstance(error, CertificateRefused) else str(error)
    login = error.login if isinstance(error, LoginRefused) else ""
    of_staff = bool(login) and login == panel.task_username != panel.username
    Panel.objects.filter(pk=panel.pk).update(stopped=why, stopped_login=login if of_staff else "")
    log.error("panel.stopped", panel=panel.name, why=why)
    pause_all(panel, why)
