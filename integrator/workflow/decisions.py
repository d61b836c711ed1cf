"""What a person decides of an effect that nobody can settle, and which intents that speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrator import clock
from integrator.models import Intent
from integrator.models.states import Outcome
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from integrator.steps import step7_close_the_task as step7
from integrator.workflow import intents
from integrator.workflow.windows import members

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
    "several_services": (step3.KIND,),
    step3.UNMARKED: (step3.KIND,),
    "payment_unknown": (step4.CREDIT, step4.PAY_LINE),
    "several_payments": (step4.CREDIT, step4.PAY_LINE),
    "close_unknown": (step7.CLOSE,),
}
"""Which intents *it does not exist* speaks of, by what is undecided."""

_SEEN = ("several_charges", "wrong_module")
"""Undecided after the order was seen: to try again would order a second time."""


def is_ordered(binding: Binding) -> bool:
    """Whether what is undecided is not the order, which was seen to exist."""
    return binding.step in members.MONEY_STEPS and binding.cause in _SEEN


def back_to(binding: Binding) -> dict[str, Any]:
    """From which step it is done again, as fields of the binding.

    Without its order there is no service either, even where one had been seen before.
    """
    if step3.KIND in _SPOKEN_OF.get(binding.cause, ()):
        return {"step": step3.NUMBER, "service_id": None, "step_at": clock.now()}
    return {}


def nothing_happened(binding: Binding, actor: str) -> None:
    """Write down that a person says so, in the caller's transaction."""
    kinds = _SPOKEN_OF.get(binding.cause, ())
    for intent in Intent.objects.filter(binding=binding, kind__in=kinds):
        used = intent.kind == step4.CREDIT and binding.credited is not None
        if intents.may_have_happened(intent) and not used:
            intents.settle(intent, Outcome.NOTHING, why=f"{actor} said: it does not exist")
