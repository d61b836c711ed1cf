"""Panels: the list with its health, and the form for a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import Count, Q
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from integrator.models import Panel
from integrator.tasks import discover_soon
from integrator.web.layout import live, refusals
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.web.layout.access import Request


@needs(get=Role.VIEWER)
def page(request: Request) -> HttpResponse:
    """The whole page."""
    found = _panels()
    url = reverse("panels-live")
    poll_state = live.state(request, url, facts=_facts(found), busy=_busy(found))
    return render(
        request, "panels/panels.html", {"section": "panels", "panels": found, **poll_state}
    )


@needs(get=Role.VIEWER)
def poll(request: Request) -> HttpResponse:
    """The states again; a discovery shows how far it is."""
    found = list(Panel.objects.all())
    return live.answer(
        request,
        "panels/panels_live.html",
        {"panels": found},
        facts=_facts(found),
        busy=_busy(found),
    )


@needs(post=Role.OPERATOR)
def discover_all(request: Request) -> HttpResponse:
    """Request a discovery of every panel."""
    with refusals.show_refusals(request):
        discover_soon(Panel.objects.filter(stopped="").order_by("kind"))
        messages.success(request, _("All panels are being discovered."))
    return redirect("panels")


def _panels() -> list[Panel]:
    return list(
        Panel.objects.annotate(
            number=Count("accounts", filter=Q(accounts__gone_at=None, accounts__system=False))
        )
    )


def _facts(found: list[Panel]) -> object:
    return [
        (
            one.pk,
            one.stopped,
            one.checked_at,
            one.checked.get("ok"),
            one.discovered_at,
            one.discovery.get("state"),
            one.discovery.get("phase"),
            one.discovery.get("done"),
        )
        for one in found
    ]


def _busy(found: list[Any]) -> bool:
    return any(one.discovery.get("state") == "running" for one in found)
