"""Runs: the list, the newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import render
from django.urls import reverse

from integrator.models import Run
from integrator.models.states import NEEDS_PERSON, BindingState, RunState
from integrator.web.layout import live
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.web.layout.access import Request

PER_PAGE = 50


@needs(get=Role.VIEWER)
def page(request: Request) -> HttpResponse:
    """The whole page."""
    found = _page(request, request.GET.get("page"))
    poll_state = live.state(
        request, reverse("runs-live"), facts=_facts(found), busy=_busy(found), ids=str(found.number)
    )
    return render(request, "runs/runs.html", {"section": "runs", "runs": found, **poll_state})


@needs(get=Role.VIEWER)
def poll(request: Request) -> HttpResponse:
    """The progress of the runs that the page shows."""
    found = _page(request, request.GET.get("ids"))
    return live.answer(
        request, "runs/runs_live.html", {"runs": found}, facts=_facts(found), busy=_busy(found)
    )


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
