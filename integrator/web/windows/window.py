"""One window: its steps, and what is known of servers, the canary and other people's orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from integrator.messages.message import of_json
from integrator.models import StrangerOrder, Window
from integrator.steps import TITLES
from integrator.web.layout import refusals
from integrator.web.layout.access import Role, needs
from integrator.windows import order_handover
from integrator.windows.post_checks import post_checks

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.web.layout.access import Request

MAX_ROWS = 500
"""Orders, and new users, that a page shows at most."""


@needs(get=Role.VIEWER)
def page(request: Request, pk: int) -> HttpResponse:
    """The whole page."""
    window = get_object_or_404(Window.objects.select_related("plan"), pk=pk)
    return render(request, "windows/window.html", _context(window))


@needs(post=Role.OPERATOR)
def read_again(request: Request, pk: int) -> HttpResponse:
    """Read the state of other people's orders from BILLmanager now."""
    window = get_object_or_404(Window, pk=pk)
    with refusals.show_refusals(request):
        post_checks.read_again(window.pk)
        messages.success(request, _("BILLmanager was read again."))
    return redirect("window", pk)


@needs(post=Role.OPERATOR)
def hand_over(request: Request, pk: int) -> HttpResponse:
    """Hand over somebody else's order to ispmanager, on this person's word."""
    order = get_object_or_404(StrangerOrder, pk=pk)
    with refusals.show_refusals(request):
        order_handover.hand_over(order.pk, request.user.get_username())
        said = _("Service %s is handed to ispmanager; this page shows when it is open.")
        messages.success(request, said % order.service_id)
    return redirect("window", order.window_id)


@needs(post=Role.OPERATOR)
def seen(request: Request, pk: int) -> HttpResponse:
    """Acknowledge an alarm: it is no longer shown on every page."""
    window = get_object_or_404(Window, pk=pk)
    if post_checks.seen_by(window.pk, request.user.get_username()):
        messages.success(request, _("It is no longer shown on every page."))
    return redirect("window", pk)


def _context(window: Window) -> dict[str, Any]:
    orders = list(window.strangers.all()[:MAX_ROWS])
    return {
        "section": "windows",
        "window": window,
        "steps": [
            {"number": step.number, "title": TITLES[step.number], "step": step}
            for step in window.steps.order_by("number")
        ],
        "canaries": window.canaries.select_related("binding__account__panel"),
        "unread": [of_json(why) for why in window.seen.get("unread", {}).values()],
        "users": window.new_users.select_related("panel", "binding")[:MAX_ROWS],
        "orders": orders,
        "waiting": sum(order.state == StrangerOrder.State.MANUAL for order in orders),
        "events": window.events.filter(binding=None).order_by("-id")[:50],
    }
