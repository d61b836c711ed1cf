"""Adding what the balance lacks, before the order, where the run pays with *credit*.

A payment is added with the method that the operator picked, and marked paid. Both calls have
their intents; what is unknown is read back before anything else is done for this client.
"""

from __future__ import annotations

import datetime as dt
import secrets
import string
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Sum

from integrator import clock
from integrator.models import Binding, Intent
from integrator.models.states import BindingState, Outcome, Phase
from integrator.steps import means
from integrator.steps import step4_pay as step4
from integrator.steps.verdicts import Ambiguous, Proven
from integrator.workflow import attempts, engine, intents
from integrator.workflow.windows import members
from panels.errors import PanelError

if TYPE_CHECKING:
    from integrator.workflow.engine import Claim
    from panels.billmanager import BillManager

TOKEN_ALPHABET = string.ascii_lowercase + string.digits
TOKEN_LENGTH = 12
"""As long as the panel's own ``randomnumber`` (billmanager.md 5)."""


def credit(claimed: Claim, bm: BillManager) -> bool:
    """Whether the balance now covers the price; False: the binding was handed back.

    Raises what ``panels`` raises for reads.
    """
    binding = claimed.binding
    if binding.credited is not None:
        return True
    made = intents.last(claimed.intents, step4.CREDIT)
    if intents.may_have_happened(made) and made is not None:
        return _go_on(claimed, bm, made)
    client = bm.whoami(su=binding.su)
    balance = client.balance
    if balance is None or client.currency_id is None:
        attempts.fail(claimed, step4.NUMBER, "balance", "the panel does not show the balance")
        return False
    if means.debt(binding.client, balance) > means.accepted_debt(binding):
        attempts.fail(claimed, step4.NUMBER, "debt", f"the balance is {balance}")
        return False
    free = means.free(binding.client, balance, _promised(binding))
    amount = Decimal(0) if free is None else step4.lacking(binding.price, free)
    if amount == 0:
        engine.note(claimed, credited=Decimal(0))
        return True
    return _add(claimed, bm, amount, client.currency_id)


def _promised(binding: Binding) -> Decimal:
    """What of the client's balance was credited for other bindings that have yet to order.

    Taken for this one, they would find nothing left: what was credited is not credited again.
    """
    others = Binding.objects.filter(client=binding.client_id, credited__gt=0, service_id=None)
    others = others.exclude(pk=binding.pk).exclude(state=BindingState.CANCELLED)
    return others.aggregate(sum=Sum("credited"))["sum"] or Decimal(0)


def _add(claimed: Claim, bm: BillManager, amount: Decimal, currency_id: int) -> bool:
    binding = claimed.binding
    preview = binding.run.preview
    method = preview.paymethod_id
    if method is None:
        attempts.fail(claimed, step4.NUMBER, "payment_refused", "no payment method was chosen")
        return False
    profiles = bm.clients.profiles(binding.su)
    if not profiles:
        attempts.fail(claimed, step4.NUMBER, "no_profile", f"client {binding.client} has none")
        return False
    token = "".join(secrets.choice(TOKEN_ALPHABET) for _ in range(TOKEN_LENGTH))
    seen = binding.window.seen if binding.window else {}
    intent = intents.new(
        step4.CREDIT,
        step4.NUMBER,
        binding.attempts + 1,
        step4.describe_credit(binding, amount, method) | {"randomnumber": token},
        {"payment": seen.get("payment", 0), "amount": str(amount)},
        binding=binding,
    )
    attempts.declare(claimed, intent, Phase.ORDERS)
    sent = intents.carry_out(
        intent,
        lambda send_by: bm.payments.add(
            binding.su,
            profile_id=profiles[0].id,
            amount=amount,
            currency_id=currency_id,
            method_id=method,
            randomnumber=token,
            send_by=send_by,
        ),
    )
    if sent.outcome == Outcome.DONE and sent.value is not None:
        intents.settle_sent(sent, payment=sent.value)
        return _mark_paid(claimed, bm, intent, sent.value)
    if sent.outcome in (Outcome.DONE, Outcome.UNKNOWN):
        with transaction.atomic():
            intents.settle_sent(sent)
            attempts.wait(claimed, members.TURN, due_at=_soon(intent), why=intent.why)
        return False
    return _nothing_done(claimed, sent)


def _go_on(claimed: Claim, bm: BillManager, made: Intent) -> bool:
    """A credit was begun before: find its payment, and mark it paid."""
    binding = claimed.binding
    payment = made.result.get("payment")
    if payment is None:
        taken = _of_others(binding)
        payments = [p for p in bm.payments.of_client(binding.su) if p.id not in taken]
        verdict = step4.find_credit(
            binding, Decimal(made.before["amount"]), made.before["payment"], payments
        )
        if isinstance(verdict, Ambiguous):
            attempts.undecide(claimed, step4.NUMBER, verdict)
            return False
        if not isinstance(verdict, Proven):
            return _absent(claimed, made)
        payment = int(verdict.evidence["payment"])
        intents.settle(made, Outcome.DONE, why="read back", payment=payment)
    marked = intents.last(claimed.intents, step4.SET_PAID)
    if intents.unsettled(marked) and marked is not None:
        found = bm.payments.get(payment)
        if found is not None and found.status == step4.CREDITED:
            intents.settle(marked, Outcome.DONE, why="read back")
        elif clock.now() < marked.settles_at:
            attempts.wait(claimed, members.TURN, due_at=marked.settles_at)
            return False
        else:
            intents.settle(marked, Outcome.NOTHING, why="not seen after the settle time")
    return _mark_paid(claimed, bm, made, payment)


def _of_others(binding: Binding) -> set[int]:
    """Payments that were added for other bindings of this client."""
    others = Intent.objects.filter(kind=step4.CREDIT, binding__client=binding.client_id)
    results = others.exclude(binding=binding).values_list("result", flat=True)
    return {result["payment"] for result in results if result.get("payment") is not None}


def _absent(claimed: Claim, made: Intent) -> bool:
    """The payment is not there: proof of nothing only after the settle time."""
    binding = claimed.binding
    if clock.now() < made.settles_at:
        attempts.wait(claimed, members.TURN, due_at=made.settles_at)
        return False
    if made.outcome == Outcome.DONE:
        verdict = Ambiguous(
            "payment_unknown",
            "the panel confirmed a payment that it does not list",
            {"request": made.before["request"]},
        )
        attempts.undecide(claimed, step4.NUMBER, verdict)
        return False
    with transaction.atomic():
        intents.settle(made, Outcome.NOTHING, why="not seen after the settle time")
        attempts.wait(claimed, members.TURN, due_at=clock.now(), attempts=binding.attempts + 1)
    return False


def _mark_paid(claimed: Claim, bm: BillManager, made: Intent, payment: int) -> bool:
    binding = claimed.binding
    found = bm.payments.get(payment)
    if found is None:
        attempts.fail(claimed, step4.NUMBER, "payment_refused", f"payment {payment} is gone")
        return False
    if found.status != step4.CREDITED:
        intent = intents.new(
            step4.SET_PAID,
            step4.NUMBER,
            binding.attempts + 1,
            {"payment": payment},
            {"status": found.status},
            binding=binding,
        )
        attempts.declare(claimed, intent, Phase.ORDERS)
        sent = intents.carry_out(
            intent, lambda send_by: bm.payments.set_paid(payment, send_by=send_by)
        )
        if sent.outcome == Outcome.UNKNOWN:
            with transaction.atomic():
                intents.settle_sent(sent)
                attempts.wait(claimed, members.TURN, due_at=_soon(intent), why=intent.why)
            return False
        if sent.outcome != Outcome.DONE:
            return _nothing_done(claimed, sent)
        intents.settle_sent(sent)
    engine.note(claimed, credited=Decimal(made.before["amount"]))
    return True


def _nothing_done(claimed: Claim, sent: intents.Sent[object]) -> bool:
    with transaction.atomic():
        intents.settle_sent(sent)
        if isinstance(sent.error, PanelError):
            attempts.try_again(claimed, step4.NUMBER, sent.error, refused="payment_refused")
    return False


def _soon(intent: Intent) -> dt.datetime:
    """When to look for what is unknown: soon, since being there proves it at once."""
    return min(clock.now() + dt.timedelta(seconds=2), intent.settles_at)
