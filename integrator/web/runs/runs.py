"""Runs: the list, the newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from integrator.models import Event, Run
from integrator.models.states import NEEDS_PERSON, BindingState, RunState
from integrator.web.layout import live
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from integrator.web.layout.access import Request

PER_PAGE = 50


@needs(get=Role.VIEWER)
def page(request: Request) -> HttpResponse:
    """The whole page."""
    stamp = _stamp(request)
    found = _page(request, request.GET.get("page"))
    facts, busy, url = _facts(found), _busy(found), reverse("runs-live")
    shown = str(found.number)
    poll_state = live.state(request, url, facts=facts, busy=busy, ids=shown, stamp=stamp)
    return render(request, "runs/runs.html", {"section": "runs", "runs": found, **poll_state})


@needs(get=Role.VIEWER)
def poll(request: Request) -> HttpResponse:
    """The progress of the runs that the page shows."""
    stamp = _stamp(request)
    if live.is_quiet(request, stamp):
        return HttpResponse(status=204)
    found = _page(request, request.GET.get("ids"))
    facts, busy = _facts(found), _busy(found)
    return live.answer(
        request, "runs/runs_live.html", {"runs": found}, facts=facts, busy=busy, stamp=stamp
    )


def _stamp(request: Request) -> str:
    """Whatever changes a run or a binding writes an event."""
    last = Event.objects.order_by("-id").values_list("pk", flat=True).first()
    return live.stamp_of(request, last)


def _page(_request: Request, number: str | None) -> Any:
    runs = (
        Run.objects.select_related("preview")
        .annotate(
            done=Count("bindings", filter=Q(bindings__state=BindingState.DONE)),
            attention=Count("bindings", filter=Q(bindings__state__in=NEEDS_PERSON)),
        )
        .order_by("-pk")
    )
    return Paginator(runs, PER_PAGE).get_page(number)


def _facts(found: Any) -> object:
    return [(run.pk, run.state, run.done, run.attention) for run in found]


def _busy(found: Any) -> bool:
    return any(run.state == RunState.RUNNING for run in found)
