"""One panel: what the last check found, its login, its server's module, its dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrator.accounts import linking, panel_check
from integrator.accounts.refusals import Refused
from integrator.models import Module, Panel
from integrator.tasks import discover_panel
from integrator.web import asking, notes
from integrator.web.access import Role, needs
from integrator.web.panel_forms import ChangeForm, DialectForm, LinkForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.web.access import Request

DIALECT_WORDS = {
    "order": gettext_lazy("Generation of the order functions: v2 or old"),
    "cart": gettext_lazy("Where unpaid orders lie: cart or basket"),
    "plan_modules_list": gettext_lazy("List of a plan's modules"),
    "plan_modules_enable": gettext_lazy("Switching a plan's module on"),
    "plan_modules_disable": gettext_lazy("Switching a plan's module off"),
    "plan_modules_parent": gettext_lazy("How that list takes the plan: elid or plid"),
    "manual_module": gettext_lazy("Internal name of the manual module"),
    "ispmanager_modules": gettext_lazy("Internal names of ispmanager modules"),
    "task_take": gettext_lazy("How a task is taken"),
    "task_close": gettext_lazy("How a task is closed"),
    "task_module": gettext_lazy("The task form's field for the module"),
    "task_username": gettext_lazy("The task form's field for the username"),
    "task_password": gettext_lazy("The task form's field for the password"),
    "task_open_types": gettext_lazy("Types of an activation task"),
}


@needs(get=Role.VIEWER)
def page(request: Request, pk: int) -> HttpResponse:
    """The whole page."""
    panel = get_object_or_404(Panel, pk=pk)
    return render(request, "panel.html", _context(panel))


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
    """Have a worker read what the panel lists."""
    panel = get_object_or_404(Panel, pk=pk)
    discover_panel.delay(panel.pk)
    messages.success(request, _("%s is being discovered.") % panel.name)
    return redirect("panels")


@needs(post=Role.ADMIN)
def change(request: Request, pk: int) -> HttpResponse:
    """Another login or limit; the panel is asked before it is kept."""
    panel = get_object_or_404(Panel, pk=pk)
    form = ChangeForm(panel, request.POST)
    if form.is_valid() and form.change():
        notes.note(request.user.get_username(), "panel", "changed", panel.name)
        messages.success(request, _("%s is changed.") % panel.name)
        return redirect("panel", pk)
    return render(request, "panel.html", _context(Panel.objects.get(pk=pk), change=form))


@needs(post=Role.ADMIN)
def link(request: Request, pk: int) -> HttpResponse:
    """Say which module of BILLmanager serves this server."""
    panel = get_object_or_404(Panel, pk=pk, kind=Panel.Kind.ISPMANAGER)
    form = LinkForm(request.POST)
    if not form.is_valid():
        return render(request, "panel.html", _context(panel, link=form))
    try:
        module = linking.link_by_hand(panel, form.cleaned_data["module"])
    except Refused as refused:
        asking.tell(request, refused)
    else:
        notes.note(request.user.get_username(), "panel", "linked", f"{panel.name}: {module}")
        messages.success(request, _("%(panel)s is served by “%(module)s”.")
                         % {"panel": panel.name, "module": module.name})  # fmt: skip
    return redirect("panel", pk)


@needs(post=Role.ADMIN)
def correct(request: Request, pk: int) -> HttpResponse:
    """Correct what this installation calls one thing."""
    panel = get_object_or_404(Panel, pk=pk, kind=Panel.Kind.BILLMANAGER)
    form = DialectForm(panel, request.POST)
    if not form.is_valid():
        why = "\n".join(map(str, form.non_field_errors()))
        messages.error(request, why or _("That cannot be taken."))
        return redirect("panel", pk)
    panel.overrides = form.overrides()
    panel.save(update_fields=["overrides"])
    name, value = form.cleaned_data["name"], form.cleaned_data["value"]
    notes.note(request.user.get_username(), "panel", "dialect", f"{panel.name}: {name} = {value}")
    messages.success(request, _("The correction is kept; check the panel again."))
    return redirect("panel", pk)


def _context(panel: Panel, **forms: Any) -> dict[str, Any]:
    return {
        "section": "panels",
        "panel": panel,
        "rows": panel.checked.get("rows", []),
        "change": forms.get("change") or ChangeForm(panel),
        "link": forms.get("link") or LinkForm(initial={"module": panel.module_id}),
        "module": Module.objects.filter(remote_id=panel.module_id or 0).first(),
        "dialect": list(_dialect(panel)) if panel.kind == Panel.Kind.BILLMANAGER else [],
    }


def _dialect(panel: Panel) -> list[dict[str, Any]]:
    """Each name with its value as text, where it was found, and the admin's correction."""
    return [
        {"name": name, "word": word, "correction": panel.overrides.get(name, ""),
         **_found(panel.dialect.get(name))}
        for name, word in DIALECT_WORDS.items()
    ]  # fmt: skip


def _found(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        parts = [str(value[key]) for key in ("kind", "name", "value") if value.get(key)]
        return {"value": ": ".join(parts), "where": value.get("where", ""),
                "sure": value.get("sure", True)}  # fmt: skip
    if isinstance(value, list | tuple):
        return {"value": ", ".join(map(str, value)), "where": "", "sure": bool(value)}
    return {"value": value or "", "where": "", "sure": bool(value)}
