"""What a person decides of an effect that nobody can settle, and which intents that speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrator.bindings import intents
from integrator.core import clock
from integrator.messages.message import say
from integrator.models import Intent, Step
from integrator.models.states import Outcome
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from integrator.steps import step7_close_the_task as step7
from integrator.windows import members

if TYPE_CHECKING:
    from integrator.models import Binding

CAUSES = {
    step3.KIND: "order_unknown",
    step4.PAY_LINE: "payment_unknown",
    step4.CREDIT: "payment_unknown",
    step4.SET_PAID: "payment_unknown",
    step7.TAKE: "close_unknown",
    step7.CLOSE: "close_unknown",
}
"""Why a binding is undecided when an intent of this kind stays unknown; others decide nothing."""

_SPOKEN_OF = {
    "order_unknown": (step3.KIND,),
    step3.SEVERAL: (step3.KIND,),
    step3.UNMARKED: (step3.KIND,),
    step3.WRONG_MODULE: (step3.KIND,),
    step3.UNREADABLE: (step3.KIND,),
    "payment_unknown": (step4.CREDIT, step4.SET_PAID, step4.PAY_LINE),
    "several_payments": (step4.CREDIT, step4.SET_PAID, step4.PAY_LINE),
    "close_unknown": (step7.CLOSE,),
}
"""Which intents *it does not exist* speaks of, by what is undecided."""


def is_ordered(binding: Binding) -> bool:
    """Whether what is undecided is not the order, which is surely there.

    To try again would then order a second time. A service with the wrong module, or in a state
    that cannot be read, is surely this order where it is marked, or where the panel has confirmed
    the order and either answered this service or lists no marks at all.
    """
    if binding.step not in members.MONEY_STEPS:
        return False
    if binding.cause not in (step3.WRONG_MODULE, step3.UNREADABLE):
        return binding.cause == "several_charges"
    return binding.service_id is not None or _is_seen(binding)


def _is_seen(binding: Binding) -> bool:
    """Whether the service that was seen is this order's."""
    step = Step.objects.filter(binding=binding, number=step3.NUMBER).first()
    seen = step.evidence if step is not None else {}
    if step3.is_marked(binding, seen):
        return True
    orders = Intent.objects.filter(binding=binding, kind=step3.KIND, outcome=Outcome.DONE)
    # An empty mark, where marks are listed, may be that of what the client ordered himself.
    return any(
        seen.get("remoteid") is None or one.result.get(intents.ANSWERED) == seen.get("service", 0)
        for one in orders
    )


def back_to(binding: Binding) -> dict[str, Any]:
    """From which step it is done again, as fields of the binding.

    Without its order there is no service either, even where one had been seen before.
    """
    if step3.KIND in _SPOKEN_OF.get(binding.cause, ()):
        return {"step": step3.NUMBER, "service_id": None, "step_at": clock.now()}
    return {}


def nothing_happened(binding: Binding, actor: str) -> None:
    """Write down that a person says so, in the caller's transaction.

    What the person was shown is no order of this account then, and is not asked about again.
    """
    kinds = _SPOKEN_OF.get(binding.cause, ())
    known = list(Intent.objects.filter(binding=binding, kind__in=kinds).order_by("id"))
    for intent in known:
        used = intent.kind == step4.SET_PAID and intent.outcome == Outcome.DONE
        used = used or intent.result.get(intents.COUNTED, False)
        if intents.may_have_happened(intent) and not used:
            intents.settle(intent, Outcome.NOTHING, why=say("effect.denied", actor=actor))
    order = intents.last(known, step3.KIND)
    if order is not None:
        said = {*order.result.get(intents.NOT_OURS, ()), *_shown(binding)}
        order.result = {**order.result, intents.NOT_OURS: sorted(said)}
        order.save(update_fields=["result"])


def _shown(binding: Binding) -> list[int]:
    """The services that the person was shown as what the order could have become."""
    seen = Step.objects.filter(binding=binding, number=step3.NUMBER).first()
    evidence = seen.evidence if seen is not None else {}
    rows = [*evidence.get("services", ()), evidence]
    return [row["service"] for row in rows if "service" in row]
