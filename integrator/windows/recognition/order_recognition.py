"""Which service an order has led to, by our mark, the panel's answer, or since it is the only one.

What a client orders by himself at the same time looks just like ours, and lists may be behind: his
may be listed before ours. So a service that nothing tells to be ours counts only once ours must be
listed beside it, by how long the panel took to list the newest order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from integrator.bindings import intents
from integrator.core import clock
from integrator.messages.message import say
from integrator.models.states import Outcome
from integrator.panel_access import remoteid_column
from integrator.steps import step3_order as step3
from integrator.steps.verdicts import (
    Absent,
    Ambiguous,
    Evidence,
    Failed,
    NotYet,
    Proven,
    Verdict,
)
from integrator.windows.recognition import answered_services, form_marks

if TYPE_CHECKING:
    from collections.abc import Collection

    from integrator.models import Binding, Intent
    from integrator.windows.readings import Reading

_OfService = Proven | Failed | Ambiguous
"""What is seen of one service."""
LISTED_AFTER = "listed_after"
"""In an order's result, and in the evidence of step 3: seconds from the order's outcome until a
service that could be it was listed first."""
TIMES, MORE = 4.0, 1.0
"""Lists may take so many times as long as for the newest order, and so many seconds more."""


def service_of(
    binding: Binding,
    order: Intent,
    found: Reading,
    adopted: Collection[int],
    manual: Collection[int],
) -> Verdict:
    """What a reading shows of the service that this order has led to.

    ``adopted``: ids that belong to other bindings; ``manual``: our manual modules.
    """
    if binding.service_id is not None:
        for service in found.services:
            if service.id == binding.service_id:
                return step3.judge(binding, service, manual)
        return Absent(say("service.unlisted", service=binding.service_id))
    services = form_marks.fitting(found.services, binding.marker, found.marks)
    if binding.marker not in found.marks.values():
        services = answered_services.fitting(services, binding.marker, order)
    seen = step3.verify(binding, order.before["service"], services, adopted, manual)
    if isinstance(seen, Absent | NotYet):
        return seen
    if seen.evidence.get("services"):
        # As long as ours may be listed beside them, none of these has to be ours.
        return seen if _age(order) >= _longest() else _not_yet(seen.evidence["services"][0])
    return _listed_beside(binding, order, _marked(binding, order, found, seen))


def _marked(binding: Binding, intent: Intent, found: Reading, seen: _OfService) -> _OfService:
    """What is seen of one service, unless it lacks the mark that ours would carry.

    Whatever became of it, active, closed or with another module, it may then be somebody else's.
    """
    if seen.evidence["remoteid"] == binding.marker:
        return seen
    in_form = found.marks.get(seen.evidence["service"])
    if in_form == binding.marker:
        return replace(seen, evidence={**seen.evidence, step3.MARK_IN_FORM: in_form})
    confirmed = intent.outcome == Outcome.DONE
    if in_form is not None or remoteid_column.is_foreign(
        seen.evidence["remoteid"], confirmed=confirmed
    ):
        return step3.unmarked(binding, seen.evidence)
    if intent.outcome == Outcome.REFUSED and seen.evidence["status"] in step3.PAID:
        return step3.refused_but_paid(binding, seen.evidence)
    if isinstance(seen, Failed) and intents.unsettled(intent):
        # It may be ours or not, and is of no use either way: a person says which.
        return Ambiguous("order_unknown", seen.text, seen.evidence)
    return seen


def _listed_beside(binding: Binding, order: Intent, seen: _OfService) -> _OfService | NotYet:
    """What is seen, with how long it took to be listed; not yet while ours may be another one."""
    seconds = _age(order)
    listed_after = order.result.get(LISTED_AFTER, round(seconds, 3))
    evidence = {**seen.evidence, LISTED_AFTER: listed_after}
    answered = order.result.get(intents.ANSWERED) == evidence["service"]
    if step3.is_marked(binding, evidence) or answered or seconds >= _longest():
        return replace(seen, evidence=evidence)
    order.result = {**order.result, LISTED_AFTER: listed_after}
    order.save(update_fields=["result"])
    return _not_yet(evidence)


def _not_yet(seen: Evidence) -> NotYet:
    return NotYet("readback", say("order.others_too", service=seen["service"]))


def _age(order: Intent) -> float:
    """Seconds since the panel's lists may show what the order has led to."""
    return max((clock.now() - intents.counts_from(order)).total_seconds(), 0.0)


def _longest() -> float:
    """Seconds from its outcome after which an order must be listed, by the newest one."""
    newest = remoteid_column.newest_order()
    took = newest.evidence.get(LISTED_AFTER) if newest is not None else None
    longest = intents.listed_within().total_seconds()
    return longest if took is None else min(TIMES * float(took) + MORE, longest)
