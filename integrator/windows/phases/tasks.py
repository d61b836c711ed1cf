"""Phases *enabling* and *tasks*: step 5, then steps 6 and 7 for all bindings together."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from django.db import transaction

from integrator.bindings import causes, claims, intents, rows, step_log
from integrator.bindings.work import expiry
from integrator.core import clock
from integrator.maintenance import wake_ups
from integrator.messages import panel_errors
from integrator.messages.message import NOTHING, say
from integrator.models.states import BindingState, Outcome, Phase, RunState, StepState
from integrator.panel_access import call_log
from integrator.panel_access.parallel import senders
from integrator.steps import module_switches as sets
from integrator.steps import step5_enable_both as step5
from integrator.steps import step6_find_the_task as step6
from integrator.steps import step7_close_the_task as step7
from integrator.steps.verdicts import Absent, Ambiguous, Failed, NotYet, Proven
from integrator.windows import members, next_cohort, readings
from integrator.windows.switching import switches
from panels.coremanager.errors import AccessDenied, FunctionMissing
from panels.coremanager.forms import FormLacks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from integrator.models import Binding, Intent
    from integrator.windows.lease import Driver
    from integrator.windows.readings import Reading
    from panels.billmanager import BillManager
    from panels.billmanager.tasks.tasks import Task

LOOK_AGAIN, LOOK_SELDOM = dt.timedelta(seconds=1), dt.timedelta(seconds=5)
"""How soon the panel is read again for what it does by itself: less soon the longer it takes."""
SHOWS_WITHIN = dt.timedelta(minutes=10)
"""How long a service may take to be listed, or to become active after its task was closed."""


def enable(driver: Driver, bm: BillManager) -> bool:
    """Step 5: both on. False: it is not read back yet."""
    window = driver.window
    own = sets.own((window.snapshot or {"modules": []})["modules"])
    targets = set(window.bindings.values_list("module_id", flat=True))
    wanted = step5.wanted(own, targets, sorted(window.manual_modules.values()))
    read = switches.turn(driver, bm, step5.NUMBER, wanted)
    if read is None:
        return False
    verdict = step5.verify(read.enabled, set(wanted))
    if not isinstance(verdict, Proven):
        driver.look_again(clock.now() + switches.SHOWS_AFTER)
        return False
    with transaction.atomic():
        step_log.record([step_log.row(5, StepState.DONE, window=window, evidence=verdict.evidence)])
        driver.enter(
            Phase.TASKS,
            say("window.both_on"),
            manual_only_until=window.manual_only_until or clock.now(),
        )
    return True


def drive(driver: Driver, bm: BillManager) -> bool:
    """Find tasks, let threads close them, and read the services back."""
    window = driver.window
    bindings = rows.of_window(window, members.TASK_STEPS)
    if any(b.state == BindingState.RUNNING for b in bindings):
        return False
    bindings = [b for b in bindings if b.state == BindingState.WAITING]
    bindings = _send_back(driver, bindings, closing=window.closing)
    now = clock.now()
    ready = [b for b in bindings if b.due_at is not None and b.due_at <= now]
    if ready:
        wake_ups.wake("window", window.pk, times=claims.threads_for(len(ready)))
        return False
    seeking = [b for b in bindings if b.waiting_for in (members.TASKS, "task", "colleague")]
    closing = [b for b in bindings if b.waiting_for == members.READBACK]
    if seeking or closing:
        return _look(driver, bm, seeking, closing)
    later = [b.due_at for b in bindings if b.due_at is not None]
    if later:
        driver.look_again(min(later))
        return False
    if not next_cohort.follows(driver):
        driver.enter(Phase.RESTORING, say("window.tasks_closed"))
    return True


def _send_back(driver: Driver, bindings: list[Binding], *, closing: bool) -> list[Binding]:
    """When the window closes or a run is cancelled, those leave that have not begun their task."""
    if not closing and not any(b.run.state == RunState.CANCELLED for b in bindings):
        return bindings
    staying, leaving = [], []
    known = members.intents_of(bindings)
    for binding in bindings:
        begun = intents.last(known[binding.pk], step7.CLOSE)
        stays = not closing and binding.run.state != RunState.CANCELLED
        if (
            stays
            or intents.may_have_happened(begun)
            or intents.unsettled(intents.last(known[binding.pk], step7.TAKE))
        ):
            staying.append(binding)
        elif binding.waiting_for != members.RESTORE:
            leaving.append(binding)
    why = say("binding.window_closes") if closing else say("binding.run_is_cancelled")
    members.leave_all(driver, leaving, why=why)
    return staying


def _look(driver: Driver, bm: BillManager, seeking: list[Binding], closing: list[Binding]) -> bool:
    """One shared reading for those that seek their task and those that wait to become active."""
    ledger = members.Ledger([*seeking, *closing])
    found, waiting = senders.together(
        lambda: readings.services(driver, bm, [*seeking, *closing]),
        lambda: _openings(driver, bm) if seeking else [],
    )
    if isinstance(waiting, Failed):
        with driver.holding():
            for binding in seeking:
                ledger.failed(binding, step6.NUMBER, waiting)
            ledger.write()
            call_log.flush()
        return True
    look = Look(
        manual=frozenset(driver.window.manual_modules.values()),
        staff=bm.staff_names,
        found=found,
        tasks=waiting,
        ledger=ledger,
        known=members.intents_of([*seeking, *closing]),
    )
    with driver.holding():
        for binding in seeking:
            look.seek(binding)
        for binding in closing:
            look.at_closed(binding)
        changed = look.ledger.write()
        call_log.flush()
    if look.pauses and not changed:
        driver.look_soon(min(look.pauses))
        return False
    return True


def _openings(driver: Driver, bm: BillManager) -> Collection[Task] | Failed:
    """The plan's opening tasks, or why no later reading will do better.

    The plan must not stay switched for that. Raises what ``panels`` raises for what passes.
    """
    try:
        return bm.tasks.openings(driver.window.plan.remote_id)
    except (AccessDenied, FormLacks, FunctionMissing) as error:
        cause = causes.of_error(error)
        if cause.passing:
            raise
        return Failed(cause.key, panel_errors.of_error(error))


@dataclass(slots=True)
class Look:
    """What one shared reading found, and what follows from it for each binding.

    ``pauses``: how soon each binding that goes on waiting must be looked at again.
    """

    manual: frozenset[int]
    staff: Collection[str]
    found: Reading
    tasks: Collection[Task]
    ledger: members.Ledger
    known: Mapping[int, list[Intent]]
    pauses: list[dt.timedelta] = field(default_factory=list)

    def seek(self, binding: Binding) -> None:
        """Step 6, after the guard: our service still waits on the manual module."""
        waited = self.ledger.now - binding.step_at
        service = self.found.service(binding.service_id)
        if service is None:
            text = say("service.unlisted", service=binding.service_id or 0)
            self._not_yet(binding, waited, Failed("service_closed", text))
            return
        guarded = step7.guard(service, binding, self.manual)
        if isinstance(guarded, Proven):
            self._bound(binding, guarded)
        elif isinstance(guarded, Failed):
            self._failed(binding, guarded)
        elif isinstance(guarded, Ambiguous):
            self.ledger.undecided(binding, step7.NUMBER, guarded)
        else:
            self._seek_task(binding, waited)

    def _seek_task(self, binding: Binding, waited: dt.timedelta) -> None:
        verdict = step6.verify(binding.service_id or 0, self.tasks, waited, self.staff)
        if isinstance(verdict, Proven):
            now = self.ledger.now
            self.ledger.proven(binding, step6.NUMBER, verdict)
            self.ledger.waits(
                binding,
                members.TURN,
                step=7,
                step_at=now,
                due_at=now,
                task_id=verdict.learnt["task_id"],
            )
        elif isinstance(verdict, Failed):
            self.ledger.failed(binding, step6.NUMBER, verdict)
        elif isinstance(verdict, Ambiguous):
            self.ledger.undecided(binding, step6.NUMBER, verdict)
        elif isinstance(verdict, NotYet):
            self.pauses.append(min(max(waited / 10, LOOK_AGAIN), LOOK_SELDOM))
            if verdict.waiting_for != binding.waiting_for:
                self.ledger.waits(binding, verdict.waiting_for, why=verdict.text)

    def at_closed(self, binding: Binding) -> None:
        """Step 7: whether the service is what it must be."""
        now = self.ledger.now
        intent = intents.last(self.known[binding.pk], step7.CLOSE)
        service = self.found.service(binding.service_id)
        verdict = step7.verify(service, binding) if service else Absent(say("service.gone"))
        if isinstance(verdict, Proven):
            self._bound(binding, verdict)
        elif isinstance(verdict, Failed):
            self._failed(binding, verdict)
        elif intent is None or intent.outcome in {Outcome.REFUSED, Outcome.NOTHING}:
            self.ledger.waits(binding, members.TURN, due_at=now)
        elif intent.outcome == Outcome.DONE:
            request = {"request": intent.before["request"]}
            text = getattr(verdict, "text", NOTHING)
            waited = now - (intent.outcome_at or intent.at)
            self._not_yet(binding, waited, Ambiguous("close_unknown", text, request))
        elif now < intents.may_show_until(intent):
            self.pauses.append(intents.next_look(intent) - now)
        else:
            # Its time is over, the service is not active: the thread looks at the task.
            self.ledger.waits(binding, members.TURN, due_at=now)

    def _failed(self, binding: Binding, verdict: Failed) -> None:
        """Step 7 cannot be done; an unanswered close that shows nowhere is over with its time."""
        made = intents.last(self.known[binding.pk], step7.CLOSE)
        if made and intents.unsettled(made) and self.ledger.now >= intents.may_show_until(made):
            intents.settle(made, Outcome.NOTHING, why=intents.NOT_SEEN)
        self.ledger.failed(binding, step7.NUMBER, verdict)

    def _bound(self, binding: Binding, verdict: Proven) -> None:
        """Step 7 is proven: the password has done its work, and the plan must be restored.

        What was unknown of taking and closing its task is so no more, even if others closed it.
        """
        for intent in self.known[binding.pk]:
            if intent.kind in (step7.TAKE, step7.CLOSE) and intents.unsettled(intent):
                intents.settle(intent, Outcome.DONE, why=say("effect.read_back"))
        own, why = self.known[binding.pk], NOTHING
        if expiry.waits_for_close(binding, own):
            self.ledger.proven(binding, step7.NUMBER, verdict)
            self.ledger.waits(binding, members.TURN, step=7, due_at=self.ledger.now, password="")
            return
        if binding.expires and not binding.expires_set:
            # Bound by somebody else: saved now, it may push limits to the live account.
            left = expiry.still_to_do(binding, expiry.why_not(own))
            verdict = replace(verdict, evidence={**verdict.evidence, **left})
            why = expiry.said(binding)
        self.ledger.proven(binding, step7.NUMBER, verdict)
        self.ledger.waits(
            binding, members.RESTORE, why=why, step=8, step_at=self.ledger.now, password=""
        )

    def _not_yet(
        self, binding: Binding, waited: dt.timedelta, otherwise: Failed | Ambiguous
    ) -> None:
        """Wait as long as the panel may take; then say what is wrong."""
        if waited < SHOWS_WITHIN:
            self.pauses.append(min(max(waited / 10, LOOK_AGAIN), LOOK_SELDOM))
        elif isinstance(otherwise, Failed):
            self.ledger.failed(binding, binding.step, otherwise)
        else:
            self.ledger.undecided(binding, binding.step, otherwise)
