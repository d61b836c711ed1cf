"""A preview's rehearsal: its request, progress and result."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from integrator.core.clock import now
from integrator.maintenance import wake_ups
from integrator.models import Panel, Preview
from integrator.panel_access import panel_connections
from integrator.previews import making
from integrator.previews.rehearsal import rehearsal
from integrator.previews.rehearsal.requests import sends
from integrator.web.admin import notes
from integrator.web.layout import live
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrator.models import PreviewRow
    from integrator.web.layout.access import Request

BUSY = frozenset({rehearsal.WAITING, rehearsal.RUNNING})
SILENT = dt.timedelta(minutes=1)
"""After so long without progress the worker counts as dead, and another may be asked."""


def ask_for(preview: Preview) -> None:
    """Request the rehearsal of a preview that was just made; a doubled click asks once."""
    if rehearsal.KEY not in preview.summary:
        rehearsal.ask_for(preview)
        wake_ups.wake("rehearsal", preview.pk)


@needs(post=Role.OPERATOR)
def again(request: Request, pk: int) -> HttpResponse:
    """Request another rehearsal: something was corrected, or time has passed."""
    preview = get_object_or_404(Preview, pk=pk)
    unmade = making.is_unmade(preview)
    if preview.started_at is None and not unmade and not _busy(preview):
        rehearsal.ask_for(preview)
        notes.note(request.user.get_username(), "preview", "rehearse", str(preview))
        wake_ups.wake("rehearsal", preview.pk)
    return redirect("preview", pk)


@needs(get=Role.OPERATOR)
def poll(request: Request, pk: int) -> HttpResponse:
    """The progress; when it has ended the page is loaded anew, since rows and sums changed."""
    preview = get_object_or_404(Preview, pk=pk)
    facts = _facts(preview)
    ended = not _busy(preview) and request.GET.get("digest") != live.digest_of(request, facts)
    if ended:
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = {"preview": preview, "rehearsal": rehearsal.in_words(preview), "busy": _busy(preview)}
    return live.answer(
        request, "previews/preview_live.html", context, facts=facts, busy=_busy(preview)
    )


def context(request: Request, preview: Preview) -> dict[str, Any]:
    """The context of the rehearsal on the preview's page."""
    busy = _busy(preview)
    url = reverse("preview-live", args=[preview.pk])
    result = rehearsal.in_words(preview)
    steps = result.get("steps", []) if result else []
    return {
        "rehearsal": result,
        "busy": busy,
        "unknown": [text for step in steps for text in step["unknown"]],
        **live.state(request, url, facts=_facts(preview), busy=busy),
    }


def with_sends(rows: Iterable[PreviewRow], preview: Preview) -> None:
    """The rows, each with the requests that would be sent; none without a BILLmanager."""
    panel = Panel.objects.billmanager()
    if panel is not None:
        bm = panel_connections.billmanager(panel, even_stopped=True)
        for row in rows:
            row.sends = sends(row, preview, bm)  # type: ignore[attr-defined] # for the template


def _busy(preview: Preview) -> bool:
    kept = preview.summary.get(rehearsal.KEY, {})
    if kept.get("state") not in BUSY:
        return False
    return now() - dt.datetime.fromisoformat(kept["at"]) < SILENT


def _facts(preview: Preview) -> object:
    kept = preview.summary.get(rehearsal.KEY, {})
    return (kept.get("state"), kept.get("done"), _busy(preview), preview.started_at)
