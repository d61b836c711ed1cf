"""Retries the bindings of chosen accounts that have failed, whichever runs they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from integrator.bindings.operator import actions
from integrator.models import Binding
from integrator.models.states import BindingState
from integrator.web.accounts import selection
from integrator.web.layout.access import Role, needs
from integrator.web.runs.retried import show_retried

if TYPE_CHECKING:
    from django.http import HttpResponse

    from integrator.web.layout.access import Request


@needs(post=Role.OPERATOR)
def selected(request: Request) -> HttpResponse:
    """Retry what has failed of the ticked accounts, or of all that match.

    What needs a decision is left: nothing is sent again before a person has taken it.
    """
    chosen = selection.read(request.POST)
    if chosen.drifted:
        text = _("You chose %(before)s accounts; by now %(now)s match. Nothing has been changed.")
        messages.error(request, text % {"before": chosen.expected, "now": chosen.total})
    else:
        failed = Binding.objects.filter(
            pk__in=chosen.accounts.values("binding_id"), state=BindingState.FAILED
        )
        show_retried(request, actions.retry(failed, request.user.get_username()))
    return redirect(f"{reverse('accounts')}?{chosen.query}")
