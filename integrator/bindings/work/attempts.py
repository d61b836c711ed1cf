"""What the threads that work on one binding share: declaring, trying again, giving up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import F

from integrator.bindings import causes, form_evidence, intents, outage, step_log, transitions
from integrator.bindings.transitions import Claim, LeaseLostError
from integrator.core import clock
from integrator.messages import panel_errors
from integrator.messages.message import named, say
from integrator.models import Binding, Intent, Run, Step, Window
from integrator.models.states import BindingState, Phase, RunState, StepState
from integrator.panel_access import call_log, reachability
from integrator.runs import circuit_breaker, pauses
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from integrator.windows import canaries, members
from panels.coremanager.forms import FormLacks

if TYPE_CHECKING:
    import datetime as dt

    from integrator.messages.message import Message
    from integrator.steps.effect import Effect
    from integrator.steps.verdicts import Ambiguous
    from panels.coremanager.errors import PanelError

T = TypeVar("T")

MAY_GO_ON = {
    Phase.ORDERS: [RunState.RUNNING],
    Phase.TASKS: [RunState.RUNNING, RunState.PAUSED],
}
"""In which states of a run an intent of this phase may be made: what is ordered in a run that is
then paused is brought to its end."""


class NotNowError(Exception):
    """The window has left the phase, or the run no longer runs: no intent may be made."""


class UnknownBeforeError(Exception):
    """An effect of the same kind was sent, and nobody knows yet what became of it."""


def send(
    claimed: Claim, effect: Effect[T], phase: Phase, *, until: dt.datetime | None = None
) -> intents.Sent[T]:
    """Declare this effect of a binding and carry it out; its outcome has yet to be written.

    This is the only way to a call that changes something for a binding in a window. ``until``: it
    may not be sent later. Raises UnknownBeforeError where the caller has not found out first what
    became of an earlier one, LeaseLostError, and NotNowError when phase or run forbid it, or when
    nothing may be ordered beside another binding yet.
    """
    binding = claimed.binding
    if intents.unsettled(intents.last(claimed.intents, effect.kind)):
        raise UnknownBeforeError(effect.kind)
    if phase == Phase.ORDERS and not canaries.may_order(binding):
        raise NotNowError
    intent = intents.new(effect, binding.attempts + 1, binding=binding, until=until)
    _declare(claimed, intent, phase)
    claimed.intents.append(intent)
    return intents.carry_out(intent, effect)


def _declare(claimed: Claim, intent: Intent, phase: Phase) -> None:
    """Commit the intent, and that its step has begun, which a step that is done stays for ever."""
    with transaction.atomic():
        _save_intent(claimed, intent, phase)
        step = _begun(claimed, intent)
        if step is not claimed.steps.get(intent.step):
            step_log.record([step])
        call_log.flush()
    claimed.steps[intent.step] = step


def _begun(claimed: Claim, intent: Intent) -> Step:
    """The step that this intent is part of; the present one where it already says so."""
    known = claimed.steps.get(intent.step)
    if known is not None and known.state == StepState.DONE:
        return known
    step = step_log.row(
        intent.step,
        StepState.RUNNING,
        binding=claimed.binding,
        previous=known,
        attempt=intent.attempt,
    )
    alike = known is not None and all(
        getattr(known, name) == getattr(step, name) for name in step_log.STEP_COLUMNS
    )
    return known if known is not None and alike else step


def _save_intent(claimed: Claim, intent: Intent, phase: Phase) -> None:
    """Write the intent, in the caller's transaction, if lease, phase and run allow it."""
    # Without a join, so that PostgreSQL compares lease and token again with the row as it is
    # when a concurrent change of it has been committed.
    may = transitions.fenced(claimed).filter(
        window__in=Window.objects.filter(phase=phase, closing=False),
        run__in=Run.objects.filter(state__in=MAY_GO_ON[phase]),
    )
    if not may.update(version=F("version") + 1):
        if transitions.fenced(claimed).exists():
            raise NotNowError
        raise LeaseLostError
    intent.save(force_insert=True)


def wait(
    claimed: Claim, waiting_for: str, *, due_at: dt.datetime | None = None, **fields: Any
) -> None:
    """Hand the binding back to wait for something."""
    transitions.hand_back(
        claimed, BindingState.WAITING, waiting_for=waiting_for, due_at=due_at, **fields
    )


def wait_outside(claimed: Claim, due_at: dt.datetime, *, why: Message, **fields: Any) -> None:
    """Hand the binding back to join a window again from ``due_at`` on.

    A plan is not to sell manually for the sake of one that can only wait.
    """
    wait(
        claimed,
        members.LATER,
        due_at=due_at,
        why=why,
        window=None,
        in_lane=members.keeps_lane(claimed.binding),
        **fields,
    )


def step_back(claimed: Claim) -> None:
    """Hand the binding back unchanged, to leave the window for the next one."""
    binding = claimed.binding
    transitions.hand_back(
        claimed,
        BindingState.WAITING,
        waiting_for=members.WINDOW,
        window=None,
        in_lane=members.keeps_lane(binding),
        why=say("binding.window_of_plan_closes", plan=binding.plan.name),
    )


def fail(claimed: Claim, number: int, cause: str, text: Message, **fields: Any) -> None:
    """Hand the binding back as failed, out of the window and the lane.

    An unknown payment keeps the lane: the next try finds out what became of it.
    """
    binding = claimed.binding
    details = fields.pop("evidence", {})
    with transaction.atomic():
        _record_end(
            claimed, number, StepState.FAILED, cause=cause, cause_text=text, evidence=details
        )
        transitions.hand_back(
            claimed,
            BindingState.FAILED,
            why=named("cause", cause),
            **{
                "window": None,
                "in_lane": members.keeps_lane(binding),
                "cause": cause,
                "cause_text": text,
                **fields,
            },
        )
        circuit_breaker.failed(binding, number, cause, text)


def _record_end(claimed: Claim, number: int, state: StepState, **fields: Any) -> None:
    """Record how this attempt of a step ended without being done; ``fields`` are the step's."""
    step = step_log.row(
        number,
        state,
        binding=claimed.binding,
        previous=claimed.steps.get(number),
        attempt=claimed.binding.attempts + 1,
        **fields,
    )
    step_log.record([step])


def undecide(claimed: Claim, number: int, verdict: Ambiguous) -> None:
    """Hand the binding back for a person to decide; it stays in its window and lane."""
    binding = claimed.binding
    with transaction.atomic():
        _record_end(
            claimed,
            number,
            StepState.UNDECIDED,
            cause=verdict.cause,
            cause_text=verdict.text,
            evidence=verdict.evidence,
        )
        transitions.hand_back(
            claimed,
            BindingState.UNDECIDED,
            why=named("cause", verdict.cause),
            cause=verdict.cause,
            cause_text=verdict.text,
        )
        circuit_breaker.failed(binding, number, verdict.cause, verdict.text)


def try_again(
    claimed: Claim, number: int, error: PanelError, *, refused: str = "refused", **fields: Any
) -> None:
    """After an error that did nothing: wait and try again, or give up with the cause.

    Only what may pass by itself is tried again, at most ``MAX_ATTEMPTS`` times; no try is used up
    while the panel cannot be read at all, as long as the window has time.
    """
    cause = causes.of_error(error, refused=refused)
    window = claimed.binding.window
    attempts = claimed.binding.attempts + 1
    pauses.stop_panel(error)
    told = panel_errors.of_error(error)
    if (window is None or not window.closing) and outage.is_away(error):
        due = clock.now() + outage.pause(error)
        wait(claimed, members.TURN, due_at=due, why=told, **fields)
        return
    if cause.passing and attempts < settings.MAX_ATTEMPTS:
        wait(
            claimed,
            members.TURN,
            due_at=clock.now() + transitions.backoff(attempts - 1),
            attempts=attempts,
            why=told,
            **fields,
        )
        return
    if _may_be_ordered(claimed.binding):
        wait(claimed, members.READBACK, attempts=attempts, why=told, **fields)
        return
    if (
        window is not None
        and window.closing
        and reachability.is_transient(error)
        and _knows_all(claimed)
    ):
        step_back(claimed)  # another window may find the panel as it should be
        return
    details = {"form": form_evidence.of_form(error)} if isinstance(error, FormLacks) else {}
    fail(claimed, number, cause.key, told, attempts=attempts, evidence=details, **fields)


def _may_be_ordered(binding: Binding) -> bool:
    """Whether an order or its payment is unknown: the gate must not lose sight of that."""
    return (
        binding.window_id is not None
        and binding.step in members.MONEY_STEPS
        and Intent.objects.unsettled()
        .filter(binding=binding, kind__in=[step3.KIND, step4.PAY_LINE])
        .exists()
    )


def _knows_all(claimed: Claim) -> bool:
    """Whether nothing that was sent for this binding is unknown."""
    return not Intent.objects.unsettled().filter(binding=claimed.binding).exists()


def unexpected(claimed: Claim) -> None:
    """An error that nobody foresaw: logged by the caller, shown to a person, not tried again.

    With an unsettled intent the binding waits for the next reading instead, which finds out what
    happened; failing it would say that nothing did.
    """
    binding = claimed.binding
    has_unsettled = Intent.objects.unsettled().filter(binding=binding).exists()
    if has_unsettled and binding.window_id is not None:
        wait(claimed, members.READBACK, attempts=binding.attempts + 1)
    else:
        fail(claimed, binding.step, "internal", say("worker.error"))
