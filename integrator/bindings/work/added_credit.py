"""Adding what the balance lacks, before the order, where the run pays with *credit*.

A payment is added with the method that the operator picked, and marked paid. Both calls have
their intents; what is unknown is read back before anything else is done for this client.
"""

from __future__ import annotations

import string
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Sum
from django.utils.crypto import get_random_string

from integrator.bindings import claims, intents
from integrator.bindings.work import attempts
from integrator.bindings.work.side_by_side import read, settle
from integrator.core import clock
from integrator.messages.message import say
from integrator.models import Binding, Client, Intent
from integrator.models.states import BindingState, Outcome, Phase
from integrator.panel_access.batched_reads import BatchedReads
from integrator.steps import payment_means
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from integrator.steps.verdicts import Ambiguous, Proven
from integrator.windows import members
from panels.billmanager import Payment
from panels.coremanager.errors import PanelError, UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Collection

    from integrator.bindings.claims import Claim
    from integrator.bindings.work.side_by_side import Work
    from panels.billmanager import BillManager

_payments = BatchedReads[Payment]()
"""There is one BILLmanager alone."""

TOKEN_ALPHABET = string.ascii_lowercase + string.digits
TOKEN_LENGTH = 12
"""As long as the panel's own ``randomnumber`` (billmanager.md 5)."""


def credit(claimed: Claim, bm: BillManager) -> Work[bool]:
    """Whether the balance now covers the price; False: the binding was handed back.

    Raises what ``panels`` raises for reads.
    """
    binding = claimed.binding
    made = intents.last(claimed.intents, step4.CREDIT)
    if (
        made is not None
        and intents.may_have_happened(made)
        and not made.result.get(intents.COUNTED)
    ):
        return (yield from _go_on(claimed, bm, made))
    if binding.credited is not None and not _is_lacking_again(claimed):
        return True
    client = yield from read(lambda: bm.whoami(su=binding.su))
    balance = client.balance
    if balance is None or client.currency_id is None:
        attempts.fail(claimed, step4.NUMBER, "balance", say("balance.hidden"))
        return False
    if payment_means.debt(binding.client, balance) > payment_means.accepted_debt(binding):
        # So that a person who confirms it confirms what is owed now.
        Client.objects.filter(pk=binding.client_id).update(balance=balance)
        attempts.fail(claimed, step4.NUMBER, "debt", say("balance.is", balance=balance))
        return False
    free = payment_means.free(binding.client, balance, _promised(binding))
    amount = Decimal(0) if free is None else step4.lacking(binding.price, free)
    if amount == 0:
        claims.note(claimed, credited=binding.credited or Decimal(0))
        return True
    return (yield from _add(claimed, bm, amount, client.currency_id))


def _is_lacking_again(claimed: Claim) -> bool:
    """Whether the balance did not cover the price although it had been credited.

    Something else has used it up: the panel refused the order or its payment for that since.
    """
    money = (step3.KIND, step4.PAY_LINE, step4.CREDIT)
    latest = next((one for one in reversed(claimed.intents) if one.kind in money), None)
    return latest is not None and latest.result.get("cause") == "balance"


def _promised(binding: Binding) -> Decimal:
    """What of the client's balance is meant for other bindings that were credited.

    Their whole price, until its charge is proven: the part that the balance covered is meant for
    them too, and what this one took of it would be lacking there.
    """
    others = Binding.objects.filter(
        client=binding.client_id, credited__gt=0, step__in=members.MONEY_STEPS
    )
    others = others.exclude(pk=binding.pk).exclude(state=BindingState.CANCELLED)
    return others.aggregate(sum=Sum("price"))["sum"] or Decimal(0)


def _add(claimed: Claim, bm: BillManager, amount: Decimal, currency_id: int) -> Work[bool]:
    binding = claimed.binding
    preview = binding.run.preview
    method = preview.paymethod_id
    if method is None:
        attempts.fail(claimed, step4.NUMBER, "payment_refused", say("payment.no_method"))
        return False
    profiles = yield from read(lambda: bm.clients.profiles(binding.su))
    if not profiles:
        text = say("payment.no_profile", client=str(binding.client))
        attempts.fail(claimed, step4.NUMBER, "no_profile", text)
        return False
    token = get_random_string(TOKEN_LENGTH, TOKEN_ALPHABET)
    seen = binding.window.seen if binding.window else {}
    added = step4.AddPayment(
        bm,
        binding,
        amount,
        currency_id=currency_id,
        method_id=method,
        profile_id=profiles[0].id,
        token=token,
        floor=seen.get("payment", 0),
    )
    sent = yield from attempts.send(claimed, added, Phase.ORDERS)
    if sent.outcome == Outcome.DONE and sent.value is not None:
        yield from settle(sent, None, payment=sent.value)
        return (yield from _mark_paid(claimed, bm, sent.intent, sent.value))
    if sent.outcome in (Outcome.DONE, Outcome.UNKNOWN):
        with transaction.atomic():
            intents.settle_sent(sent)
            _look_again(claimed, sent.intent)
        return False
    return _nothing_done(claimed, sent)


def _go_on(claimed: Claim, bm: BillManager, made: Intent) -> Work[bool]:
    """A credit was begun before: find its payment, and mark it paid."""
    binding = claimed.binding
    payment = made.result.get("payment")
    if payment is None:
        taken = _of_others(binding)
        since = made.before["payment"]
        newer = yield from read(lambda: step4.payments_since(bm, binding, since))
        payments = [p for p in newer if p.id not in taken]
        verdict = step4.find_credit(
            binding,
            Decimal(made.before["amount"]),
            made.before["payment"],
            payments,
            binding.run.preview.paymethod_name,
        )
        if isinstance(verdict, Ambiguous):
            attempts.undecide(claimed, step4.NUMBER, verdict)
            return False
        if not isinstance(verdict, Proven):
            return _absent(claimed, made)
        payment = int(verdict.evidence["payment"])
        intents.settle(made, Outcome.DONE, why=say("effect.read_back"), payment=payment)
    marked = intents.last(claimed.intents, step4.SET_PAID)
    if intents.unsettled(marked) and marked is not None:
        found = yield from read(lambda: bm.payments.get(payment))
        if found is not None and found.status == step4.CREDITED:
            intents.settle(marked, Outcome.DONE, why=say("effect.read_back"))
        elif clock.now() < intents.may_show_until(marked):
            _look_again(claimed, marked)
            return False
        else:
            intents.settle(marked, Outcome.NOTHING, why=intents.NOT_SEEN)
    return (yield from _mark_paid(claimed, bm, made, payment))


def _of_others(binding: Binding) -> set[int]:
    """Payments that were added for other bindings of this client."""
    others = Intent.objects.filter(kind=step4.CREDIT, binding__client=binding.client_id)
    results = others.exclude(binding=binding).values_list("result", flat=True)
    return {result["payment"] for result in results if result.get("payment") is not None}


def _absent(claimed: Claim, made: Intent) -> bool:
    """The payment is not there: that proves something only when its time is over."""
    binding = claimed.binding
    if clock.now() < intents.shows_by(made):
        _look_again(claimed, made)
        return False
    if made.outcome == Outcome.DONE:
        verdict = Ambiguous(
            "payment_unknown",
            say("payment.confirmed"),
            {"request": made.before["request"]},
        )
        attempts.undecide(claimed, step4.NUMBER, verdict)
        return False
    with transaction.atomic():
        intents.settle(made, Outcome.NOTHING, why=intents.NOT_SEEN)
        attempts.wait(claimed, members.TURN, due_at=clock.now(), attempts=binding.attempts + 1)
    return False


def _payment(bm: BillManager, payment_id: int) -> Payment | None:
    """One payment; None: it is not listed. Read with those that other threads want just now."""

    def fetch(wanted: Collection[int]) -> dict[int, Payment]:
        if len(wanted) > 1:
            with suppress(UnexpectedAnswer):  # a row of somebody else's cannot be read
                return {one.id: one for one in bm.payments.newer_than(min(wanted) - 1)}
        found = map(bm.payments.get, wanted)
        return {one.id: one for one in found if one is not None}

    return _payments.get(payment_id, fetch)


def _mark_paid(claimed: Claim, bm: BillManager, made: Intent, payment: int) -> Work[bool]:
    binding = claimed.binding
    found = yield from read(lambda: _payment(bm, payment))
    if found is None:
        if clock.now() < intents.listed_by(made):
            _look_again(claimed, made)  # confirmed, and not listed yet
        else:
            text = say("payment.gone", payment=payment)
            attempts.fail(claimed, step4.NUMBER, "payment_refused", text)
        return False
    if found.status != step4.CREDITED:
        sent = yield from attempts.send(claimed, step4.MarkPaid(bm, found), Phase.ORDERS)
        if sent.outcome == Outcome.UNKNOWN:
            with transaction.atomic():
                intents.settle_sent(sent)
                _look_again(claimed, sent.intent)
            return False
        if sent.outcome != Outcome.DONE:
            return _nothing_done(claimed, sent)
        yield from settle(sent, None)
    with transaction.atomic():
        made.result = {**made.result, intents.COUNTED: True}
        made.save(update_fields=["result"])
        total = (binding.credited or Decimal(0)) + Decimal(made.before["amount"])
        claims.note(claimed, credited=total)
    return True


def _nothing_done(claimed: Claim, sent: intents.Sent[object]) -> bool:
    with transaction.atomic():
        intents.settle_sent(sent)
        if isinstance(sent.error, PanelError):
            attempts.try_again(claimed, step4.NUMBER, sent.error, refused="payment_refused")
    return False


def _look_again(claimed: Claim, intent: Intent) -> None:
    """Hand back what is not known yet: soon at first, since being there proves it at once.

    When it is not there for as long as lists may lag behind, the plan is not kept from selling
    for it any longer: it is looked for in a later window, once its time is over.
    """
    if clock.now() < intents.listed_by(intent):
        attempts.wait(claimed, members.TURN, due_at=intents.next_look(intent), why=intent.why)
    else:
        attempts.wait_outside(claimed, intents.may_show_until(intent), why=intent.why)
