"""The look right before a second order, for what the first one may have left.

The window's reading found nothing of it for as long as a request may be on its way. Its last rows
are older than this moment, though, and it lists the services of one plan; this look is at all of
the client's, whatever their plan and state, and at the client's cart (design.md, section 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from integrator.bindings import intents
from integrator.bindings.work import attempts
from integrator.bindings.work.side_by_side import read
from integrator.core import clock
from integrator.messages.message import say
from integrator.models.states import Outcome
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from integrator.steps.same_service import same_domain
from integrator.steps.verdicts import Ambiguous
from integrator.windows import members
from integrator.windows.recognition import form_marks
from panels.billmanager.services import DELETED, IN_PROGRESS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrator.bindings.claims import Claim
    from integrator.bindings.work.side_by_side import Work
    from integrator.models import Intent
    from panels.billmanager import BillManager
    from panels.billmanager.services import Service


def is_another(claimed: Claim) -> bool:
    """Whether an order was sent for this binding before, whatever came of it."""
    return _sent(claimed.intents) is not None


def may_order(claimed: Claim, bm: BillManager) -> Work[bool]:
    """Whether nothing of an earlier order is there; False: the binding was handed back.

    What bears our mark is our order after all: it is read back like any other. What could be it,
    by its domain or as an opening that is under way, is a person's question, unless a person has
    said of it before that it is not ours. Raises what ``panels`` raises.
    """
    binding, last = claimed.binding, _sent(claimed.intents)
    if last is None:
        return True
    earliest = intents.listed_by(last)
    if last.outcome == Outcome.REFUSED and clock.now() < earliest:
        # A refusal is not always nothing, and lists may still hide what it left behind.
        attempts.wait_outside(claimed, earliest, why=say("order.refused_before"))
        return False
    client_id = binding.client.remote_id
    listed = yield from read(lambda: bm.services.of_client(client_id, binding.su))
    found = _could_be_ours(claimed, listed)
    unmarked = [s.id for s in found if s.remoteid is None]
    marks = yield from read(lambda: form_marks.of(bm, unmarked))
    marked = [s for s in found if binding.marker in (s.remoteid, marks.get(s.id))]
    if marked:
        why = say("order.seen_again", service=marked[0].id)
        with transaction.atomic():
            intents.settle(last, Outcome.UNKNOWN, why=why)
            attempts.wait(claimed, members.READBACK, why=why)
        return False
    said = [intent.result.get(intents.NOT_OURS, ()) for intent in _orders(claimed.intents)]
    known = {number for numbers in said for number in numbers}
    unclear = [s for s in found if not s.remoteid and not marks.get(s.id) and s.id not in known]
    if unclear:
        text = say("order.earlier", count=len(unclear))
        rows = {"services": [step3.row(service) for service in unclear]}
        attempts.undecide(claimed, step3.NUMBER, Ambiguous(step3.SEVERAL, text, rows))
        return False
    unpaid = yield from read(lambda: bm.orders.unpaid_lines(binding.su))
    line = step4.line_like(binding, unpaid)
    if line is not None:
        # Ours or the client's own: whoever pays it later would have the account twice.
        text = say(
            "line.unpaid", line=str(line.id), domain=binding.domain, client=str(binding.client)
        )
        attempts.fail(claimed, step3.NUMBER, step4.UNPAID_ORDER, text)
        return False
    return True


def _orders(known: Sequence[Intent]) -> list[Intent]:
    return [intent for intent in known if intent.kind == step3.KIND]


def _sent(known: Sequence[Intent]) -> Intent | None:
    """The newest order that left; None: none did."""
    left = [intent for intent in _orders(known) if not intent.result.get("not_sent")]
    return left[-1] if left else None


def _could_be_ours(claimed: Claim, services: Sequence[Service]) -> list[Service]:
    """Those of the client's services that could have come of an order of this binding."""
    binding = claimed.binding
    floor = min(intent.before["service"] for intent in _orders(claimed.intents))
    adopted = members.adopted_services([binding])
    new = [s for s in services if s.id > floor and s.id not in adopted]
    return [
        service
        for service in new
        if service.status != DELETED
        and (
            service.remoteid == binding.marker
            or same_domain(service.domain, binding.domain)
            or (service.status == IN_PROGRESS and not service.domain)
        )
    ]
