"""Starts a preview: compared with the panels once more, then run. The one way in for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.accounts import comparing, panel_check
from integrator.models import Run
from integrator.workflow import starting

if TYPE_CHECKING:
    from integrator.models import Preview


def launch(preview: Preview, actor: str) -> Run:
    """Start the run of a preview, unless the panels say otherwise by now.

    Started once already, it is that run again, whatever has changed since.
    Raises Refused when a panel is not ready, its kind comparing.PreviewOutdated, ActionRefused of
    the workflow, and panels.errors.PanelError; nothing has been started then.
    """
    started = Run.objects.filter(preview=preview).first()
    if started is not None:
        return started
    panel_check.need_ready_for(preview)
    if preview.summary["ready"]:
        comparing.compare(preview)
    return starting.start(preview.pk, actor)
