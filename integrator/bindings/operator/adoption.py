"""Adopting a service that a person says is a binding's, after checking that it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from integrator.bindings import intents, step_log, transitions
from integrator.core import clock
from integrator.core.errors import ActionRefused
from integrator.messages.message import say
from integrator.models import Binding, Intent, Step, Window
from integrator.models.states import BindingState, Outcome, StepState
from integrator.panel_access import call_log, panel_connections
from integrator.steps import step3_order as step3
from integrator.steps import step7_close_the_task as step7
from integrator.steps.same_service import of_client, same_domain
from integrator.steps.verdicts import Proven
from integrator.windows import members
from panels.billmanager.services import DELETED, STATUSES, SUSPENDED

if TYPE_CHECKING:
    from panels.billmanager.services import Service


def adopt_service(binding: Binding, service_id: int, actor: str) -> None:
    """Take this service as the result of the binding's order.

    Raises ActionRefused when it is another client's or domain's, or belongs to another
    binding; and what ``panels`` raises.
    """
    with call_log.about(run_id=binding.run_id, binding_id=binding.pk, step=binding.step):
        bm = panel_connections.billmanager()
        listed = bm.services.of_client(binding.client.remote_id, binding.su)
        found = [s for s in listed if s.id == service_id]
    if not found:
        raise ActionRefused(
            _("Client %(client)s has no service %(service)d.")
            % {"client": binding.client, "service": service_id}
        )
    service = found[0]
    refused = unfit(binding, service)
    if refused:
        raise ActionRefused(refused)
    paid = isinstance(step7.verify(service, binding), Proven) or step3.paid(service)
    # What may yet be opened stays in its window: the gate must see it.
    window = Window.objects.open().filter(pk=binding.window_id or 0).first()
    stays = paid and window is not None
    with transaction.atomic():
        for intent in Intent.objects.filter(binding=binding):
            if intents.unsettled(intent) or intents.refused_unread(intent):
                intents.settle(
                    intent,
                    Outcome.DONE,
                    why=say("effect.adopted_service", actor=actor, service=service_id),
                )
        _record(binding, service, actor)
        changed = transitions.change(
            binding,
            BindingState.WAITING if stays else BindingState.QUEUED,
            actor=actor,
            why=say("binding.adopted_service", service=service_id),
            waiting_for=members.TASKS if stays else members.WINDOW,
            service_id=service_id,
            window=window if stays else None,
            in_lane=False,
            step=6 if paid else 4,
            step_at=clock.now(),
            attempts=0,
        )
        if not changed:
            raise ActionRefused(_("It changed a moment ago; look again."))


def unfit(binding: Binding, service: Service) -> str:
    """Why this service cannot be the binding's, in words; "" when it can."""
    words = {
        "service": service.id,
        "domain": service.domain,
        "wanted": binding.domain,
        "state": step3.state_word(service),
    }
    other = Binding.objects.filter(service_id=service.id).exclude(pk=binding.pk).first()
    if other is not None:
        return _("Service %(service)d belongs to binding b%(other)d.") % {
            **words,
            "other": other.pk,
        }
    if not of_client(service, binding):
        return _("Service %(service)d is another client's.") % words
    if not same_domain(service.domain, binding.domain):
        return _("Service %(service)d is for %(domain)s, the binding for %(wanted)s.") % words
    if service.status not in STATUSES or service.status in (DELETED, SUSPENDED):
        return _("Service %(service)d is %(state)s.") % words
    return ""


def _record(binding: Binding, service: Service, actor: str) -> None:
    evidence = {**step3.row(service), "adopted_by": actor}
    numbers = [3] if not step3.paid(service) else [3, 4]
    previous = {row.number: row for row in Step.objects.filter(binding=binding)}
    step_log.record(
        step_log.row(
            number,
            StepState.DONE,
            binding=binding,
            previous=previous.get(number),
            attempt=previous[number].attempts if number in previous else 1,
            evidence=evidence,
        )
        for number in numbers
    )
