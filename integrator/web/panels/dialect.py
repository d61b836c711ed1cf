"""The dialect on a panel's page: what was found, where, and what an administrator has set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from integrator.core.errors import PanelError, Refused
from integrator.models import Panel
from integrator.panel_access import stored_dialect
from integrator.panel_setup import advice
from integrator.panel_setup.dialect import dialect_entries, dialect_report, facts, overrides
from integrator.steps.dialect_entries import OF_STEP
from integrator.web.layout import refusals
from integrator.web.layout.access import Role, needs
from integrator.web.panels.forms import DialectForm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrator.web.layout.access import Request


@needs(post=Role.ADMIN, fresh=True)
def correct(request: Request, pk: int) -> HttpResponse:
    """Set one entry of the dialect; it is looked for on the panel first."""
    panel = get_object_or_404(Panel, pk=pk, kind=Panel.Kind.BILLMANAGER)
    form = DialectForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("That cannot be taken."))
        return redirect("panel", pk)
    name, value = form.cleaned_data["name"], form.cleaned_data["value"]
    if not value and not form.cleaned_data["back"] and name not in panel.overrides:
        messages.error(request, _("Say what it is called; “Take back” makes it not known."))
        return redirect("panel", pk)
    return _set(request, panel, form.cleaned_data)


def _set(request: Request, panel: Panel, given: Mapping[str, Any]) -> HttpResponse:
    name, value = given["name"], given["value"]
    try:
        [kept] = overrides.set_entries(
            panel,
            {name: value},
            actor=request.user.get_username(),
            force=given["force"],
        )
    except (Refused, PanelError) as error:
        refusals.show_refusal(request, advice.refusal_of(error))
        query = urlencode({"entry": name, "value": value})
        return redirect(f"{reverse('panel', args=[panel.pk])}?{query}#d-{quote(name)}")
    if kept.unchecked:
        why = kept.unchecked.removesuffix(".")
        messages.warning(request, _("Kept, but not checked: %(why)s.") % {"why": why})
    else:
        messages.success(request, _("The correction is kept; check the panel again."))
    return redirect("panel", panel.pk)


@needs(post=Role.OPERATOR)
def report(request: Request, pk: int) -> HttpResponse:
    """Download the dialect report; the panel is read for it."""
    panel = get_object_or_404(Panel, pk=pk, kind=Panel.Kind.BILLMANAGER)
    try:
        text = dialect_report.make(panel)
    except (Refused, PanelError) as error:
        refusals.show_refusal(request, advice.refusal_of(error))
        return redirect("panel", pk)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    name = dialect_report.file_name(panel)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def context(panel: Panel, asked_for: Mapping[str, str]) -> dict[str, Any]:
    """The context of the page's section; empty for an ispmanager.

    ``asked_for``: of the page's address; ``entry`` and ``value`` are what was just refused, and
    ``step`` shows the entries of that step alone.
    """
    if panel.kind != Panel.Kind.BILLMANAGER:
        return {"dialect": []}
    dialect = stored_dialect.found_for(panel)
    step = asked_for.get("step", "")
    number = int(step) if step in {str(one) for one in OF_STEP} else None
    return {
        "dialect": [
            entry
            for entry in dialect_entries.entries(panel)
            if number is None or number in entry.steps
        ],
        "dialect_step": number,
        "dialect_refused": {"name": asked_for.get("entry"), "value": asked_for.get("value", "")},
        "dialect_facts": [*facts.listed(dialect), *facts.facts(panel, dialect)],
        "dialect_servers": facts.servers(),
        "dialect_version": dialect.version,
    }
