"""Clients for registered panels."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from integrator.panel_access import stored_dialect
from integrator.panel_access.parallel import senders
from integrator.panel_access.transports import billmanager_panel, transport
from panels.billmanager import BillManager
from panels.ispmanager import IspManager

if TYPE_CHECKING:
    from integrator.models import Panel


def billmanager(panel: Panel | None = None, *, even_stopped: bool = False) -> BillManager:
    """A client for the registered BILLmanager, with the dialect that was found for it."""
    panel = panel or billmanager_panel()
    staff = (
        transport(panel, as_task_staff=True, even_stopped=even_stopped)
        if panel.task_username
        else None
    )
    return BillManager(
        transport(panel, even_stopped=even_stopped),
        stored_dialect.dialect_of(panel),
        task_transport=staff,
        relearn=partial(stored_dialect.relearn_names, panel.pk),
        together=senders.together,
    )


def ispmanager(panel: Panel, *, even_stopped: bool = False) -> IspManager:
    """A client for one registered ispmanager."""
    return IspManager(transport(panel, even_stopped=even_stopped))
