"""Signing in, the theme, the password: what belongs to the browser and not to a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import PasswordChangeView
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from integrator.web.admin import sessions
from integrator.web.layout import cookies, live
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from django.contrib.auth.forms import PasswordChangeForm
    from django.http import HttpRequest, HttpResponse

    from integrator.web.layout.access import Request

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
    told = {"theme": {"value": chosen}}
    return cookies.keep(request, "theme", chosen, told=told, page="overview")


@method_decorator(never_cache, "dispatch")
class ChangePassword(PasswordChangeView):
    """A person's own password; any signed-in person may change it."""

    template_name = "admin/password.html"
    success_url = reverse_lazy("overview")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Change it, and end the person's other sessions: the old one may be known to somebody."""
        response = super().form_valid(form)
        sessions.end_all_of(form.user, but=self.request.session.session_key)
        return response
