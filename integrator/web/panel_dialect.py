"""The dialect on a panel's page: what was found, where, what an administrator said instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrator.accounts import dialect_facts, dialect_report
from integrator.accounts.refusals import Refused
from integrator.models import Panel
from integrator.web import asking, notes
from integrator.web.access import Role, needs
from integrator.web.panel_forms import DialectForm
from panels.billmanager.dialect import Dialect
from panels.billmanager.names import Close, Found, Take, written
from panels.errors import PanelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrator.web.access import Request

WORDS = {
    "order": gettext_lazy("Generation of the order functions: v2 or old"),
    "cart": gettext_lazy("Where unpaid orders lie: cart or basket"),
    "plan_modules_list": gettext_lazy("List of a plan's modules"),
    "plan_modules_enable": gettext_lazy("Switching a plan's module on"),
    "plan_modules_disable": gettext_lazy("Switching a plan's module off"),
    "plan_modules_parent": gettext_lazy("How that list takes the plan: elid or plid"),
    "plan_modules_marker": gettext_lazy("What tells which modules of a plan are on"),
    "manual_module": gettext_lazy("Internal name of the manual module"),
    "ispmanager_modules": gettext_lazy("Internal names of ispmanager modules"),
    "module_create": gettext_lazy("Form in which a module is made"),
    "module_button": gettext_lazy("Button that makes the module"),
    "task_take": gettext_lazy("How a task is taken"),
    "task_close": gettext_lazy("How a task is closed"),
    "task_module": gettext_lazy("The task form's field for the module"),
    "task_username": gettext_lazy("The task form's field for the username"),
    "task_password": gettext_lazy("The task form's field for the password"),
    "task_fields": gettext_lazy("Further fields of the task form to fill in: NAME=VALUE, …"),
    "task_open_types": gettext_lazy("Types of an activation task"),
    "staff_names": gettext_lazy("What the panel calls the staff login for tasks"),
    "client_filter": gettext_lazy("Filter of the services by client"),
    "itemtype_id": gettext_lazy("Id of the product type shared hosting"),
}
"""Entries that an administrator may correct, in the order of the page."""
LISTED = {
    "departments": gettext_lazy("Departments"),
    "task_departments": gettext_lazy("Departments whose tasks the staff login handles"),
    "datacenters": gettext_lazy("Data centres"),
    "paymethods": gettext_lazy("Payment methods"),
    "currencies": gettext_lazy("Currencies"),
}
"""Entries that are shown alone: they are the panel's own, and chosen where they are needed."""


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


@needs(post=Role.OPERATOR)
def report(request: Request, pk: int) -> HttpResponse:
    """Take the dialect report as a file; the panel is read for it."""
    panel = get_object_or_404(Panel, pk=pk, kind=Panel.Kind.BILLMANAGER)
    try:
        text = dialect_report.make(panel)
    except (Refused, PanelError) as error:
        asking.tell(request, asking.refusal_of(error))
        return redirect("panel", pk)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    name = dialect_report.file_name(panel)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def context(panel: Panel) -> dict[str, Any]:
    """What the section of the page shows; empty for an ispmanager."""
    if panel.kind != Panel.Kind.BILLMANAGER:
        return {"dialect": []}
    dialect = Dialect.from_json(panel.dialect)
    return {
        "dialect": list(_rows(dialect, panel.overrides)),
        "dialect_facts": [*_listed(dialect), *dialect_facts.facts(panel, dialect)],
        "dialect_servers": dialect_facts.servers(),
        "dialect_version": dialect.version,
    }


def _rows(dialect: Dialect, overrides: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Each name with its value as text, where it was found, and the admin's correction."""
    for name, word in WORDS.items():
        value = getattr(dialect, name)
        row = {"name": name, "word": word, "correction": overrides.get(name, ""), "sure": True}
        row |= {"value": _text(value), "where": dialect.places.get(name, "")}
        if isinstance(value, Found | Take | Close):
            row |= {"where": value.where, "sure": value.sure}
        yield row


def _text(value: object) -> str:
    if isinstance(value, Found | Take | Close):
        return written(value)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else ""


def _listed(dialect: Dialect) -> Iterator[dict[str, Any]]:
    for name, word in LISTED.items():
        items = getattr(dialect, name)
        yield {
            "word": word,
            "value": ", ".join(f"{title} #{key}" for key, title in items),
            "where": dialect.places.get(name, ""),
        }
