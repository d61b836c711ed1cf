"""Report of a run: one page to print, send or keep, for the accountant and the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, Sum
from django.shortcuts import get_object_or_404, render

from integrator.bindings.operator import report
from integrator.bindings.transitions import PRODUCT
from integrator.bindings.work import expiry
from integrator.core.clock import now
from integrator.models import Run
from integrator.models.states import NEEDS_PERSON, BindingState
from integrator.web.layout.access import Role, needs
from integrator.web.runs import course

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse

    from integrator.models import Binding, Event
    from integrator.web.layout.access import Request

MAX_ROWS = 2000
"""So many bindings are listed; all of them are in the CSV."""
MAX_NOTES = 200


@needs(get=Role.VIEWER)
def page(request: Request, pk: int) -> HttpResponse:
    """What was asked for, what came of it, what it cost, and what is still to be done."""
    run = get_object_or_404(Run.objects.select_related("preview").defer("preview__summary"), pk=pk)
    done, open_ = _rows(run, [BindingState.DONE]), _rows(run, [*NEEDS_PERSON])
    context = {
        "section": "runs",
        "run": run,
        "made_at": now(),
        "counts": [(state, number) for state, number in report.by_state(run).items() if number],
        "sums": _sums(run),
        "plans": _plans(run),
        "course": course.of(run),
        "open": open_[:MAX_ROWS],
        "expiries": list(expiry.to_do(run)[:MAX_ROWS]),
        "notes": _notes(run)[:MAX_NOTES],
        "done": done[:MAX_ROWS],
        "left_out": max(done.count() - MAX_ROWS, 0),
    }
    return render(request, "runs/report.html", context)


def _rows(run: Run, states: list[BindingState]) -> QuerySet[Binding]:
    found = run.bindings.filter(state__in=states).order_by("number")
    return found.select_related("account__panel", "client", "plan")


def _notes(run: Run) -> QuerySet[Event]:
    """What people did; that they queued each binding is said once, by the run's own start."""
    queued = Q(binding__isnull=False, from_state="")
    return run.events.exclude(actor=PRODUCT).exclude(queued).order_by("id")


def _sums(run: Run) -> list[dict[str, Any]]:
    """By currency: how many are bound, what their services cost, and what was credited for all."""
    done = Q(state=BindingState.DONE)
    rows = run.bindings.order_by("currency").values("currency")
    found = rows.annotate(
        bound=Count("id", filter=done),
        price=Sum("price", filter=done),
        credited_in_all=Sum("credited"),
    )
    return [dict(row) for row in found]


def _plans(run: Run) -> list[dict[str, Any]]:
    """By plan: how many are bound, and how many are not."""
    done = Q(state=BindingState.DONE)
    rows = run.bindings.order_by("plan__name").values("plan__name")
    found = rows.annotate(bound=Count("id", filter=done), left=Count("id", filter=~done))
    return [dict(row) for row in found]
