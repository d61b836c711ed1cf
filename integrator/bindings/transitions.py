"""Changes of bindings that nobody has claimed, and the event of each change.

Together with `claims` the only writer of a binding's state. Every change is a compare-and-set on
what was read; zero rows changed means that somebody else was faster and is a normal answer. Every
change writes an event in the same transaction (design.md, section 4).
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F

from integrator.bindings import rows, states
from integrator.core import clock
from integrator.messages.message import NOTHING, Message, named, say
from integrator.models import Binding, Event
from integrator.models.states import BindingState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from integrator.models.binding import BindingQuerySet

PRODUCT = "integrator"
"""The actor of what the product does by itself."""

BACKOFF = (2.0, 5.0, 15.0, 45.0, 120.0)
"""Seconds before the second, third … try of a step; jitter is added."""


def change(
    binding: Binding,
    to: BindingState,
    *,
    why: Message = NOTHING,
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
            **{**clearing(binding, to, fields), **fields},
        )
        if not changed:
            return False
        event_of(binding, binding.state, to, why or waits(waiting_for), actor).save(
            force_insert=True
        )
    return True


@dataclass(frozen=True, slots=True)
class Change:
    """What ``change`` would be told of one binding that nobody has claimed."""

    binding: Binding
    to: BindingState
    why: Message = NOTHING
    waiting_for: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


def change_all(changes: Sequence[Change]) -> set[int]:
    """Make many changes in the caller's transaction, each as ``change`` does; ids of those made.

    A handful of statements, however many they are. Of two for one binding, the first counts.
    """
    found = locked([one.binding.pk for one in changes]).only("state", "version")
    present = {row.pk: (row.state, row.version) for row in found}
    now = clock.now()
    written: dict[int, dict[str, Any]] = {}
    events = []
    for one in changes:
        binding = one.binding
        states.check(binding.state, one.to)
        if present.pop(binding.pk, None) != (binding.state, binding.version):
            continue
        state = {"state": one.to, "state_at": now, "waiting_for": one.waiting_for, "due_at": None}
        written[binding.pk] = {**state, **clearing(binding, one.to, one.fields), **one.fields}
        events.append(event_of(binding, binding.state, one.to, one.why or waits(one.waiting_for)))
    _write_all(written)
    Event.objects.bulk_create(events)
    return set(written)


def _write_all(written: Mapping[int, Mapping[str, Any]]) -> None:
    """Write these columns by id: one statement for what many have in common, one for the rest."""
    alike: dict[tuple[str, ...], dict[int, Mapping[str, Any]]] = {}
    for pk, columns in written.items():
        alike.setdefault(tuple(sorted(columns)), {})[pk] = columns
    for names, same in alike.items():
        first = next(iter(same.values()))
        common = {n: first[n] for n in names if all(one[n] == first[n] for one in same.values())}
        Binding.objects.filter(pk__in=same).update(version=F("version") + 1, **common)
        own = [name for name in names if name not in common]
        if own:
            differing = [
                Binding(pk=pk, **{name: columns[name] for name in own})
                for pk, columns in same.items()
            ]
            Binding.objects.bulk_update(differing, own)


MAX_ALIKE = 5000
"""Bindings that are changed alike in one go; a statement can name a few times as many."""


def locked(ids: Collection[int]) -> BindingQuerySet:
    """These bindings, locked until the caller's transaction ends; those alone that nobody claimed.

    In one order, so that two who lock many never wait for each other.
    """
    found = Binding.objects.filter(pk__in=ids, lease_token="").order_by("pk")
    return found.select_for_update(of=("self",))


def change_alike(
    bindings: Collection[Binding],
    to: BindingState,
    *,
    why: Message,
    actor: str = PRODUCT,
    waiting_for: str = "",
    due_at: dt.datetime | None = None,
    **fields: Any,
) -> None:
    """Change these ``locked`` bindings alike, each as ``change`` does; two statements for all."""
    if not bindings:
        return
    for present in {binding.state for binding in bindings}:
        states.check(present, to)
    ids, now = [binding.pk for binding in bindings], clock.now()
    rows.write_events(ids, to, why, actor=actor, at=now)
    counted_anew = {"deaths": 0} if to == BindingState.QUEUED else {}
    Binding.objects.filter(pk__in=ids).update(
        state=to,
        state_at=now,
        waiting_for=waiting_for,
        due_at=due_at,
        version=F("version") + 1,
        **{**counted_anew, **_forgotten(to), **fields},
    )


def free(binding: Binding, why: Message, *, actor: str) -> bool:
    """Let go of a cancelled binding's account; False: it is no longer as ``binding`` says."""
    with transaction.atomic():
        changed = Binding.objects.filter(
            pk=binding.pk, state=BindingState.CANCELLED, version=binding.version, lease_token=""
        ).update(reserved=False, in_lane=False, version=F("version") + 1)
        if changed:
            event_of(binding, binding.state, binding.state, why, actor).save(force_insert=True)
    return bool(changed)


def remark(binding: Binding, why: Message, *, actor: str) -> None:
    """Write down what a person did to a binding that is no change of its state."""
    event_of(binding, binding.state, binding.state, why, actor).save(force_insert=True)


def clearing(binding: Binding, to: BindingState, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a change to this state always brings with it.

    Deaths are counted anew once the binding gets on, or a person has said something of it.
    """
    gets_on = fields.get("step", 0) > binding.step or fields.get("prepared", False)
    anew = binding.deaths and (gets_on or to == BindingState.QUEUED)
    return {**({"deaths": 0} if anew else {}), **_forgotten(to)}


def _forgotten(to: BindingState) -> dict[str, Any]:
    """What is known of a binding no more once it is in this state."""
    if to in (BindingState.DONE, BindingState.CANCELLED):
        return {"password": "", "cause": "", "cause_text": NOTHING}
    if to in (BindingState.QUEUED, BindingState.WAITING):
        return {"cause": "", "cause_text": NOTHING}
    return {}


def wake(bindings: BindingQuerySet, *, at: dt.datetime | None = None) -> int:
    """Make sleeping bindings due; how many. Waking one twice harms nothing."""
    return bindings.unclaimed().update(due_at=at or clock.now(), version=F("version") + 1)


def waits(waiting_for: str) -> Message:
    """What an event says of a binding that waits for this; nothing where it waits for nothing."""
    return say("binding.waits", what=named("waiting", waiting_for)) if waiting_for else NOTHING


def event_of(
    binding: Binding, from_state: str, to: str, why: Message, actor: str = PRODUCT
) -> Event:
    """What is written down with a change, not saved yet."""
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


def backoff(attempts: int, *, most: float = BACKOFF[-1]) -> dt.timedelta:
    """How long to wait before the next try, with jitter; ``attempts`` were made already.

    ``most``: never longer than so many seconds.
    """
    base = min(BACKOFF[min(attempts, len(BACKOFF) - 1)], most)
    return dt.timedelta(seconds=base * random.uniform(0.7, 1.3))  # noqa: S311 - jitter
