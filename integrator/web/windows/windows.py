"""Windows: plans that sell differently right now, and how to end that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from integrator.bindings.operator import actions, report
from integrator.core.errors import ActionRefused
from integrator.models import StrangerOrder, Window
from integrator.models.states import MOVING, BindingState, Phase
from integrator.web.layout import live, refusals
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse

    from integrator.web.layout.access import Request

LATEST = 50


@needs(get=Role.VIEWER)
def page(request: Request) -> HttpResponse:
    """The whole page: open windows first, then the latest closed ones."""
    context = _context()
    poll_state = live.state(
        request, reverse("windows-live"), facts=_facts(context), busy=bool(context["open"])
    )
    return render(request, "windows/windows.html", {**context, **poll_state})


@needs(get=Role.VIEWER)
def poll(request: Request) -> HttpResponse:
    """The lists again."""
    context = _context()
    return live.answer(
        request,
        "windows/windows_live.html",
        context,
        facts=_facts(context),
        busy=bool(context["open"]),
    )


@needs(post=Role.OPERATOR, fresh=True)
def restore(request: Request, pk: int) -> HttpResponse:
    """Restore the plan; ``anyway`` also where the gate cannot be passed, on a person's word."""
    window = get_object_or_404(Window, pk=pk)
    anyway = request.POST.get("anyway") == "yes"
    try:
        actions.restore(window.pk, request.user.get_username(), anyway=anyway)
    except ActionRefused as refused:
        refusals.show_refusal(request, refused)
    else:
        messages.success(request, _("The plan is being restored."))
    return redirect("windows")


@needs(post=Role.OPERATOR)
def keep_waiting(request: Request, pk: int) -> HttpResponse:
    """Let a held window keep waiting, on a person's word."""
    window = get_object_or_404(Window, pk=pk)
    try:
        actions.keep_waiting(window.pk, request.user.get_username())
    except ActionRefused as refused:
        refusals.show_refusal(request, refused)
    else:
        messages.success(request, _("The window waits on; it is looked at again and again."))
    return redirect("windows")


def _context() -> dict[str, Any]:
    open_ = list(_counted(Window.objects.open().order_by("-held", "opened_at")))
    keepers = report.keepers([window for window in open_ if window.held])
    for window in open_:
        window.keepers = keepers.get(window.pk, [])  # type: ignore[attr-defined] # for the template
    return {
        "section": "windows",
        "open": open_,
        "closed": _counted(Window.objects.closed().order_by("-id"))[:LATEST],
        "phases": [phase for phase in Phase if phase != Phase.CLOSED],
    }


def _counted(windows: QuerySet[Window]) -> QuerySet[Window]:
    """With the cohort's bindings: all, done, still moving, and those that keep the gate shut."""
    return windows.select_related("plan").annotate(
        bindings_all=Count("bindings"),
        bindings_done=Count("bindings", filter=Q(bindings__state=BindingState.DONE)),
        bindings_moving=Count("bindings", filter=Q(bindings__state__in=MOVING)),
        strangers_all=_strangers(),
        strangers_waiting=_strangers(state=StrangerOrder.State.MANUAL),
    )


def _strangers(**found_by: str) -> Subquery:
    """A subquery of how many orders of others met a window, so that no join multiplies them."""
    rows = StrangerOrder.objects.filter(window=OuterRef("pk"), **found_by).order_by()
    counted = rows.values("window").annotate(n=Count("id")).values("n")
    return Subquery(counted, output_field=IntegerField())


def _facts(context: dict[str, Any]) -> object:
    return [
        (
            window.pk,
            window.version,
            window.phase,
            window.held,
            window.closing,
            window.bindings_all,
            window.bindings_done,
            window.bindings_moving,
            window.alarm,
            window.strangers_all,
            window.strangers_waiting,
            [binding.pk for binding in getattr(window, "keepers", ())],
        )
        for window in [*context["open"], *context["closed"][:5]]
    ]
