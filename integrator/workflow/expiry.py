"""Sets a service's expiry date where the CSV asks for one.

While the module is still manual, because saving a bound service may push limits to the live
account (design.md, section 6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from integrator import clock
from integrator.models.states import Outcome, Phase
from integrator.steps import step7_close_the_task as step7
from integrator.workflow import attempts, engine, intents
from integrator.workflow.windows import members
from panels.errors import PanelError

if TYPE_CHECKING:
    from integrator.workflow.engine import Claim
    from panels.billmanager import BillManager

KIND = "expiry"


def set_it(claimed: Claim, bm: BillManager) -> bool:
    """Whether the service now expires on the wanted day; False: the binding was handed back.

    Setting a date twice to the same value harms nothing, so an unknown outcome is read again.
    Raises what ``panels`` raises for reads.
    """
    binding = claimed.binding
    service_id = binding.service_id or 0
    wanted = binding.expires
    if wanted is None or bm.services.form(service_id).expires == wanted:
        _settle(claimed)
        engine.note(claimed, expires_set=True)
        return True
    made = intents.last(claimed.intents, KIND)
    if intents.unsettled(made) and made is not None and clock.now() < made.settles_at:
        attempts.wait(claimed, members.TURN, due_at=made.settles_at)
        return False
    intent = intents.new(
        KIND,
        step7.NUMBER,
        binding.attempts + 1,
        {"service": service_id, "expires": wanted.isoformat()},
        {},
        binding=binding,
    )
    attempts.declare(claimed, intent, Phase.TASKS)
    sent = intents.carry_out(
        intent, lambda send_by: bm.services.set_expiry(service_id, wanted, send_by=send_by)
    )
    if sent.outcome == Outcome.DONE:
        intents.settle_sent(sent)
        if bm.services.form(service_id).expires == wanted:
            engine.note(claimed, expires_set=True)
            return True
        attempts.fail(
            claimed,
            step7.NUMBER,
            "refused",
            f"the panel confirmed the expiry {wanted}, but service {service_id} does not show it",
        )
        return False
    with transaction.atomic():
        intents.settle_sent(sent)
        if sent.outcome == Outcome.UNKNOWN:
            attempts.wait(claimed, members.TURN, due_at=intent.settles_at)
        elif isinstance(sent.error, PanelError):
            attempts.try_again(claimed, step7.NUMBER, sent.error)
    return False


def _settle(claimed: Claim) -> None:
    made = intents.last(claimed.intents, KIND)
    if made is not None and intents.unsettled(made):
        intents.settle(made, Outcome.DONE, why="read back")
