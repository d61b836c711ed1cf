"""The only writer of a binding's state.

Every change is a compare-and-set on the old state and the lease token; zero rows changed means
that somebody else was faster and is a normal answer. Every change writes an event in the same
transaction (design.md, section 4).
"""

from __future__ import annotations

import datetime as dt
import random
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from integrator import clock, presence
from integrator.models import Binding, Event, Step, Window
from integrator.models.states import CLAIMABLE, BindingState, StepState
from integrator.panel_access import journal
from integrator.steps import VERSIONS
from integrator.workflow import states

if TYPE_CHECKING:
    from collections.abc import Iterable

PRODUCT = "integrator"
"""The actor of what the product does by itself."""

BACKOFF = (2.0, 5.0, 15.0, 45.0, 120.0)
"""Seconds before the second, third … try of a step; jitter is added."""


class LeaseLostError(Exception):
    """The lease ran out or was taken; whoever holds it now decides. Nothing was written."""


@dataclass(slots=True)
class Claim:
    """A binding that this thread alone may move, until its lease runs out."""

    binding: Binding
    token: str
    done: bool = field(default=False)


_held: set[str] = set()
_held_lock = threading.Lock()


def _extend_leases() -> None:
    """Extend all leases of this process, bindings' and windows', in two statements."""
    with _held_lock:
        tokens = list(_held)
    if tokens:
        until = lease_end()
        now = clock.now()
        for model in (Binding, Window):
            model.objects.filter(lease_token__in=tokens, lease_expires_at__gt=now).update(
                lease_expires_at=until
            )


def hold(token: str) -> None:
    """Have the keeper extend the lease with this token."""
    with _held_lock:
        _held.add(token)
    presence.keep(_extend_leases)


def attend() -> None:
    """Show that this process lives, before it holds its first lease."""
    presence.keep(_extend_leases)


def let_go(token: str) -> None:
    """Stop extending the lease with this token."""
    with _held_lock:
        _held.discard(token)


def lease_end() -> dt.datetime:
    """When a lease that is taken or extended now runs out."""
    return clock.now() + dt.timedelta(seconds=settings.LEASE_SECONDS)


def claimable(bindings: QuerySet[Binding]) -> QuerySet[Binding]:
    """Those of ``bindings`` that may be claimed now."""
    return bindings.filter(state__in=CLAIMABLE, due_at__lte=clock.now())


def claim(bindings: QuerySet[Binding], *, lane: bool = False) -> Claim | None:
    """Claim one of ``bindings``; None when there is none to claim.

    ``lane``: also take the client's lane (steps 3 and 4); a client whose lane another binding
    holds is passed over.
    """
    candidates = claimable(bindings)
    if lane:
        taken = Binding.objects.filter(in_lane=True).values("client_id")
        candidates = candidates.filter(Q(in_lane=True) | ~Q(client_id__in=taken))
    rows = list(candidates.order_by("due_at", "number").values_list("id", "version")[:24])
    random.shuffle(rows)  # so that many threads do not all try the same row first
    for binding_id, version in rows:
        claimed = _claim_one(binding_id, version, lane=lane)
        if claimed is not None:
            return claimed
    return None


def _claim_one(binding_id: int, version: int, *, lane: bool) -> Claim | None:
    """Claim this binding if it is still as it was chosen: it may have gone on to another step."""
    token = presence.new_lease_token()
    now = clock.now()
    extra: dict[str, Any] = {"in_lane": True} if lane else {}
    try:
        with transaction.atomic():
            changed = Binding.objects.filter(
                pk=binding_id, version=version, state__in=CLAIMABLE, due_at__lte=now
            ).update(
                state=BindingState.RUNNING,
                state_at=now,
                lease_token=token,
                lease_expires_at=lease_end(),
                version=F("version") + 1,
                **extra,
            )
            if not changed:
                return None
            binding = Binding.objects.select_related(
                "run__preview", "account__panel", "client", "plan", "window"
            ).get(pk=binding_id)
            _event(binding, BindingState.WAITING, BindingState.RUNNING, "claimed", PRODUCT).save(
                force_insert=True
            )
    except IntegrityError:
        return None  # another binding of the client entered the lane just now
    hold(token)
    return Claim(binding, token)


def fenced(token: str) -> QuerySet[Binding]:
    """The binding that the lease with this token still holds; empty when it is lost."""
    return Binding.objects.filter(
        lease_token=token, state=BindingState.RUNNING, lease_expires_at__gt=clock.now()
    )


def note(claimed: Claim, **fields: Any) -> None:
    """Write facts that were learnt while the binding is held, without a change of state.

    Raises LeaseLostError.
    """
    if not fenced(claimed.token).update(version=F("version") + 1, **fields):
        raise LeaseLostError
    for name, value in fields.items():
        setattr(claimed.binding, name, value)


def hand_back(
    claimed: Claim,
    to: BindingState,
    *,
    why: str = "",
    waiting_for: str = "",
    due_at: dt.datetime | None = None,
    **fields: Any,
) -> None:
    """End the claim with the binding in state ``to``.

    Must be called inside the transaction that writes what the state rests on.
    Raises LeaseLostError when the lease was lost: then nothing of it may be written.
    """
    states.check(BindingState.RUNNING, to)
    now = clock.now()
    changed = fenced(claimed.token).update(
        state=to,
        state_at=now,
        waiting_for=waiting_for,
        due_at=due_at,
        lease_token="",
        lease_expires_at=None,
        version=F("version") + 1,
        **{**_clearing(to), **fields},
    )
    if not changed:
        raise LeaseLostError
    _event(claimed.binding, BindingState.RUNNING, to, why or waiting_for, PRODUCT).save(
        force_insert=True
    )
    journal.flush()
    claimed.done = True
    let_go(claimed.token)


def change(
    binding: Binding,
    to: BindingState,
    *,
    why: str = "",
    actor: str = PRODUCT,
    waiting_for: str = "",
    due_at: dt.datetime | None = None,
    **fields: Any,
) -> bool:
    """Change a binding that nobody has claimed; False: it is no longer as ``binding`` says.

    Compares state and version, so that a decision taken on what was read is only written if
    that is still so.
    """
    states.check(binding.state, to)
    now = clock.now()
    with transaction.atomic():
        changed = Binding.objects.filter(
            pk=binding.pk, state=binding.state, version=binding.version, lease_token=""
        ).update(
            state=to,
            state_at=now,
            waiting_for=waiting_for,
            due_at=due_at,
            version=F("version") + 1,
            **{**_clearing(to), **fields},
        )
        if not changed:
            return False
        _event(binding, binding.state, to, why or waiting_for, actor).save(force_insert=True)
    return True


def free(binding: Binding, why: str, *, actor: str) -> bool:
    """Let go of a cancelled binding's account; False: it is no longer as ``binding`` says."""
    with transaction.atomic():
        changed = Binding.objects.filter(
            pk=binding.pk, state=BindingState.CANCELLED, version=binding.version, lease_token=""
        ).update(reserved=False, in_lane=False, version=F("version") + 1)
        if changed:
            _event(binding, binding.state, binding.state, why, actor).save(force_insert=True)
    return bool(changed)


def remark(binding: Binding, why: str, *, actor: str) -> None:
    """Write down what a person did to a binding that is no change of its state."""
    _event(binding, binding.state, binding.state, why, actor).save(force_insert=True)


def _clearing(to: BindingState) -> dict[str, Any]:
    """What a change to this state always brings with it."""
    if to in (BindingState.DONE, BindingState.CANCELLED):
        return {"password": "", "cause": "", "cause_text": ""}
    if to in (BindingState.QUEUED, BindingState.WAITING):
        return {"cause": "", "cause_text": ""}
    return {}


def wake(bindings: QuerySet[Binding], *, at: dt.datetime | None = None) -> int:
    """Make sleeping bindings due; how many. Waking one twice harms nothing."""
    return bindings.filter(state__in=CLAIMABLE).update(
        due_at=at or clock.now(), version=F("version") + 1
    )


def _event(binding: Binding, from_state: str, to: str, why: str, actor: str) -> Event:
    return Event(
        at=clock.now(),
        actor=actor,
        subject="binding",
        from_state=from_state,
        to_state=to,
        why=why,
        details={"step": binding.step},
        run_id=binding.run_id,
        binding_id=binding.pk,
        window_id=binding.window_id,
    )


def record_steps(steps: Iterable[Step]) -> None:
    """Insert or replace steps by their binding and number, in one statement."""
    rows = list(steps)
    if rows:
        Step.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["binding", "number"] if rows[0].binding_id else ["window", "number"],
            update_fields=[
                "state",
                "code_version",
                "attempts",
                "finished_at",
                "evidence",
                "cause",
                "cause_text",
                "history",
            ],
        )


def step_row(
    number: int,
    state: StepState,
    *,
    binding: Binding | None = None,
    window: Window | None = None,
    previous: Step | None = None,
    attempt: int = 1,
    **fields: Any,
) -> Step:
    """A step as it now stands, to be recorded; its history is that of ``previous`` and this."""
    now = clock.now()
    over = state in (StepState.DONE, StepState.FAILED, StepState.UNDECIDED)
    history = list(previous.history) if previous else []
    if over:
        history.append(
            {
                "attempt": attempt,
                "at": now.isoformat(timespec="seconds"),
                "outcome": state.value,
                "cause": fields.get("cause", ""),
                "text": fields.get("cause_text", ""),
            }
        )
    return Step(
        binding=binding,
        window=window,
        number=number,
        state=state,
        code_version=VERSIONS[number],
        attempts=attempt,
        started_at=previous.started_at if previous else now,
        finished_at=now if over else None,
        history=history,
        **fields,
    )


def backoff(attempts: int, *, most: float = BACKOFF[-1]) -> dt.timedelta:
    """How long to wait before the next try, with jitter; ``attempts`` were made already.

    ``most``: never longer than so many seconds.
    """
    base = min(BACKOFF[min(attempts, len(BACKOFF) - 1)], most)
    return dt.timedelta(seconds=base * random.uniform(0.7, 1.3))  # noqa: S311 - jitter
