"""Step 4 read back: whether each order is paid, and by the charge that its preview has promised."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from django.conf import settings

from integrator.bindings import intents
from integrator.core import clock
from integrator.messages.message import say
from integrator.models import Step
from integrator.models.states import Outcome, StepState
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from integrator.steps.verdicts import Ambiguous, Failed, Proven
from integrator.windows import members

if TYPE_CHECKING:
    from collections.abc import Collection

    from integrator.models import Binding, Intent
    from integrator.windows.readings import Reading

LOOK_AGAIN = dt.timedelta(seconds=2)
"""How soon a charge or service that is not listed yet is looked for again."""


def of_these(found: Reading, awaiting: Collection[Binding]) -> Reading:
    """Without charges that prove another binding's payment, where rows do not say whose they are.

    The floor of an order may be older than what another window did for the same client.
    """
    if all(expense.service_id is not None for expense in found.expenses):
        return found
    others = Step.objects.filter(
        number=step4.NUMBER,
        state=StepState.DONE,
        binding__client__in={binding.client_id for binding in awaiting},
    ).exclude(binding__in=[binding.pk for binding in awaiting])
    taken = {evidence.get("charge") for evidence in others.values_list("evidence", flat=True)}
    return replace(found, expenses=[e for e in found.expenses if e.id not in taken])


def read_back(
    binding: Binding, proven: Proven, known: list[Intent], found: Reading, ledger: members.Ledger
) -> dt.datetime | None:
    """The service is there: is it paid? Returns when to look again; None: something changed."""
    order = intents.last(known, step3.KIND)
    line = intents.last(known, step4.PAY_LINE)
    service_id = proven.evidence["service"]
    service = next(s for s in found.services if s.id == service_id)
    for intent in (order, line):
        if intent is None or not step3.paid(service):
            continue
        if intents.unsettled(intent) or intents.refused_unread(intent):
            intents.settle(intent, Outcome.DONE, why=say("effect.read_back"), service=service_id)
    again = None if step3.paid(service) else may_still_be_paid(order, line)
    if again is not None:
        return again
    if order is not None and order.outcome != Outcome.DONE and not step3.paid(service):
        # Refused is not always nothing: the order is there, unpaid, and is adopted as that.
        intents.settle(order, Outcome.DONE, why=say("order.found_unpaid"), service=service_id)
    ledger.proven(binding, step3.NUMBER, proven)
    before = max(i.before.get("expense", 0) for i in (order, line) if i is not None)
    verdict = step4.verify(binding, service, before, found.expenses)
    if isinstance(verdict, Proven):
        compare_with_preview(binding, verdict, ledger)
        ledger.proven(binding, step4.NUMBER, verdict)
        ledger.waits(
            binding,
            members.TASKS,
            step=6,
            step_at=ledger.now,
            service_id=service_id,
            in_lane=False,
            attempts=0,
        )
        return None
    if not step3.paid(service):
        _unpaid(binding, service_id, order, line, ledger)
        return None
    if isinstance(verdict, Ambiguous):
        ledger.undecided(binding, step4.NUMBER, verdict)
        return None
    if order is not None and clock.now() > intents.listed_by(order):
        ledger.undecided(
            binding,
            step4.NUMBER,
            Ambiguous("several_charges", say("charge.none"), proven.evidence),
        )
        return None
    return clock.now() + LOOK_AGAIN


def compare_with_preview(binding: Binding, charged: Proven, ledger: members.Ledger) -> None:
    """A charge that differs from the preview pauses the run: a person looks before more follow."""
    if charged.evidence.get("differs"):
        ledger.pauses[binding.run_id] = say(
            "charge.differs",
            binding=str(binding),
            amount=charged.evidence["amount"],
            expected=charged.evidence["expected"],
        )


def may_still_be_paid(order: Intent | None, line: Intent | None) -> dt.datetime | None:
    """When to look again at an unpaid service; None: what was sent can no longer pay it.

    BILLmanager charges asynchronously: to pay at once what is just being paid would charge twice,
    and what is paid after its window would be opened by the ispmanager module.
    """
    sent = line or order
    now = clock.now()
    if sent is None or sent.outcome in (Outcome.REFUSED, Outcome.NOTHING):
        return None
    until = intents.shows_by(sent)
    return min(intents.next_look(sent), until) if now < until else None


def _unpaid(
    binding: Binding,
    service_id: int,
    order: Intent | None,
    line: Intent | None,
    ledger: members.Ledger,
) -> None:
    """The order stayed unpaid: say why, or pay it where it lies."""
    told = line or order
    why = told.result.get("cause") if told is not None else None
    if why is not None and told is not None:
        ledger.failed(
            binding,
            step4.NUMBER,
            Failed(why, told.why),
            step=4,
            service_id=service_id,
            attempts=0,
        )
        return
    if line is not None and line.outcome == Outcome.DONE:
        text = say("payment.without_effect", service=service_id)
        request = {"request": line.before["request"]}
        verdict = Ambiguous("payment_unknown", text, request)
        ledger.undecided(binding, step4.NUMBER, verdict, step=4, service_id=service_id)
        return
    if line is not None and intents.unsettled(line):
        intents.settle(line, Outcome.NOTHING, why=intents.NOT_SEEN)
    if binding.attempts >= settings.MAX_ATTEMPTS:
        ledger.failed(
            binding,
            step4.NUMBER,
            Failed(step4.UNPAID_ORDER, say("service.unpaid", service=service_id)),
            step=4,
            service_id=service_id,
            attempts=0,
        )
        return
    ledger.waits(binding, members.TURN, step=4, service_id=service_id, due_at=ledger.now)
