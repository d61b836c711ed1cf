"""What an undecided binding may turn out to be, read from the panel for the person who decides."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from integrator.bindings import intents, transitions
from integrator.bindings.operator import adoption
from integrator.core.errors import ActionRefused
from integrator.messages.message import say
from integrator.models import Binding, Intent
from integrator.models.states import BindingState, Outcome
from integrator.panel_access import call_log, panel_connections
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from integrator.steps.same_service import same_domain
from integrator.steps.verdicts import Proven
from integrator.windows import members

if TYPE_CHECKING:
    from collections.abc import Iterable

    from panels.billmanager.payments import Payment

MAX_SHOWN = 20
"""Services that are offered at most."""


@dataclass(frozen=True, slots=True)
class Option:
    """A service or payment that could be it. ``unfit``: why it cannot be adopted, "" if it can.

    ``about`` is what a person recognises it by: domain and state, or amount and state.
    """

    kind: str
    id: int
    about: str
    unfit: str


def is_about_payment(binding: Binding) -> bool:
    """Whether what is undecided is the credit that was added before the order."""
    return _credit(binding) is not None


def options(binding: Binding) -> list[Option]:
    """What the panel shows that could be it, what fits first.

    Raises what ``panels`` raises.
    """
    with call_log.about(run_id=binding.run_id, binding_id=binding.pk, step=binding.step):
        made = _credit(binding)
        found = _payments(binding, made) if made is not None else _services(binding)
    return sorted(found, key=lambda one: (bool(one.unfit), -one.id))[:MAX_SHOWN]


def adopt_payment(binding: Binding, payment_id: int, actor: str) -> None:
    """A person says that this payment is the binding's credit; it is checked before it is taken.

    Raises ActionRefused when it is not fit, and what ``panels`` raises.
    """
    made = _credit(binding)
    if made is None:
        raise ActionRefused(_("b%(id)d waits for no payment.") % {"id": binding.pk})
    with call_log.about(run_id=binding.run_id, binding_id=binding.pk, step=binding.step):
        found = [one for one in _payments(binding, made) if one.id == payment_id]
    if not found or found[0].unfit:
        raise ActionRefused(
            found[0].unfit
            if found
            else _("Client %(client)s has no payment %(payment)d.")
            % {"client": binding.client, "payment": payment_id}
        )
    with transaction.atomic():
        intents.settle(
            made,
            Outcome.DONE,
            why=say("effect.adopted_payment", actor=actor, payment=payment_id),
            payment=payment_id,
        )
        changed = transitions.change(
            binding,
            BindingState.QUEUED,
            actor=actor,
            why=say("binding.adopted_payment", payment=payment_id),
            waiting_for=members.WINDOW,
            window=None,
            in_lane=members.keeps_lane(binding),
            attempts=0,
        )
        if not changed:
            raise ActionRefused(_("It changed a moment ago; look again."))


def _credit(binding: Binding) -> Intent | None:
    """The credit whose payment nobody knows; None: it is not what is to be decided."""
    if binding.step not in members.MONEY_STEPS:
        return None
    if binding.cause not in ("several_payments", "payment_unknown"):
        return None
    made = intents.last(list(Intent.objects.filter(binding=binding).order_by("id")), step4.CREDIT)
    unnamed = made is not None and made.result.get("payment") is None
    return made if unnamed and intents.may_have_happened(made) else None


def _services(binding: Binding) -> list[Option]:
    """The client's services since the order, and all of the same domain."""
    order = intents.last(list(Intent.objects.filter(binding=binding).order_by("id")), step3.KIND)
    floor = order.before.get("service", 0) if order else 0
    services = panel_connections.billmanager().services
    found = services.of_client(binding.client.remote_id, binding.su)
    return [
        Option(
            "service",
            service.id,
            f"{service.domain}, {step3.state_word(service)}",
            adoption.unfit(binding, service),
        )
        for service in found
        if service.id > floor
        or service.id == binding.service_id
        or same_domain(service.domain, binding.domain)
    ]


def _payments(binding: Binding, made: Intent) -> list[Option]:
    """The client's payments since the credit was sent."""
    newer = step4.payments_since(panel_connections.billmanager(), binding, made.before["payment"])
    return [
        Option(
            "payment",
            payment.id,
            f"{_amount(payment)}, "
            + (_("credited") if payment.status == step4.CREDITED else _("not credited")),
            _unfit(binding, made, payment),
        )
        for payment in newer
    ]


def _unfit(binding: Binding, made: Intent, payment: Payment) -> str:
    amount = Decimal(made.before["amount"])
    if payment.tied_to is not None:
        return _("It came of payment %(payment)d, as a cashback does.") % {
            "payment": payment.tied_to
        }
    if payment.amount != amount:
        return _("It is over another amount than %(amount)s.") % {"amount": amount}
    taken = _taken(binding)
    if payment.id in taken:
        return _("It belongs to binding b%(other)d.") % {"other": taken[payment.id]}
    alone = step4.find_credit(binding, amount, payment.id - 1, [payment])
    if not isinstance(alone, Proven):
        return _("It is another client's.")
    return ""


def _amount(payment: Payment) -> str:
    if payment.amount is None:
        return "; ".join(map(str, payment.troubles))
    return f"{payment.amount} {payment.currency}".strip()


def _taken(binding: Binding) -> dict[int, int]:
    """Payments that were added for other bindings of this client, by whose they are."""
    others: Iterable[tuple[dict[str, int], int | None]] = (
        Intent.objects.filter(kind=step4.CREDIT, binding__client=binding.client_id)
        .exclude(binding=binding)
        .values_list("result", "binding_id")
    )
    return {
        result["payment"]: owner or 0
        for result, owner in others
        if result.get("payment") is not None
    }
