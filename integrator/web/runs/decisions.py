"""Decisions on unknown outcomes: candidates that the panel shows, and a person's choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from integrator.bindings.operator import actions, undecided_evidence
from integrator.core.errors import ActionRefused, PanelError
from integrator.core.numbers import number
from integrator.core.typed_text import typed
from integrator.models import Binding
from integrator.panel_access.transports import NoBillManagerError
from integrator.panel_setup import advice
from integrator.web.layout import refusals
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.web.layout.access import Request


@needs(get=Role.OPERATOR)
def options(request: Request, pk: int) -> HttpResponse:
    """Read the panel now: services or payments that could be it, each with its button."""
    binding = get_object_or_404(Binding.objects.select_related("client", "plan"), pk=pk)
    context = {"binding": binding, "options": [], "error": ""}
    try:
        context["options"] = undecided_evidence.options(binding)
    except PanelError as error:
        context["error"] = advice.refusal_of(error).text
    except NoBillManagerError:
        context["error"] = _("No BILLmanager is registered: its services cannot be read.")
    return render(request, "runs/_decide_options.html", context)


@needs(post=Role.OPERATOR)
def adopt(request: Request, pk: int) -> HttpResponse:
    """Adopt the service or payment that a person names; it is checked first."""
    binding = get_object_or_404(Binding, pk=pk)
    payment = request.POST.get("payment", "")
    chosen = number(payment or typed(request.POST, "service"))
    actor = request.user.get_username()
    if chosen is None:
        messages.error(request, _("Choose one, or give its number in BILLmanager."))
        return redirect("binding", pk)
    with refusals.show_refusals(request):
        if payment:
            actions.adopt_payment(binding.pk, chosen, actor)
        else:
            actions.adopt(binding.pk, chosen, actor)
        said = _("Payment %s is adopted.") if payment else _("Service %s is adopted.")
        messages.success(request, said % chosen)
    return redirect("binding", pk)


@needs(post=Role.OPERATOR)
def try_again(request: Request, pk: int) -> HttpResponse:
    """Try again: a person says that it does not exist."""
    binding = get_object_or_404(Binding, pk=pk)
    try:
        actions.try_again(binding.pk, request.user.get_username())
    except ActionRefused as refused:
        refusals.show_refusal(request, refused)
    else:
        messages.success(request, _("It will be tried again."))
    return redirect("binding", pk)
