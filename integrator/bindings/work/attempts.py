"""What the threads that work on one binding share: declaring, trying again, giving up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.db import transaction

from integrator.bindings import (
    causes,
    claims,
    form_evidence,
    intents,
    outage,
    step_log,
    transitions,
)
from integrator.bindings.work import side_by_side
from integrator.bindings.work.writes import Declaration
from integrator.core import clock
from integrator.messages import panel_errors
from integrator.messages.message import named, say
from integrator.models import Binding, Intent
from integrator.models.states import BindingState, Phase, StepState
from integrator.panel_access import reachability
from integrator.runs import circuit_breaker, pauses
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from integrator.windows import members
from panels.coremanager.forms import FormLacks

if TYPE_CHECKING:
    import datetime as dt

    from integrator.bindings.claims import Claim
    from integrator.bindings.work.side_by_side import Work
    from integrator.messages.message import Message
    from integrator.steps.effect import Effect
    from integrator.steps.verdicts import Ambiguous
    from panels.coremanager.errors import PanelError

T = TypeVar("T")


class UnknownBeforeError(Exception):
    """An effect of the same kind was sent, and nobody knows yet what became of it."""


def send(
    claimed: Claim, effect: Effect[T], phase: Phase, *, until: dt.datetime | None = None
) -> Work[intents.Sent[T]]:
    """Declare this effect of a binding and carry it out; its outcome has yet to be written.

    This is the only way to a call that changes something for a binding in a window. ``until``: it
    may not be sent later. Raises UnknownBeforeError where the caller has not found out first what
    became of an earlier one, LeaseLostError, and NotNowError when phase or run forbid it, or when
    nothing may be ordered beside another binding yet.
    """
    binding = claimed.binding
    if intents.unsettled(intents.last(claimed.intents, effect.kind)):
        raise UnknownBeforeError(effect.kind)
    intent = intents.new(effect, binding.attempts + 1, binding=binding, until=until)
    return (yield from side_by_side.send(Declaration(claimed, intent, phase), effect))


def settle_and_wait(
    claimed: Claim,
    sent: intents.Sent[Any],
    waiting_for: str,
    *,
    result: dict[str, Any],
    **fields: Any,
) -> Work[None]:
    """Write the outcome of what was sent, and hand the binding back to wait for something."""
    waits = claims.handed_back(claimed, BindingState.WAITING, waiting_for=waiting_for, **fields)
    yield from side_by_side.settle(sent, waits, **result)


def wait(
    claimed: Claim, waiting_for: str, *, due_at: dt.datetime | None = None, **fields: Any
) -> None:
    """Hand the binding back to wait for something."""
    claims.hand_back(
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
    """Hand the binding back unchanged, to leave the window for the next one.

    What was sent for it and is unknown stays so: the next window reads it first, as after a retry.
    """
    binding = claimed.binding
    claims.hand_back(
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
        claims.hand_back(
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
        claims.hand_back(
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
    if window is not None and window.closing and reachability.is_transient(error):
        step_back(claimed)  # another window finds out what this one could not read
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
