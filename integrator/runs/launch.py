"""Starts a preview: compared with the panels once more, then run. The one way in for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.models import Run
from integrator.panel_setup.checks import panel_check
from integrator.previews import comparison
from integrator.runs import run_start

if TYPE_CHECKING:
    from integrator.models import Preview


def launch(preview: Preview, actor: str) -> Run:
    """Start the run of a preview, unless the panels say otherwise by now.

    Started once already, it is that run again, whatever has changed since.
    Raises Refused when a panel is not ready, its kind comparing.PreviewOutdated, ActionRefused of
    the workflow, and PanelError; nothing has been started then.
    """
    started = Run.objects.filter(preview=preview).first()
    if started is not None:
        return started
    run_start.refuse_empty(preview)
    panel_check.need_ready_for(preview)
    comparison.compare(preview)
    return run_start.start(preview.pk, actor)
