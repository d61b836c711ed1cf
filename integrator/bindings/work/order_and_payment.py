"""Steps 3 and 4 of one claimed binding: credit where chosen, order, pay what stayed unpaid.

Each call that cannot be repeated has its intent; what comes of it is read back by the window's
driver for all of its bindings together.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction

from integrator.bindings import causes, intents
from integrator.bindings.work import added_credit, attempts, repeated_orders
from integrator.bindings.work.side_by_side import read
from integrator.bindings.work.writes import NotNowError
from integrator.core import clock
from integrator.messages.message import say
from integrator.models import Binding, Window
from integrator.models.states import NEEDS_PERSON, BindingState, Outcome, Payment, Phase
from integrator.panel_access import call_log
from integrator.runs import pauses
from integrator.steps import payment_means
from integrator.steps import step2_switch_to_manual_only as step2
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from integrator.steps.module_switches import enabled
from integrator.steps.verdicts import Failed, Proven
from integrator.windows import members
from panels.coremanager.errors import PanelError

if TYPE_CHECKING:
    from integrator.bindings.claims import Claim
    from integrator.bindings.work.side_by_side import Work
    from panels.billmanager import BillManager

MAX_READING_AGE = dt.timedelta(seconds=5)
"""How recently the plan must have been read to be *manual only* for an order to be made ready."""

READING_HOLDS = dt.timedelta(seconds=10)
"""So long after the panel was asked nothing is ordered upon its answer: a worker may have stood
still meanwhile, before or after the answer came."""

UNPAID_WAIT = dt.timedelta(seconds=15)
"""So long an account waits at least for another one of its client that is being paid for."""


def work(claimed: Claim, bm: BillManager) -> Work[None]:
    """Go as far as this thread can, and hand the binding back."""
    binding = claimed.binding
    call_log.at_step(binding.step, binding.attempts + 1)
    try:
        effect = step3.KIND if binding.step == step3.NUMBER else step4.PAY_LINE
        if intents.may_have_happened(intents.last(claimed.intents, effect)):
            attempts.wait(claimed, members.READBACK)
            return
        if binding.step == step3.NUMBER and _is_behind_unpaid(claimed):
            return
        begun = clock.now()
        if _manual_only_until(claimed, bm) is None:
            attempts.step_back(claimed)  # before anything is credited that could not be used
            return
        credits_first = binding.run.preview.payment == Payment.CREDIT
        if credits_first and not (yield from added_credit.credit(claimed, bm)):
            return
        if binding.step == step4.NUMBER:
            yield from _pay_line(claimed, bm)
        elif not repeated_orders.is_another(claimed):
            yield from _order(claimed, bm, since=begun if credits_first else None)
        elif (yield from repeated_orders.may_order(claimed, bm)):
            yield from _order(claimed, bm, since=begun)
    except NotNowError:
        attempts.step_back(claimed)
    except PanelError as error:
        # Raised by a read: nothing was done.
        attempts.try_again(claimed, binding.step, error)


def _is_behind_unpaid(claimed: Claim) -> bool:
    """Whether another account of this client is ordered and not paid; then this one is handed back.

    Some carts can be paid only as a whole: whatever was ordered beside it could not be paid alone,
    nor could the first one any more.
    """
    binding = claimed.binding
    others = Binding.objects.filter(
        client=binding.client_id, step=step4.NUMBER, service_id__isnull=False
    )
    others = others.exclude(pk=binding.pk).exclude(state=BindingState.CANCELLED)
    first = others.only("state").order_by("pk").first()
    if first is None:
        return False
    why = say("order.behind_unpaid", binding=str(first))
    if first.state in NEEDS_PERSON:
        attempts.fail(claimed, step3.NUMBER, step4.UNPAID_ORDER, why)
    else:
        attempts.wait_outside(claimed, clock.now() + UNPAID_WAIT, why=why)
    return True


def _manual_only_until(
    claimed: Claim, bm: BillManager, *, since: dt.datetime | None = None
) -> dt.datetime | None:
    """Until when the plan counts as manual only; reads it when the last reading is too old.

    ``since``: a reading from before that time does not count either, however fresh it is. None:
    something else is on, and the window was told so.
    """
    window = claimed.binding.window
    if window is None:
        return None
    known = window.modules_read_at
    if known and clock.is_recent(known, MAX_READING_AGE) and (since is None or known > since):
        return known + READING_HOLDS
    asked = clock.now()
    present = enabled(bm.plans.modules(claimed.binding.plan.remote_id))
    verdict = step2.verify(present, set(window.manual_modules.values()))
    rows = Window.objects.filter(pk=window.pk, phase=Phase.ORDERS)
    if isinstance(verdict, Proven):
        rows.update(modules_read_at=asked)
        window.modules_read_at = asked
        return asked + READING_HOLDS
    # Somebody switched a module on: no more orders; the driver finds out what is on.
    rows.update(closing=True, due_at=clock.now(), cause=verdict.text)
    return None


def _last_look(
    claimed: Claim, bm: BillManager, *, since: dt.datetime | None
) -> tuple[dict[str, Any], dt.datetime]:
    """What the window's shared reading found, and until when money may be sent upon this look.

    Raises NotNowError when the plan does not sell manually, or the window has gone on without it.
    """
    until = _manual_only_until(claimed, bm, since=since)
    window = claimed.binding.window
    if window is None or until is None:
        raise NotNowError
    return window.seen, until


def _order(claimed: Claim, bm: BillManager, *, since: dt.datetime | None) -> Work[None]:
    """Order, after a last look at the plan, not older than ``since``: calls may lie in between."""
    seen, until = _last_look(claimed, bm, since=since)
    order = step3.Order(bm, claimed.binding, seen)
    sent = yield from attempts.send(claimed, order, Phase.ORDERS, until=until)
    service = sent.value.service_id if sent.value is not None else None
    yield from _after(claimed, bm, sent, refused="order_refused", answered=service)


def _pay_line(claimed: Claim, bm: BillManager) -> Work[None]:
    binding = claimed.binding
    if not binding.service_id:
        attempts.wait(claimed, members.READBACK)
        return
    begun = clock.now()
    unpaid = yield from read(lambda: bm.orders.unpaid_lines(binding.su))
    line = step4.line_of(binding, binding.service_id, unpaid)
    if isinstance(line, Failed):
        attempts.fail(claimed, step4.NUMBER, line.cause, line.text)
        return
    seen, until = _last_look(claimed, bm, since=begun)
    payment = step4.PayLine(bm, binding, line, seen["expense"])
    sent = yield from attempts.send(claimed, payment, Phase.ORDERS, until=until)
    yield from _after(claimed, bm, sent, refused="payment_refused")


def _after(
    claimed: Claim,
    bm: BillManager,
    sent: intents.Sent[object],
    *,
    refused: str,
    answered: int | None = None,
) -> Work[None]:
    """Write the outcome and hand the binding back, in one transaction.

    ``answered``: the service that the panel has answered, where it was an order.
    """
    binding = claimed.binding
    if sent.outcome == Outcome.NOTHING and sent.error is not None:
        with transaction.atomic():
            intents.settle_sent(sent)
            attempts.try_again(claimed, binding.step, sent.error)
        return
    result: dict[str, object] = {} if answered is None else {intents.ANSWERED: answered}
    if sent.outcome == Outcome.REFUSED and sent.error is not None:
        result = {"cause": (yield from _why_refused(claimed, bm, sent.error, refused))}
    yield from attempts.settle_and_wait(
        claimed, sent, members.READBACK, result=result, attempts=binding.attempts + 1
    )


def _why_refused(claimed: Claim, bm: BillManager, error: PanelError, refused: str) -> Work[str]:
    """The cause of a refusal; panels have no code for *too little balance*, so look at it.

    Never raises: the intent's outcome has yet to be written.
    """
    pauses.stop_panel(error)
    cause = causes.of_error(error, refused=refused).key
    if cause != refused:
        return cause
    binding = claimed.binding
    try:
        balance = (yield from read(lambda: bm.whoami(su=binding.su))).balance
    except PanelError:
        return refused
    if balance is None:
        return refused
    free = payment_means.free(binding.client, balance, payment_means.ZERO)
    return "balance" if free is not None and free < binding.price else refused
