"""Report of a run: one page to print, send or keep, for the accountant and the archive."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, Sum
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from integrator.bindings.operator import report
from integrator.bindings.transitions import PRODUCT
from integrator.bindings.work import expiry
from integrator.core.clock import now
from integrator.models import Run, Step
from integrator.models.states import NEEDS_PERSON, BindingState, StepState
from integrator.steps import step4_pay
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


@dataclass(slots=True)
class Sums:
    """Money of one currency. ``unbound``: services that are paid for and not bound."""

    currency: str
    charged: Decimal = Decimal(0)
    services: int = 0
    charged_unbound: Decimal = Decimal(0)
    unbound: int = 0
    credited: Decimal = Decimal(0)


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
        "open": Listed.of(open_, MAX_ROWS),
        "expiries": Listed.of(expiry.to_do(run), MAX_ROWS),
        "notes": Listed.of(_notes(run), MAX_NOTES),
        "done": Listed.of(done, MAX_ROWS),
        "zone": timezone.get_current_timezone_name(),
    }
    return render(request, "runs/report.html", context)


@dataclass(frozen=True, slots=True)
class Listed:
    """The first rows of a list, and how many more there are."""

    rows: list[Any]
    more: int

    @classmethod
    def of(cls, found: QuerySet[Any], most: int) -> Listed:
        """At most so many of them."""
        rows = list(found[: most + 1])
        return cls(rows[:most], found.count() - most if len(rows) > most else 0)


def _rows(run: Run, states: list[BindingState]) -> QuerySet[Binding]:
    found = run.bindings.filter(state__in=states).order_by("number")
    return found.select_related("account__panel", "client", "plan")


def _notes(run: Run) -> QuerySet[Event]:
    """What people did; that they queued each binding is said once, by the run's own start."""
    queued = Q(binding__isnull=False, from_state="")
    return run.events.exclude(actor=PRODUCT).exclude(queued).order_by("id")


def _sums(run: Run) -> list[Sums]:
    """What was charged, by currency: whatever has gone through step 4, bound or not.

    The amount is the one that was read back; where a service costs nothing there is none.
    """
    found: dict[str, Sums] = {}
    paid = Step.objects.filter(
        number=step4_pay.NUMBER, state=StepState.DONE, binding__run=run
    ).values_list("binding__currency", "binding__state", "binding__price", "evidence")
    for currency, state, price, evidence in paid.iterator(chunk_size=2000):
        sums = found.setdefault(currency, Sums(currency))
        amount = Decimal(evidence.get("amount") or price)
        sums.charged += amount
        sums.services += 1
        if state != BindingState.DONE:
            sums.charged_unbound += amount
            sums.unbound += 1
    for currency, credited in (
        run.bindings.order_by("currency").values_list("currency").annotate(Sum("credited"))
    ):
        if credited:
            found.setdefault(currency, Sums(currency)).credited = credited
    return sorted(found.values(), key=lambda sums: sums.currency)


def _plans(run: Run) -> list[dict[str, Any]]:
    """By plan: how many are bound, and how many are not."""
    done = Q(state=BindingState.DONE)
    rows = run.bindings.order_by("plan__name").values("plan__name")
    found = rows.annotate(bound=Count("id", filter=done), left=Count("id", filter=~done))
    return [dict(row) for row in found]
