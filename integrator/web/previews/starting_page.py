"""The start of a large preview, which a worker carries out: its request, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from integrator.maintenance import wake_ups
from integrator.models import Preview, Run
from integrator.previews import making
from integrator.runs import deferred_start
from integrator.web.layout import live
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from integrator.web.layout.access import Request


def asked(preview: Preview, actor: str) -> bool:
    """Whether the start is left to a worker, since there is much to compare with the panels."""
    if preview.started_at or preview.rows.count() <= making.MAX_AT_ONCE:
        return False
    if deferred_start.ask(preview, actor):
        wake_ups.wake("start", preview.pk)
    return True


def context(request: Request, preview: Preview) -> dict[str, Any]:
    """What the preview's page shows of it: that it is under way, or why it was refused."""
    if not preview.start_by:
        return {"refused": deferred_start.why_not(preview)}
    url = reverse("preview-starting", args=[preview.pk])
    return {"starting": True, **live.state(request, url, facts=True, busy=True)}


@needs(get=Role.OPERATOR)
def poll(request: Request, pk: int) -> HttpResponse:
    """Nothing new while it is under way; then the run, or the preview with what was refused."""
    preview = get_object_or_404(Preview, pk=pk)
    run = Run.objects.filter(preview=preview).first()
    if run is not None:
        where = "guided" if preview.guided else "run"
        return HttpResponse(headers={"HX-Redirect": reverse(where, args=[run.pk])})
    if not preview.start_by:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return live.answer(request, "layout/live.html", {}, facts=True, busy=True)
