"""Connecting a panel, guided: its address, its certificate, its logins; and a change of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from integrator.core.errors import PanelError
from integrator.models import Panel
from integrator.panel_setup import advice, location
from integrator.panel_setup.checks import panel_check
from integrator.web.admin import notes
from integrator.web.layout import refusals
from integrator.web.layout.access import Role, needs
from integrator.web.panels.forms import AddForm, AddressForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.web.layout.access import Request

SHOWN = "certificate"
"""Session key: the panel and the SHA-256 of the certificate that its person was shown last."""


@needs(get=Role.ADMIN, post=Role.ADMIN, fresh=True)
def add(request: Request) -> HttpResponse:
    """Ask for the address; show who answers there and ask for the logins; ask the panel, keep it.

    Nothing is kept before the panel has let us in. Then it is checked at once.
    """
    if request.method == "POST" and "username" in request.POST:
        return _register(request)
    form = AddressForm(request.POST or None, initial={"kind": request.GET.get("kind", "")})
    if request.method == "POST" and form.is_valid():
        sight = form.find()
        if sight is not None:
            return _page(request, AddForm.at(form.cleaned_data["kind"], sight))
    return _page(request, form)


def _register(request: Request) -> HttpResponse:
    form = AddForm(request.POST, request.FILES)
    panel = form.register() if form.is_valid() else None
    if panel is None:
        form.look_again()
        return _page(request, form)
    notes.note(request.user.get_username(), "panel", "added", panel.name)
    report = panel_check.check(panel)
    if report.ok:
        said = _("%s is registered, and has all that the steps need.")
        messages.success(request, said % panel.name)
    else:
        said = _("%s is registered, but lacks something: see the report.")
        messages.warning(request, said % panel.name)
    return redirect("panel", panel.pk)


def _page(request: Request, form: AddForm | AddressForm) -> HttpResponse:
    context: dict[str, Any] = {
        "section": "panels",
        "form": form,
        "sight": getattr(form, "sight", None),
        "found": isinstance(form, AddForm),
    }
    return render(request, "panels/panel_add.html", context)


@needs(post=Role.ADMIN)
def certificate(request: Request, pk: int) -> HttpResponse:
    """Show the certificate that the panel shows now beside the one that is trusted."""
    panel = get_object_or_404(Panel, pk=pk)
    try:
        sight = location.look_at(panel)
    except PanelError as error:
        refusals.show_refusal(request, advice.refusal_of(error))
        return redirect("panel", pk)
    request.session[SHOWN] = [panel.pk, sight.sha256]
    context = {"section": "panels", "panel": panel, "sight": sight}
    return render(request, "panels/panel_certificate.html", context)


@needs(post=Role.ADMIN, fresh=True)
def trust(request: Request, pk: int) -> HttpResponse:
    """Trust this certificate from now on, and check the panel, which ends its stop."""
    panel = get_object_or_404(Panel, pk=pk)
    shown = request.POST.get("sha256", "")
    if not shown or request.session.get(SHOWN) != [panel.pk, shown]:
        messages.error(request, _("That is not the certificate that you were shown; look again."))
        return redirect("panel", pk)
    del request.session[SHOWN]
    panel.pin_sha256, panel.ca_pem = shown, ""
    panel.save(update_fields=["pin_sha256", "ca_pem"])
    notes.note(request.user.get_username(), "panel", "trusted", f"{panel.name}: {shown}")
    panel_check.check(panel)
    if panel.stopped:
        messages.error(request, _("It shows yet another certificate now; look again."))
    else:
        messages.success(
            request, _("%s is trusted by this certificate, and no other.") % panel.name
        )
    return redirect("panel", pk)
