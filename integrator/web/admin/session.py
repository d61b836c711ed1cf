"""Signing in, the theme, the password: what belongs to the browser and not to a page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from integrator.web.layout import live
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from django.http import HttpRequest

    from integrator.web.layout.access import Request

YEAR = 365 * 24 * 3600
THEMES = ("auto", "light", "dark")


@needs(get=Role.VIEWER)
def header(request: Request) -> HttpResponse:
    """Poll of a page that has nothing of its own to refresh."""
    return live.answer(request, "layout/live.html", {}, facts=None, busy=False)


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme in a cookie; under htmx the page changes in place."""
    chosen = request.POST.get("theme", "")
    chosen = chosen if chosen in THEMES else "auto"
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    response: HttpResponse = HttpResponseRedirect(back if safe else reverse("overview"))
    if request.headers.get("HX-Request"):
        headers = {"HX-Trigger": json.dumps({"theme": {"value": chosen}})}
        response = HttpResponse(status=204, headers=headers)
    response.set_cookie("theme", chosen, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    return response


@method_decorator(never_cache, "dispatch")
class ChangePassword(PasswordChangeView):
    """A person's own password; any signed-in person may change it."""

    template_name = "admin/password.html"
    success_url = reverse_lazy("overview")
