"""Phase *orders*: reads steps 3 and 4 back for all bindings together, then passes the gate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.conf import settings

from integrator.bindings import claims, intents, rows
from integrator.core import clock
from integrator.maintenance import wake_ups
from integrator.messages.message import Message, say
from integrator.models import Binding, Intent
from integrator.models.states import BindingState, Outcome, RunState
from integrator.panel_access import call_log
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from integrator.steps.verdicts import Ambiguous, Failed, NotYet, Proven, Verdict
from integrator.windows import alarms, gate, members, readings
from integrator.windows.phases import charges
from integrator.windows.recognition import form_marks, order_recognition

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Sequence

    from integrator.windows.lease import Driver
    from panels.billmanager import BillManager

GAVE_UP = "gave_up"
"""In ``Window.seen``: an order of this window was never seen in all its time."""


def drive(driver: Driver, bm: BillManager) -> bool:
    """Go on with the orders; False: nothing more can be done now."""
    ordering = rows.of_window(driver.window, members.MONEY_STEPS)
    if any(b.state == BindingState.RUNNING for b in ordering):
        return False
    ordering = [b for b in ordering if b.state == BindingState.WAITING]
    if driver.window.closing or _stopped_runs(ordering):
        ordering = _send_back(driver, ordering, closing=driver.window.closing)
    if _let_threads_work(driver, ordering):
        return False
    awaiting = [b for b in ordering if b.waiting_for == members.READBACK]
    if awaiting:
        return _read_back(driver, bm, awaiting)
    later = [b.due_at for b in ordering if b.due_at is not None]
    if later:
        # One that is due already waits for the lane of another one here, which is due later.
        now = clock.now()
        driver.look_again(min((at for at in later if at > now), default=now + charges.LOOK_AGAIN))
        return False
    return gate.drive(driver, bm)


def _stopped_runs(bindings: Collection[Binding]) -> bool:
    return any(b.run.state != RunState.RUNNING for b in bindings)


def _send_back(driver: Driver, bindings: Sequence[Binding], *, closing: bool) -> list[Binding]:
    """Those with no money intent leave; the others stay until their outcome is known.

    An order that is proven unpaid is known: it leaves too, and is paid in another window.
    """
    known = members.intents_of(bindings)
    staying, leaving = [], []
    for binding in bindings:
        own = known[binding.pk]
        ordered = intents.may_have_happened(intents.last(own, step3.KIND))
        unpaid = (
            binding.step == step4.NUMBER
            and binding.waiting_for == members.TURN
            and not intents.may_have_happened(intents.last(own, step4.PAY_LINE))
        )
        money = any(intents.unsettled(i) for i in own) or (ordered and not unpaid)
        if money or (not closing and binding.run.state == RunState.RUNNING):
            staying.append(binding)
        else:
            leaving.append(binding)
    members.leave_all(driver, leaving, why=_why_left(closing=closing))
    return staying


def _why_left(*, closing: bool) -> Message:
    return say("binding.window_closes") if closing else say("binding.run_stopped")


def _let_threads_work(driver: Driver, bindings: Collection[Binding]) -> bool:
    """Whether some binding can be claimed now; those whose lane is held elsewhere leave."""
    now = clock.now()
    ready = [b for b in bindings if b.due_at is not None and b.due_at <= now]
    if not ready:
        return False
    holders = dict(
        Binding.objects.filter(in_lane=True, client__in=[b.client_id for b in ready]).values_list(
            "client_id", "pk"
        )
    )
    inside = {b.pk for b in bindings}
    free = [b for b in ready if holders.get(b.client_id) in (None, b.pk)]
    kept_out = [b for b in ready if holders.get(b.client_id, b.pk) not in inside]
    if kept_out:
        with driver.holding():
            for binding in kept_out:
                holder = holders[binding.client_id]
                members.leave(binding, why=say("binding.lane", binding=f"b{holder}"))
    if free:
        wake_ups.wake("window", driver.window.pk, times=claims.threads_for(len(free)))
    return bool(free)


def _read_back(driver: Driver, bm: BillManager, awaiting: list[Binding]) -> bool:
    """Find out what became of these orders; False: nothing is certain yet."""
    known = members.intents_of(awaiting)
    found = charges.of_these(readings.read(driver, bm, awaiting, known), awaiting)
    manual = set(driver.window.manual_modules.values())
    adopted = members.adopted_services(awaiting)
    found = replace(found, marks=form_marks.read(bm, awaiting, known, found.services, adopted))
    ledger = members.Ledger(awaiting)
    look_at: list[dt.datetime] = []
    with driver.holding():
        for binding in awaiting:
            intent = intents.last(known[binding.pk], step3.KIND)
            if intent is None:
                ledger.waits(binding, members.TURN, due_at=ledger.now)
                continue
            verdict = order_recognition.service_of(binding, intent, found, adopted, manual)
            if isinstance(verdict, NotYet):
                look_at.append(ledger.now + charges.LOOK_AGAIN)
                continue
            if isinstance(verdict, Proven):
                adopted.add(verdict.evidence["service"])
                again = charges.read_back(binding, verdict, known[binding.pk], found, ledger)
            else:
                again = _not_found(binding, verdict, intent, ledger)
            if again is not None:
                look_at.append(again)
        changed = ledger.write()
        call_log.flush()
    if any(intent.why == intents.NOT_SEEN for own in known.values() for intent in own):
        driver.save(seen={**driver.seen, GAVE_UP: True})
    alarms.sound(driver, awaiting, known)
    if look_at and not changed:
        driver.look_again(min(look_at))
        return False
    return True


def _not_found(
    binding: Binding, verdict: Verdict, intent: Intent, ledger: members.Ledger
) -> dt.datetime | None:
    """No sound service: failed, undecided, or wait. Returns when to look again, if at all.

    One that has failed is there: nothing of its order can be on its way any more.
    """
    if _may_still_come(verdict, intent):
        return intents.next_look(intent)
    if intents.refused_unread(intent):
        intents.note_read(intent)
    if isinstance(verdict, Failed):
        service = verdict.evidence["service"]
        if intents.unsettled(intent):
            intents.settle(intent, Outcome.DONE, why=say("effect.read_back"), service=service)
        known = {"service_id": service} if intent.outcome == Outcome.DONE else {}
        ledger.failed(binding, step3.NUMBER, verdict, **known)
        return None
    if isinstance(verdict, Ambiguous):
        ledger.undecided(binding, step3.NUMBER, verdict)
        return None
    if intent.outcome == Outcome.DONE:
        return _confirmed(binding, intent, ledger)
    if intent.outcome == Outcome.REFUSED:
        _refused(binding, intent, ledger)
    else:
        _unknown(binding, intent, ledger)
    return None


def _may_still_come(verdict: Verdict, intent: Intent) -> bool:
    """Whether our order may still be listed, beside one that is like it or where none is yet.

    That it was refused is not always nothing, and lists show late what it left behind.
    """
    if clock.now() >= intents.may_show_until(intent) or isinstance(verdict, Failed):
        return False
    if isinstance(verdict, Ambiguous):
        if verdict.cause != step3.UNMARKED:
            return False
        if intent.outcome == Outcome.DONE:
            return clock.now() < intents.listed_by(intent)
    return intents.unsettled(intent) or intents.refused_unread(intent)


def _refused(binding: Binding, intent: Intent, ledger: members.Ledger) -> None:
    """The panel said no, and left nothing behind."""
    cause = intent.result.get("cause", "order_refused")
    evidence = {"form": intent.result["form"]} if "form" in intent.result else {}
    ledger.failed(binding, step3.NUMBER, Failed(cause, intent.why, evidence), attempts=0)


def _confirmed(binding: Binding, intent: Intent, ledger: members.Ledger) -> dt.datetime | None:
    """The panel confirmed the order, but does not list its service (yet)."""
    now = clock.now()
    if now < intents.listed_by(intent):
        return now + charges.LOOK_AGAIN
    evidence = {"answer": intent.result, "request": intent.before["request"]}
    text = say("order.confirmed")
    ledger.undecided(binding, step3.NUMBER, Ambiguous("order_unknown", text, evidence))
    return None


def _unknown(binding: Binding, intent: Intent, ledger: members.Ledger) -> None:
    """What was never seen in all its time has not happened."""
    intents.settle(intent, Outcome.NOTHING, why=intents.NOT_SEEN)
    if binding.attempts >= settings.MAX_ATTEMPTS:
        ledger.failed(binding, step3.NUMBER, Failed("attempts", intent.why), attempts=0)
    else:
        ledger.waits(binding, members.TURN, due_at=ledger.now)
