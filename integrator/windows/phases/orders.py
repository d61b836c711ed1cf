"""Phase *orders*: reads steps 3 and 4 back for all bindings together, then passes the gate."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from django.conf import settings

from integrator.bindings import intents, rows
from integrator.core import clock
from integrator.maintenance import wake_ups
from integrator.models import Binding, Intent, Step
from integrator.models.states import BindingState, Outcome, RunState, StepState
from integrator.panel_access import call_log, mark_column
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from integrator.steps.verdicts import Absent, Ambiguous, Failed, NotYet, Proven, Verdict
from integrator.windows import alarms, form_marks, gate, members, readings

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from integrator.windows.lease import Driver
    from integrator.windows.readings import Reading
    from panels.billmanager import BillManager

LOOK_AGAIN = dt.timedelta(seconds=2)
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
        driver.look_again(min((at for at in later if at > now), default=now + LOOK_AGAIN))
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
    members.leave_all(driver, leaving, why="the window closes" if closing else "the run is stopped")
    return staying


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
                members.leave(binding, why=f"b{holder} orders for this client")
    if free:
        wake_ups.wake("window", driver.window.pk, times=min(len(free), 8))
    return bool(free)


def _read_back(driver: Driver, bm: BillManager, awaiting: list[Binding]) -> bool:
    """Find out what became of these orders; False: nothing is certain yet."""
    known = members.intents_of(awaiting)
    found = _without_others(readings.read(driver, bm, awaiting, known), awaiting)
    manual = set(driver.window.manual_modules.values())
    adopted = members.adopted_services(awaiting)
    found = replace(found, marks=form_marks.read(bm, awaiting, known, found.services, adopted))
    ledger = members.Ledger(awaiting)
    look_at: list[dt.datetime] = []
    with driver.holding():
        for binding in awaiting:
            intent = intents.last(known[binding.pk], step3.KIND)
            if intent is None:
                ledger.waits(binding, members.TURN, due_at=clock.now())
                continue
            verdict = _service_of(binding, intent, found, adopted, manual)
            if isinstance(verdict, Proven):
                adopted.add(verdict.evidence["service"])
                again = _paid(binding, verdict, known[binding.pk], found, ledger)
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


def _without_others(found: Reading, awaiting: Collection[Binding]) -> Reading:
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


def _service_of(
    binding: Binding,
    intent: Intent,
    found: Reading,
    adopted: Collection[int],
    manual: Collection[int],
) -> Verdict:
    if binding.service_id is None:
        services = form_marks.fitting(found.services, binding.marker, found.marks)
        seen = step3.verify(binding, intent.before["service"], services, adopted, manual)
        return _told_apart(binding, intent, found, seen)
    for service in found.services:
        if service.id == binding.service_id:
            return step3.judge(binding, service, manual)
    return Absent(f"service {binding.service_id} is not listed any more")


def _told_apart(binding: Binding, intent: Intent, found: Reading, seen: Verdict) -> Verdict:
    """What is seen of one service, unless it lacks the mark that ours would carry.

    Whatever became of it, active, closed or with another module, it may then be somebody else's.
    """
    if isinstance(seen, Absent | NotYet) or "service" not in seen.evidence:
        return seen
    if seen.evidence["remoteid"] == binding.marker:
        return seen
    in_form = found.marks.get(seen.evidence["service"])
    if in_form == binding.marker:
        return replace(seen, evidence={**seen.evidence, step3.MARK_IN_FORM: in_form})
    confirmed = intent.outcome == Outcome.DONE
    if in_form is not None or mark_column.told_apart(
        seen.evidence["remoteid"], confirmed=confirmed
    ):
        return step3.unmarked(binding, seen.evidence)
    return seen


def _paid(
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
            intents.settle(intent, Outcome.DONE, why="read back", service=service_id)
    again = None if step3.paid(service) else _may_still_be_paid(order, line)
    if again is not None:
        return again
    if order is not None and order.outcome != Outcome.DONE and not step3.paid(service):
        # Refused is not always nothing: the order is there, unpaid, and is adopted as that.
        intents.settle(order, Outcome.DONE, why="found ordered, unpaid", service=service_id)
    ledger.proven(binding, step3.NUMBER, proven)
    before = max(i.before.get("expense", 0) for i in (order, line) if i is not None)
    verdict = step4.verify(binding, service, before, found.expenses)
    if isinstance(verdict, Proven):
        _compare(binding, verdict, ledger)
        ledger.proven(binding, step4.NUMBER, verdict)
        ledger.waits(
            binding,
            members.TASKS,
            step=6,
            step_at=clock.now(),
            service_id=service_id,
            in_lane=False,
            attempts=0,
        )
        return None
    if not step3.paid(service):
        _unpaid(binding, service_id, order, line, ledger)
        return None
    waited = clock.now() - (order.outcome_at or order.at if order else clock.now())
    if isinstance(verdict, Ambiguous):
        ledger.undecided(binding, step4.NUMBER, verdict)
        return None
    if waited > intents.listed_within():
        ledger.undecided(
            binding,
            step4.NUMBER,
            Ambiguous(
                "several_charges", "the service is paid, but no charge is listed", proven.evidence
            ),
        )
        return None
    return clock.now() + LOOK_AGAIN


def _compare(binding: Binding, charged: Proven, ledger: members.Ledger) -> None:
    """A charge that differs from the preview pauses the run: a person looks before more follow."""
    if charged.evidence.get("differs"):
        amounts = f"{charged.evidence['amount']}, not {charged.evidence['expected']}"
        ledger.pauses[binding.run_id] = f"b{binding.pk} was charged {amounts}"


def _may_still_be_paid(order: Intent | None, line: Intent | None) -> dt.datetime | None:
    """When to look again at an unpaid service; None: what was sent can no longer pay it.

    BILLmanager charges asynchronously: to pay at once what is just being paid would charge twice,
    and what is paid after its window would be opened by the ispmanager module.
    """
    sent = line or order
    now = clock.now()
    if sent is None or sent.outcome in (Outcome.REFUSED, Outcome.NOTHING):
        return None
    until = sent.settles_at
    if sent.outcome == Outcome.DONE:
        until = (sent.outcome_at or sent.at) + intents.listed_within()
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
        text = f"the panel confirmed the payment, but service {service_id} stays unpaid"
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
            Failed(step4.UNPAID_ORDER, f"service {service_id} stays unpaid"),
            step=4,
            service_id=service_id,
            attempts=0,
        )
        return
    ledger.waits(binding, members.TURN, step=4, service_id=service_id, due_at=clock.now())


def _not_found(
    binding: Binding, verdict: Verdict, intent: Intent, ledger: members.Ledger
) -> dt.datetime | None:
    """No sound service: failed, undecided, or wait. Returns when to look again, if at all."""
    if _may_still_come(verdict, intent):
        return intents.next_look(intent)
    if intents.refused_unread(intent):
        intents.note_read(intent)
    if isinstance(verdict, Failed):
        ledger.failed(binding, step3.NUMBER, verdict)
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
    if clock.now() >= intent.settles_at or isinstance(verdict, Failed):
        return False
    if isinstance(verdict, Ambiguous) and verdict.cause != step3.UNMARKED:
        return False
    return intents.unsettled(intent) or intents.refused_unread(intent)


def _refused(binding: Binding, intent: Intent, ledger: members.Ledger) -> None:
    """The panel said no, and left nothing behind."""
    cause = intent.result.get("cause", "order_refused")
    evidence = {"form": intent.result["form"]} if "form" in intent.result else {}
    ledger.failed(binding, step3.NUMBER, Failed(cause, intent.why, evidence), attempts=0)


def _confirmed(binding: Binding, intent: Intent, ledger: members.Ledger) -> dt.datetime | None:
    """The panel confirmed the order, but does not list its service (yet)."""
    now = clock.now()
    if now - (intent.outcome_at or intent.at) < intents.listed_within():
        return now + LOOK_AGAIN
    evidence = {"answer": intent.result, "request": intent.before["request"]}
    text = "the panel confirmed the order, but lists no service"
    ledger.undecided(binding, step3.NUMBER, Ambiguous("order_unknown", text, evidence))
    return None


def _unknown(binding: Binding, intent: Intent, ledger: members.Ledger) -> None:
    """What was never seen in all its time has not happened."""
    intents.settle(intent, Outcome.NOTHING, why=intents.NOT_SEEN)
    if binding.attempts >= settings.MAX_ATTEMPTS:
        ledger.failed(binding, step3.NUMBER, Failed("attempts", intent.why), attempts=0)
    else:
        ledger.waits(binding, members.TURN, due_at=clock.now())
