"""The guide for undoing a binding: manual module, deletion by a person, account free again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from integrator.bindings.operator import undo_guide
from integrator.models import Binding
from integrator.models.states import BindingState
from integrator.panel_access import deep_links
from integrator.web.layout import refusals
from integrator.web.layout.access import Role, needs

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.web.layout.access import Request


@needs(get=Role.VIEWER)
def page(request: Request, pk: int) -> HttpResponse:
    """The three steps and how far they are."""
    binding = get_object_or_404(
        Binding.objects.select_related("account__panel", "client", "plan", "run"), pk=pk
    )
    context = {
        "section": "runs",
        "binding": binding,
        "undo": undo_guide.state_of(binding),
        "was_done": binding.state == BindingState.DONE,
        "link": deep_links.service(binding.service_id) if binding.service_id else "",
    }
    return render(request, "runs/undo.html", context)


@needs(post=Role.OPERATOR)
def manual(request: Request, pk: int) -> HttpResponse:
    """Put the service on the manual module, and read that back."""
    binding = get_object_or_404(Binding, pk=pk)
    with refusals.show_refusals(request):
        module = undo_guide.to_manual(binding.pk, request.user.get_username())
        messages.success(request, _("Read back: the service is on manual module %d.") % module)
    return redirect("undo", pk)


@needs(post=Role.OPERATOR)
def release(request: Request, pk: int) -> HttpResponse:
    """Free the account, if BILLmanager no longer has the service."""
    binding = get_object_or_404(Binding, pk=pk)
    with refusals.show_refusals(request):
        alarming = undo_guide.release(binding.pk, request.user.get_username())
        if alarming:
            messages.error(request, alarming)
        else:
            messages.success(request, _("The service is gone; the account is free again."))
    return redirect("undo", pk)
