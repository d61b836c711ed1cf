"""Claims: bindings that one thread alone may move, until it hands them back or their lease ends.

Together with `transitions` the only writer of a binding's state; every change writes an event in
the same transaction (design.md, section 4).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Q

from integrator.bindings import leases, rows, states, transitions
from integrator.core import clock, heartbeat
from integrator.messages.message import NOTHING, Message, say
from integrator.models import Binding, Event, Intent, Step
from integrator.models.states import BindingState
from integrator.panel_access import call_log

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from integrator.models.binding import BindingQuerySet


class LeaseLostError(Exception):
    """The lease ran out or was taken; whoever holds it now decides. Nothing was written."""


@dataclass(slots=True)
class Claim:
    """A binding that this thread alone may move, until its lease runs out.

    ``intents``, in the order they were made, and ``steps`` by number are as they were when it was
    claimed: nobody else adds to them meanwhile. Bindings that were claimed together share a token.
    """

    binding: Binding
    token: str
    intents: list[Intent] = field(default_factory=list)
    steps: dict[int, Step] = field(default_factory=dict)


MAX_CLAIMED = 8
"""Bindings that are claimed at once at most."""
MAX_THREADS = 8
"""Threads that are woken for one window at once at most."""
MAX_LOOKS = 3
"""Times that a claim looks for others, when those that it chose were taken meanwhile."""
_OF_CHOSEN = ("client_id", "state", "deaths", "version", "step", "run_id", "window_id")
"""What a claim must know of a binding before it: how it is seen, and what its event tells."""


def claim(
    bindings: BindingQuerySet, *, lane: bool = False, most: int = 1, alone: bool = True
) -> list[Claim]:
    """Claim up to ``most`` of those that are ready; none: an empty list.

    ``lane``: one of each client alone, whose lane (steps 3 and 4) nobody else holds; it is claimed
    together with the lane. ``alone``: the thread works on no others; beside others it is given
    none over which a worker has died.
    """
    for _ in range(MAX_LOOKS):
        now = clock.now()
        # Without a write, which would hold up others.
        ready = _ready(bindings, now, lane=lane)
        if not alone:
            ready = ready.filter(deaths=0)
        # Of twice as many, so that two who claim at the same moment mostly reach for different
        # ones.
        found = list(ready[: 2 * MAX_CLAIMED])
        if any(row.deaths for row in found) and _suspects_at_work().exists():
            found = list(ready.filter(deaths=0)[: 2 * MAX_CLAIMED])
        if not found:
            return []
        claimed = _claim(_chosen(found, most, lane=lane), now, lane=lane)
        if claimed:
            return claimed
    return []


def threads_for(ready: int) -> int:
    """How many threads to wake for so many that are ready: each takes several, again and again."""
    return min(-(-2 * ready // MAX_CLAIMED), MAX_THREADS)


def _ready(bindings: BindingQuerySet, now: dt.datetime, *, lane: bool) -> BindingQuerySet:
    """Those that a thread may claim at this time, the longest due first."""
    found = bindings.claimable(now)
    if lane:
        taken = Binding.objects.filter(in_lane=True).values("client_id")
        found = found.filter(Q(in_lane=True) | ~Q(client_id__in=taken))
    return found.order_by("due_at", "number").only(*_OF_CHOSEN)


def _suspects_at_work() -> BindingQuerySet:
    """Claimed ones over which a worker has died: each goes alone, no other such one beside it.

    So a row that ends its worker's process each time is told from those beside it.
    """
    return Binding.objects.filter(state=BindingState.RUNNING, deaths__gt=0)


def _chosen(found: Sequence[Binding], most: int, *, lane: bool) -> Sequence[Binding]:
    """So many of them, not always the first; one for each lane.

    Of those over which a worker has died, one alone, and only where there are no others.
    """
    found = [row for row in found if not row.deaths] or found[:1]
    if lane:
        found = list({row.client_id: row for row in reversed(found)}.values())[::-1]
    count = min(most, len(found))
    begin = random.randrange(len(found) - count + 1)  # noqa: S311 - to spread, not to hide
    return found[begin : begin + count]


def _claim(chosen: Sequence[Binding], now: dt.datetime, *, lane: bool) -> list[Claim]:
    """Claim those of these bindings that are still as they were seen to be."""
    token = heartbeat.new_lease_token()
    enters = {"in_lane": True} if lane else {}
    as_seen = Q(*(Q(pk=row.pk, version=row.version) for row in chosen), _connector=Q.OR)
    free = Binding.objects.unclaimed().filter(as_seen)
    if any(row.deaths for row in chosen):
        free = free.filter(~Exists(_suspects_at_work()))
    events = {
        row.pk: transitions.event_of(row, row.state, BindingState.RUNNING, say("binding.claimed"))
        for row in chosen
    }
    try:
        with transaction.atomic():
            # What others are changing just now is left to them, instead of waited for.
            locked = free.select_for_update(skip_locked=True).values("pk")
            taken = Binding.objects.filter(pk__in=locked).update(
                state=BindingState.RUNNING,
                state_at=now,
                lease_token=token,
                lease_expires_at=leases.end(),
                version=F("version") + 1,
                **enters,
            )
            if taken not in (0, len(chosen)):
                ours = Binding.objects.filter(pk__in=events, lease_token=token)
                events = {pk: events[pk] for pk in ours.values_list("pk", flat=True)}
            if taken:
                Event.objects.bulk_create(events.values())
    except IntegrityError:
        return []  # another binding of a client entered the lane just now
    if not taken:
        return []
    leases.hold(token)
    return _claimed(events, token)


def _claimed(ids: Collection[int], token: str) -> list[Claim]:
    """The claims with this token on these bindings, with what is known of each.

    Read after the claim, which keeps others from changing it, so that no other writer waits.
    """
    claims = {row.pk: Claim(row, token) for row in rows.claimed(ids, token)}
    for intent in rows.intents_of(claims):
        claims[intent.binding_id or 0].intents.append(intent)
    for step in rows.steps_of(claims):
        claims[step.binding_id or 0].steps[step.number] = step
    return list(claims.values())


def fenced(*claims: Claim) -> BindingQuerySet:
    """Those of these bindings whose lease still holds."""
    by_token: dict[str, list[int]] = {}
    for one in claims:
        by_token.setdefault(one.token, []).append(one.binding.pk)
    # By pairs: one that was lost and claimed again has another token of ours.
    pairs = [Q(lease_token=token, pk__in=ids) for token, ids in by_token.items()]
    ours = Q(Q(pk__in=[]), *pairs, _connector=Q.OR)
    return Binding.objects.filter(ours).leased(clock.now())


def note(claimed: Claim, **fields: Any) -> None:
    """Write facts that were learnt while the binding is held, without a change of state.

    Raises LeaseLostError.
    """
    if not fenced(claimed).update(version=F("version") + 1, **fields):
        raise LeaseLostError
    for name, value in fields.items():
        setattr(claimed.binding, name, value)


@dataclass(frozen=True, slots=True)
class HandBack:
    """The end of a claim, not written yet: what changes of the binding, and the event."""

    claimed: Claim
    columns: Mapping[str, Any]
    event: Event


def handed_back(
    claimed: Claim,
    to: BindingState,
    *,
    why: Message = NOTHING,
    waiting_for: str = "",
    due_at: dt.datetime | None = None,
    **fields: Any,
) -> HandBack:
    """End the claim with the binding in state ``to``, see ``write_hand_backs``."""
    states.check(BindingState.RUNNING, to)
    columns = {
        "state": to,
        "state_at": clock.now(),
        "waiting_for": waiting_for,
        "due_at": due_at,
        "lease_token": "",
        "lease_expires_at": None,
        **transitions.clearing(claimed.binding, to, fields),
        **fields,
    }
    why = why or transitions.waits(waiting_for)
    event = transitions.event_of(claimed.binding, BindingState.RUNNING, to, why)
    return HandBack(claimed, columns, event)


def write_hand_backs(handed: Sequence[HandBack]) -> None:
    """Write the ends of these claims, with their events.

    Must be called inside the transaction that writes what the states rest on.
    Raises LeaseLostError when a lease was lost: then nothing of it may be written.
    """
    for columns, alike in _alike(handed):
        claims = [one.claimed for one in alike]
        if fenced(*claims).update(version=F("version") + 1, **columns) != len(claims):
            raise LeaseLostError
    Event.objects.bulk_create([one.event for one in handed])


def _alike(handed: Sequence[HandBack]) -> Iterator[tuple[dict[str, Any], list[HandBack]]]:
    """These by what they write, which is mostly the same but for the moment."""
    rest = list(handed)
    while rest:
        columns = {**rest[0].columns, "state_at": rest[-1].columns["state_at"]}
        alike = [one for one in rest if {**one.columns, "state_at": columns["state_at"]} == columns]
        yield columns, alike
        rest = [one for one in rest if one not in alike]


def hand_back(claimed: Claim, to: BindingState, **fields: Any) -> None:
    """End the claim with the binding in state ``to``, see ``handed_back``.

    Must be called inside the transaction that writes what the state rests on.
    Raises LeaseLostError when the lease was lost: then nothing of it may be written.
    """
    write_hand_backs([handed_back(claimed, to, **fields)])
    call_log.flush()
