"""Sessions: where somebody is signed in; he ends his own, an admin everybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from integrator.core.session_store import BEGAN, began
from integrator.models import Session

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse


@receiver(user_logged_in)
def _note_whence(request: HttpRequest | None = None, **_signal: object) -> None:
    """Keep whence somebody has signed in, by which he tells his sessions apart."""
    if request is not None and hasattr(request, "session"):
        address = request.META.get("REMOTE_ADDR", "")
        request.session[BEGAN] = began(address, request.headers.get("User-Agent", ""))


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Where the person is signed in; one of these sessions, or all others, are ended.

    For everybody who can sign in, with a role or without.
    """
    own = Session.objects.filter(user=request.user.pk, expire_date__gt=timezone.now())
    here = request.session.session_key
    others = own.exclude(pk=here)
    if request.method == "POST":
        reference = request.POST.get("session", "")
        chosen = others.filter(reference=reference) if reference else others
        ended, _rows = chosen.delete()
        said = ngettext("%d session is ended.", "%d sessions are ended.", ended)
        messages.success(request, said % ended)
        return redirect("sessions")
    context = {"here": own.filter(pk=here).first(), "others": others}
    return render(request, "admin/sessions.html", context)


def end_all_of(person: User, but: str | None = None) -> int:
    """End the person's sessions, all but the one with this key; how many."""
    ended, _rows = Session.objects.filter(user=person).exclude(session_key=but).delete()
    return ended
