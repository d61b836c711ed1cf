"""What the work on bindings writes around its calls, for several of them in one transaction.

An intent is committed before what it speaks of is sent; an outcome together with what follows from
it. What one binding asks for is written wholly or not at all, whatever becomes of the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F

from integrator.bindings import claims, intents, step_log
from integrator.bindings.claims import LeaseLostError
from integrator.models import Intent, Run, Window
from integrator.models.states import Phase, RunState, StepState
from integrator.panel_access import call_log
from integrator.windows import canaries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from integrator.bindings.claims import Claim, HandBack
    from integrator.models import Step

MAY_GO_ON = {
    Phase.ORDERS: [RunState.RUNNING],
    Phase.TASKS: [RunState.RUNNING, RunState.PAUSED],
}
"""In which states of a run an intent of this phase may be made: what is ordered in a run that is
then paused is brought to its end."""


class NotNowError(Exception):
    """The window has left the phase, or the run no longer runs: no intent may be made."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """An intent of this claim, and that its step has begun."""

    claimed: Claim
    intent: Intent
    phase: Phase


@dataclass(frozen=True, slots=True)
class Settlement:
    """The outcome of a call, and what more is known of it."""

    sent: intents.Sent[Any]
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Writes:
    """What one binding has written together: outcomes, a new intent, the end of its claim."""

    settled: tuple[Settlement, ...] = ()
    declared: Declaration | None = None
    handed_back: HandBack | None = None


def commit(asked: Sequence[Writes]) -> list[Exception | None]:
    """Commit all of this together; for each None, or why nothing of it was written.

    That is LeaseLostError, NotNowError, or the database's error.
    """
    if not asked:
        return []
    try:
        with transaction.atomic():
            begun = _write(asked)
    except (OperationalError, InterfaceError) as error:
        return [error] * len(asked)  # the database's trouble, whoever asked
    except (LeaseLostError, NotNowError, DatabaseError) as error:
        if len(asked) == 1:
            return [error]
        return [commit([one])[0] for one in asked]
    for one, step in begun:
        one.claimed.intents.append(one.intent)
        one.claimed.steps[step.number] = step
    return [None] * len(asked)


def _write(asked: Sequence[Writes]) -> list[tuple[Declaration, Step]]:
    """Write all of this in the caller's transaction; the steps that what is declared is part of."""
    declared = [one.declared for one in asked if one.declared]
    for phase in {one.phase for one in declared}:
        _fence(phase, [one for one in declared if one.phase == phase])
    intents.settle_all((one.sent, one.result) for writes in asked for one in writes.settled)
    for one in declared:
        one.intent.pk = None  # it may have one from a transaction that did not come about
    Intent.objects.bulk_create([one.intent for one in declared])
    begun = [(one, _begun(one)) for one in declared]
    step_log.record(step for one, step in begun if step is not _known(one))
    claims.write_hand_backs([one.handed_back for one in asked if one.handed_back])
    call_log.flush()
    return begun


def _fence(phase: Phase, declared: Sequence[Declaration]) -> None:
    """Raise unless lease, phase and run allow each of these; they stay locked until the commit."""
    # Without a join, so that PostgreSQL compares lease and token again with the row as it is
    # when a concurrent change of it has been committed.
    held = [one.claimed for one in declared]
    may = claims.fenced(*held).filter(
        window__in=Window.objects.filter(phase=phase, closing=False),
        run__in=Run.objects.filter(state__in=MAY_GO_ON[phase]),
    )
    if may.update(version=F("version") + 1) != len(held):
        if claims.fenced(*held).count() == len(held):
            raise NotNowError
        raise LeaseLostError
    if phase == Phase.ORDERS and not canaries.may_order([one.binding.pk for one in held]):
        raise NotNowError


def _known(declared: Declaration) -> Step | None:
    return declared.claimed.steps.get(declared.intent.step)


def _begun(declared: Declaration) -> Step:
    """The step that this intent is part of; the present one where it already says so."""
    known = _known(declared)
    if known is not None and known.state == StepState.DONE:
        return known
    step = step_log.row(
        declared.intent.step,
        StepState.RUNNING,
        binding=declared.claimed.binding,
        previous=known,
        attempt=declared.intent.attempt,
    )
    alike = known is not None and all(
        getattr(known, name) == getattr(step, name) for name in step_log.STEP_COLUMNS
    )
    return known if known is not None and alike else step
