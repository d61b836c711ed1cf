"""A run's own state: whether it may work now, and when it is over."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from integrator.bindings.transitions import PRODUCT
from integrator.core import clock
from integrator.messages.message import NOTHING, Message
from integrator.models import Binding, Event, Run
from integrator.models.states import MOVING, NEEDS_PERSON, BindingState, RunState

if TYPE_CHECKING:
    from integrator.models.binding import BindingQuerySet


def may_work(run: Run, now: dt.datetime) -> bool:
    """Whether ``now`` lies in the run's hours; they are in UTC."""
    hours = hours_of(run)
    if hours is None:
        return True
    start, end = hours
    local = now.astimezone(dt.UTC).time()
    return start <= local < end if start <= end else local >= start or local < end


def begins_at(run: Run, now: dt.datetime) -> dt.datetime | None:
    """When the run's hours begin next; None: it may work now."""
    hours = hours_of(run)
    if hours is None or may_work(run, now):
        return None
    local = now.astimezone(dt.UTC)
    begin = dt.datetime.combine(local.date(), hours[0], local.tzinfo)
    return begin if begin > local else begin + dt.timedelta(days=1)


def hours_of(run: Run) -> tuple[dt.time, dt.time] | None:
    """From when to when the run may work; past midnight where the end is not after the start.

    None: at any time.
    """
    hours = run.preview.hours
    if not hours:
        return None
    start, end = (dt.time.fromisoformat(part) for part in hours.split("-"))
    return start, end


def change(
    run: Run, to: RunState, *, why: Message = NOTHING, actor: str = PRODUCT, **fields: object
) -> bool:
    """Change a run's state with an event; False: it is not in the state that ``run`` says."""
    with transaction.atomic():
        changed = Run.objects.filter(pk=run.pk, state=run.state).update(
            state=to, why=why, version=F("version") + 1, **fields
        )
        if changed:
            Event.objects.create(
                at=clock.now(),
                actor=actor,
                subject="run",
                from_state=run.state,
                to_state=to,
                why=why,
                run=run,
            )
    return bool(changed)


def pause(run_id: int, why: Message) -> bool:
    """Pause a run that is running now, whatever was read of it before; False: it is not."""
    with transaction.atomic():
        # Locked, so that a person who resumes it at this moment does not make the pause be lost.
        run = Run.objects.select_for_update().filter(pk=run_id, state=RunState.RUNNING).first()
        return run is not None and change(run, RunState.PAUSED, why=why)


def can_move(run: Run) -> bool:
    """Whether any binding of this run may still change without a person.

    Those that wait for the lane of a client whose other binding is undecided may not.
    """
    moving = Binding.objects.moving().filter(run=run)
    return moving.exclude(pk__in=behind_undecided().values("pk")).exists()


def behind_undecided() -> BindingQuerySet:
    """Bindings that may not order because another of their client waits for a person."""
    holders = Binding.objects.filter(in_lane=True, state__in=NEEDS_PERSON)
    return Binding.objects.unclaimed().filter(
        window=None,
        in_lane=False,
        step__lt=6,
        client__in=holders.values("client"),
    )


def finish_if_over(run: Run) -> bool:
    """Mark a run finished when nothing in it can move without a person.

    It is not finished while a binding in it waits for a decision, its own or another one's: then
    it is marked as one that needs a decision. False: it is marked as it was.
    """
    run.state = Run.objects.values_list("state", flat=True).get(pk=run.pk)
    if not _is_over(run):
        return False
    with transaction.atomic():
        # Locked, so that what a person queues at this moment is seen here, or sees this.
        run = Run.objects.select_for_update().get(pk=run.pk)
        if not _is_over(run):
            return False
        open_states = [*MOVING, BindingState.UNDECIDED]
        if Binding.objects.filter(run=run, state__in=open_states).exists():
            return run.state == RunState.RUNNING and change(run, RunState.UNDECIDED)
        return change(run, RunState.FINISHED, finished_at=clock.now())


def _is_over(run: Run) -> bool:
    return run.state in (RunState.RUNNING, RunState.UNDECIDED) and not can_move(run)


def reopen(run_id: int, *, why: Message, actor: str = PRODUCT, cancelled: bool = False) -> bool:
    """Let a run that is over go on, after a binding of it was queued; False: it is not over.

    ``cancelled``: one that a person cancelled goes on as well.
    """
    over = {RunState.FINISHED, RunState.UNDECIDED} | ({RunState.CANCELLED} if cancelled else set())
    with transaction.atomic():
        run = Run.objects.select_for_update().get(pk=run_id)
        if run.state not in over:
            return False
        return change(run, RunState.RUNNING, why=why, actor=actor, finished_at=None)
