"""Overview: what is unbound, bound, moving and waiting for a person, at one glance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from integrator.bindings.operator import report
from integrator.maintenance.health import health
from integrator.models import Account, Binding, Change, Event, Panel, Run
from integrator.models.states import MOVING, NEEDS_PERSON, RunState
from integrator.web.accounts.filters import STATES, listed
from integrator.web.layout import insights, live
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from integrator.web.layout.access import Request

LIVE_RUNS = (RunState.RUNNING, RunState.PAUSED, RunState.UNDECIDED)
LATEST = 5


@needs(get=Role.VIEWER)
def page(request: Request) -> HttpResponse:
    """The whole page."""
    stamp = _stamp(request)
    context = _context()
    facts, busy = _facts(context), _busy(context)
    poll = live.state(request, reverse("overview-live"), facts=facts, busy=busy, stamp=stamp)
    return render(request, "layout/overview.html", {**context, **poll, **_insights()})


@needs(get=Role.VIEWER)
def poll(request: Request) -> HttpResponse:
    """Its figures, runs and health again."""
    stamp = _stamp(request)
    if live.is_quiet(request, stamp):
        return HttpResponse(status=204)
    context = _context()
    facts, busy = _facts(context), _busy(context)
    return live.answer(
        request, "layout/overview_live.html", context, facts=facts, busy=busy, stamp=stamp
    )


def _stamp(request: Request) -> str:
    """Bindings and runs write events, discoveries changes; panels stand for their health."""
    found = [
        rows.order_by("-id").values_list("pk", flat=True).first()
        for rows in (Event.objects.all(), Change.objects.all())
    ]
    panels = Panel.objects.order_by("pk").values_list(
        "pk", "stopped", "away_since", "checked_at", "discovered_at"
    )
    return live.stamp_of(request, (found, list(panels)))


def _context() -> dict[str, Any]:
    moving = Count("id", filter=Q(state__in=MOVING))
    failed = Count("bindings", filter=Q(bindings__state__in=NEEDS_PERSON))
    runs = Run.objects.filter(state__in=LIVE_RUNS)[:LATEST]
    return {
        "figures": {
            **Binding.objects.aggregate(
                moving=moving, attention=Count("id", filter=Q(state__in=NEEDS_PERSON))
            ),
            "unbound": listed().filter(STATES["unbound"]).count(),
            "bound": listed().filter(STATES["bound"]).count(),
        },
        "runs": [(run, report.progress(run)) for run in runs],
        "latest": Run.objects.exclude(state__in=LIVE_RUNS).annotate(failed=failed)[:LATEST],
        "health": health(),
    }


def _insights() -> dict[str, Any]:
    """What the page tells when it is loaded, and no poll repeats."""
    return {
        "first_steps": insights.first_steps(),
        "known": Account.objects.exists(),
        "reasons": insights.reasons(),
        "days": insights.days(),
        "exposure": insights.exposure(),
        "asked": insights.pace(),
    }


def _facts(context: dict[str, Any]) -> object:
    found = context["health"]
    return (
        context["figures"],
        [
            (run.pk, run.state, one.by_state, one.steps, one.estimate.words)
            for run, one in context["runs"]
        ],
        [(run.pk, run.failed) for run in context["latest"]],
        (found.late > 0, found.held, len(found.workers), found.panels),
    )


def _busy(context: dict[str, Any]) -> bool:
    return bool(context["figures"]["moving"])
