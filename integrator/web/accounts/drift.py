"""Drift: where bound services and their accounts have come to differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import django_filters
from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from integrator.drift import drift
from integrator.models import Drift, Panel
from integrator.tasks import discover_soon
from integrator.web.accounts.filters import NamedChoiceFilter
from integrator.web.admin import notes
from integrator.web.layout import live, refusals
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse

    from integrator.web.layout.access import Request

PER_PAGE = 100
KINDS = {
    "account_gone": pgettext_lazy("drift", "Account gone"),
    "account_renamed": pgettext_lazy("drift", "Account renamed"),
    "account_moved": pgettext_lazy("drift", "Account moved"),
    "suspended_on_server": pgettext_lazy("drift", "Suspended on its server alone"),
    "suspended_in_billing": pgettext_lazy("drift", "Suspended in BILLmanager alone"),
    "plan_differs": pgettext_lazy("drift", "Other plan than the preset"),
    "domain_differs": pgettext_lazy("drift", "Other domain"),
    "two_services": pgettext_lazy("drift", "Sold twice"),
    "client_doubted": pgettext_lazy("drift", "Another client's?"),
    "service_gone": pgettext_lazy("drift", "Service gone"),
    "client_differs": pgettext_lazy("drift", "Other client than bound"),
    "plan_changed": pgettext_lazy("drift", "Other plan than bound"),
    "module_differs": pgettext_lazy("drift", "Other module than bound"),
    "username_differs": pgettext_lazy("drift", "Other username than bound"),
}


class DriftFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter ships no types
    """Narrow down by kind and server; ``accepted``: those that are meant, too."""

    kind = django_filters.ChoiceFilter(
        choices=list(KINDS.items()),
        label=gettext_lazy("Kind"),
        empty_label=gettext_lazy("All kinds"),
    )
    server = NamedChoiceFilter(
        field_name="panel",
        queryset=lambda _request: Panel.objects.filter(kind="ispmanager").only("id", "name"),
        label=gettext_lazy("Server"),
        empty_label=gettext_lazy("All servers"),
    )
    accepted = django_filters.BooleanFilter(
        method="with_accepted", label=gettext_lazy("What is meant, too")
    )

    class Meta:
        model = Drift
        fields: ClassVar = ["kind", "server", "accepted"]

    def with_accepted(self, queryset: QuerySet[Drift], _name: str, _value: bool) -> QuerySet[Drift]:  # noqa: FBT001 - django-filter's signature
        """Narrow nothing down: ``_rows`` has left them in already."""
        return queryset


@needs(get=Role.VIEWER)
def page(request: Request) -> HttpResponse:
    """The whole page."""
    context = _context(request)
    url = f"{reverse('drift-live')}"
    poll_state = live.state(request, url, facts=_facts(context), busy=bool(context["reading"]))
    return render(request, "accounts/drift.html", {**context, **poll_state})


@needs(get=Role.VIEWER)
def poll(request: Request) -> HttpResponse:
    """The progress of a comparison, and whether there is something new to see."""
    context = _context(request)
    return live.answer(
        request,
        "accounts/drift_live.html",
        context,
        facts=_facts(context),
        busy=bool(context["reading"]),
    )


@needs(post=Role.OPERATOR)
def compare(request: Request) -> HttpResponse:
    """Have workers read all panels anew, BILLmanager first; each compares when it is done."""
    with refusals.show_refusals(request):
        discover_soon(Panel.objects.filter(stopped="").order_by("kind"))
        notes.note(request.user.get_username(), "drift", "compared", "")
        messages.success(request, _("All panels are being read; what differs is shown here."))
    return redirect("drift")


@needs(post=Role.OPERATOR)
def accept(request: Request, pk: int) -> HttpResponse:
    """Accept a difference as meant, or withdraw that."""
    found = get_object_or_404(Drift.objects.filter(over_at=None), pk=pk)
    person = request.user.get_username()
    if request.POST.get("again"):
        drift.withdraw_acceptance(found)
    else:
        drift.accept(found, person)
        notes.note(person, "drift", "accepted", f"{found.kind} {found.service.remote_id}")
    return redirect(f"{reverse('drift')}?{request.GET.urlencode()}")


def _context(request: Request) -> dict[str, Any]:
    everything = bool(request.GET.get("accepted"))
    shown = Drift.objects.filter(over_at=None) if everything else drift.unsettled()
    chosen = DriftFilter(request.GET, shown.select_related("account", "panel", "service"))
    panels = list(Panel.objects.exclude(discovered_at=None))
    return {
        "section": "drift",
        "filter": chosen,
        "page": Paginator(chosen.qs, PER_PAGE).get_page(request.GET.get("page")),
        "kinds": KINDS,
        "panels": panels,
        "oldest": min((one.discovered_at for one in panels if one.discovered_at), default=None),
        "reading": [one for one in panels if one.discovery.get("state") == "running"],
        "query": request.GET.urlencode(),
    }


def _facts(context: dict[str, Any]) -> object:
    return (
        drift.unsettled().count(),
        context["oldest"],
        [
            (one.pk, one.discovery.get("phase"), one.discovery.get("done"))
            for one in context["reading"]
        ],
    )
