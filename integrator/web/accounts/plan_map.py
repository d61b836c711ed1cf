"""Plan map: which plan the accounts of a preset become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from integrator.matching import matcher, plan_map
from integrator.models import Account, Panel, Plan, PlanMap
from integrator.previews.choices import MAX_PERIOD
from integrator.web.admin import notes
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.web.layout.access import Request


class MapForm(forms.Form):
    """One line of the map. ``plan`` empty: back to the plan of the same name, if there is one."""

    preset = forms.CharField(max_length=128, strip=False)
    panel = forms.ModelChoiceField(Panel.objects.filter(kind=Panel.Kind.ISPMANAGER), required=False)
    plan = forms.ModelChoiceField(Plan.objects.filter(gone_at=None), required=False)
    period = forms.IntegerField(min_value=1, max_value=MAX_PERIOD, initial=1)


@needs(get=Role.VIEWER)
def page(request: Request) -> HttpResponse:
    """Every preset that accounts have, with its plan."""
    context = {
        "section": "plan-map",
        "rows": plan_map.table(others=Account.objects.exists()),
        "plans": Plan.objects.filter(gone_at=None),
        "servers": Panel.objects.filter(kind=Panel.Kind.ISPMANAGER),
    }
    return render(request, "accounts/plan_map.html", context)


@needs(post=Role.OPERATOR)
def change(request: Request) -> HttpResponse:
    """Set or reset one line; what matching proposes follows at once."""
    form = MapForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("That cannot be taken: choose a plan and a period in months."))
        return redirect("plan-map")
    preset, panel = form.cleaned_data["preset"], form.cleaned_data["panel"]
    plan, period = form.cleaned_data["plan"], form.cleaned_data["period"]
    before = PlanMap.objects.filter(preset=preset, panel=panel).select_related("plan").first()
    was = _line(before.plan, before.period) if before else "–"
    if plan is None:
        PlanMap.objects.filter(preset=preset, panel=panel).delete()
    else:
        plan_map.set_plan(preset, plan, panel, period)
    matcher.match_all()
    where = f"{preset} @ {panel.name}" if panel else preset
    about = f"{where}: {was} → {_line(plan, period) if plan else '–'}"
    notes.note(request.user.get_username(), "plan map", "changed", about)
    messages.success(request, _("The plan map is changed."))
    return redirect("plan-map")


def _line(plan: Plan, period: int) -> str:
    """A line's plan and months, as a note of a change has them."""
    return f"{plan} × {period}"
