"""One panel: what the last check found, its login, its server's module, its dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from integrator.core.errors import Refused
from integrator.inventory import module_links, unreadable_rows
from integrator.models import Module, Panel
from integrator.panel_setup.checks import panel_check
from integrator.tasks import discover_soon
from integrator.web.admin import notes
from integrator.web.layout import refusals
from integrator.web.layout.access import Role, needs
from integrator.web.panels import dialect
from integrator.web.panels.forms import ChangeForm, LinkForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.web.layout.access import Request


@needs(get=Role.VIEWER)
def page(request: Request, pk: int) -> HttpResponse:
    """The whole page."""
    panel = get_object_or_404(Panel, pk=pk)
    return render(request, "panels/panel.html", _context(panel, asked_for=request.GET))


@needs(post=Role.OPERATOR)
def check(request: Request, pk: int) -> HttpResponse:
    """Ask the panel for everything the steps need; a working login ends the panel's stop."""
    panel = get_object_or_404(Panel, pk=pk)
    report = panel_check.check(panel)
    if report.ok:
        messages.success(request, _("%s has all that the steps need.") % panel.name)
    else:
        messages.warning(request, _("%s lacks something: see the report.") % panel.name)
    return redirect("panel", pk)


@needs(post=Role.OPERATOR)
def discover(request: Request, pk: int) -> HttpResponse:
    """Request a discovery of the panel."""
    panel = get_object_or_404(Panel, pk=pk)
    with refusals.show_refusals(request):
        discover_soon([panel])
        messages.success(request, _("%s is being discovered.") % panel.name)
    return redirect("panels")


@needs(post=Role.ADMIN, fresh=True)
def change(request: Request, pk: int) -> HttpResponse:
    """Another login or limit; the panel is asked before it is kept."""
    panel = get_object_or_404(Panel, pk=pk)
    form = ChangeForm(panel, request.POST)
    if form.is_valid() and form.change():
        notes.note(request.user.get_username(), "panel", "changed", panel.name)
        messages.success(request, _("%s is changed.") % panel.name)
        return redirect("panel", pk)
    return render(request, "panels/panel.html", _context(Panel.objects.get(pk=pk), change=form))


@needs(post=Role.ADMIN, fresh=True)
def link(request: Request, pk: int) -> HttpResponse:
    """Say which module of BILLmanager serves this server."""
    panel = get_object_or_404(Panel, pk=pk, kind=Panel.Kind.ISPMANAGER)
    form = LinkForm(request.POST)
    if not form.is_valid():
        return render(request, "panels/panel.html", _context(panel, link=form))
    try:
        module = module_links.link_by_hand(panel, form.cleaned_data["module"])
    except Refused as refused:
        refusals.show_refusal(request, refused)
    else:
        notes.note(request.user.get_username(), "panel", "linked", f"{panel.name}: {module}")
        messages.success(
            request,
            _("%(panel)s is served by “%(module)s”.")
            % {"panel": panel.name, "module": module.name},
        )
    return redirect("panel", pk)


def _context(panel: Panel, **forms: Any) -> dict[str, Any]:
    return {
        "section": "panels",
        "panel": panel,
        "breaker": settings.BREAKER,
        "rows": panel.checked.get("rows", []),
        "change": forms.get("change") or ChangeForm(panel),
        "link": forms.get("link") or LinkForm(initial={"module": panel.module_id}),
        "unreadable": [unreadable_rows.sentence(one) for one in unreadable_rows.of(panel)],
        "unreadable_count": unreadable_rows.count(panel),
        "module": Module.objects.filter(remote_id=panel.module_id or 0).first(),
        **dialect.context(panel, forms.get("asked_for") or {}),
    }
