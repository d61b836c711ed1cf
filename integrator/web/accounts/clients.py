"""Missing clients: the list, and the request to create them in BILLmanager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrator.bindings.operator import client_creation
from integrator.core.errors import Refused
from integrator.matching import missing_clients
from integrator.web.layout import live, refusals
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.matching.missing_clients import Missing
    from integrator.web.layout.access import Request

MAX_ROWS = 1000
"""Missing clients that the page shows at most."""


@needs(get=Role.OPERATOR)
def page(request: Request) -> HttpResponse:
    """Every e-mail of unbound accounts that no client has, and how far its creation is."""
    try:
        countries = missing_clients.form_choices("countries")
        projects = missing_clients.form_choices("projects")
    except Refused as refused:
        refusals.show_refusal(request, refused)
        return redirect("panels")
    found = missing_clients.missing()
    context = {
        "section": "accounts",
        "rows": found[:MAX_ROWS],
        "number": len(found),
        "open": sum(1 for one in found if one.asked is None or one.asked.state == "failed"),
        "countries": countries,
        "projects": projects,
        **live.state(request, reverse("clients-live"), facts=_facts(found), busy=_busy(found)),
    }
    return render(request, "accounts/clients.html", context)


@needs(get=Role.OPERATOR)
def poll(request: Request) -> HttpResponse:
    """The state of those whose creation was requested."""
    found = missing_clients.missing()
    asked = [one for one in found[:MAX_ROWS] if one.asked]
    return live.answer(
        request,
        "accounts/clients_live.html",
        {"rows": asked},
        facts=_facts(found),
        busy=_busy(found),
    )


@needs(post=Role.OPERATOR)
def create(request: Request) -> HttpResponse:
    """Request the creation of the chosen ones: e-mails of the list, with what the form offers."""
    chosen = set(request.POST.getlist("email"))
    country, project = request.POST.get("country", ""), request.POST.get("project", "")
    people = [(one.email, one.name) for one in missing_clients.missing() if one.email in chosen]
    if not people:
        messages.error(request, _("Choose at least one e-mail."))
    elif not _is_offered("countries", country) or not _is_offered("projects", project):
        messages.error(request, _("Choose a country and a provider that BILLmanager offers."))
    else:
        asked = client_creation.ask(people, country, project, request.user.get_username())
        said = ngettext("%d client is being created.", "%d clients are being created.", len(asked))
        messages.success(request, said % len(asked))
    return redirect("clients")


def _facts(found: list[Missing]) -> object:
    return [(one.email, one.asked.state, one.asked.cause) for one in found if one.asked]


def _busy(found: list[Missing]) -> bool:
    return any(one.asked is not None and one.asked.state == "queued" for one in found)


def _is_offered(name: str, key: str) -> bool:
    offered = missing_clients.form_choices(name)
    return key in dict(offered) if offered else not key
