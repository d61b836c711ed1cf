"""Starts of large previews, which a worker carries out: what a person asked for is stored first.

Before a run starts, whole lists of the panels are read, which can take minutes. A page answers at
once and shows that it is under way; a worker that dies is followed by another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from integrator.core.clock import now
from integrator.core.errors import ActionRefused, PanelError, Refused
from integrator.models import Preview
from integrator.panel_setup import advice
from integrator.runs.launch import launch

if TYPE_CHECKING:
    from integrator.models import Run

log = structlog.get_logger(__name__)

KEY = "not_started"
"""In the summary: {"text", "lines"} of why it could not be started when it was asked for last."""


def ask(preview: Preview, actor: str) -> bool:
    """Store that this preview shall be started; the caller wakes a worker for it.

    False: it was asked for already, or is started. The worker speaks the person's language.
    """
    summary = {key: value for key, value in preview.summary.items() if key != KEY}
    waiting = Preview.objects.filter(pk=preview.pk, started_at=None, start_by="")
    return bool(
        waiting.update(
            start_by=actor,
            start_language=get_language() or "",
            starting_at=None,
            summary=summary,
        )
    )


def work(preview_id: int) -> Run | None:
    """Start the run of this preview; None where nobody asks for it, or it cannot be started.

    Why not is kept for the page to show: a refusal, a panel's error, or one that nobody foresaw.
    """
    free = Preview.objects.to_start(now()).filter(pk=preview_id)
    if not free.update(starting_at=now()):
        return None
    preview = Preview.objects.get(pk=preview_id)
    with override(preview.start_language or None):
        try:
            run = launch(preview, preview.start_by)
        except (Refused, PanelError) as error:
            _refuse(preview, advice.refusal_of(error))
        except ActionRefused as refused:
            _refuse(preview, refused)
        except Exception:
            log.exception("run.start_failed", preview=preview_id)
            _refuse(
                preview, Refused(_("The run could not be started. The worker's log says more."))
            )
        else:
            Preview.objects.filter(pk=preview_id).update(start_by="")
            return run
    return None


def why_not(preview: Preview) -> Refused | None:
    """Why it could not be started when it was asked for last; None: it was not refused."""
    told = preview.summary.get(KEY)
    return Refused(told["text"], told["lines"]) if told and not preview.started_at else None


def _refuse(preview: Preview, refused: Refused | ActionRefused) -> None:
    """Keep why, and forget that it was asked for."""
    preview.refresh_from_db(fields=["summary"])
    summary = {**preview.summary, KEY: {"text": refused.text, "lines": refused.lines}}
    Preview.objects.filter(pk=preview.pk).update(start_by="", summary=summary)
