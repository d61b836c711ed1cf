"""The sweep: every few seconds it wakes what is due and takes back expired leases.

It re-wakes, it never runs anything itself; so a doubled sweep is harmless, and whatever message
was lost is made up for.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models import Count, F, Q

from integrator import clock
from integrator.models import Binding, Run, Window
from integrator.models.states import CLAIMABLE, MOVING, BindingState, Phase, RunState
from integrator.workflow import actions, creating, draw, engine, halting, runs, waking
from integrator.workflow.windows import members, recheck

MOST_WAKES = 8
LANE = "lane"
"""What a binding waits for while another one of its client is undecided."""


def sweep() -> dict[str, int]:
    """One round; how much of each kind it found."""
    halting.pause_stopped()
    _name_lanes()
    _mend()
    found = {
        "leases": take_back_leases(),
        "windows": _wake_windows(),
        "runs": _wake_runs(),
        "drawn": draw.draw_all(),
        "rechecked": recheck.due(),
        "new_clients": creating.wake_due(),
    }
    for run in Run.objects.filter(state=RunState.RUNNING):
        runs.finish_if_over(run)
    cancelled = Run.objects.filter(state=RunState.CANCELLED, bindings__state__in=CLAIMABLE)
    for run in cancelled.distinct():
        actions.cancel_at_border(run)
    return found


def take_back_leases() -> int:
    """Bindings whose worker died wait again, one attempt later; how many."""
    now = clock.now()
    expired = Binding.objects.filter(state=BindingState.RUNNING, lease_expires_at__lt=now)
    return sum(engine.take_back(binding) for binding in expired[:500])


def _wake_windows() -> int:
    """Wake workers for windows that are due, and for those with bindings nobody takes."""
    now = clock.now()
    open_windows = Window.objects.exclude(phase=Phase.CLOSED)
    open_windows.filter(lease_expires_at__lt=now).update(
        lease_token="", lease_expires_at=None, due_at=now
    )
    # One that nobody drives and nothing will wake is looked at after a lease time at the latest.
    quiet = now - dt.timedelta(seconds=settings.LEASE_SECONDS)
    open_windows.filter(due_at=None, lease_token="", phase_at__lt=quiet).exclude(
        bindings__state=BindingState.RUNNING
    ).update(due_at=now)
    woken = 0
    ready = Count("bindings", filter=Q(bindings__state__in=CLAIMABLE, bindings__due_at__lte=now))
    busy = Count("bindings", filter=Q(bindings__state=BindingState.RUNNING))
    for window in open_windows.annotate(ready=ready, busy=busy):
        times = 1 if window.due_at is not None and window.due_at <= now else 0
        if window.phase in (Phase.ORDERS, Phase.TASKS):
            times = max(times, min(window.ready, MOST_WAKES - window.busy))
        if times > 0:
            waking.wake("window", window.pk, times=times)
            woken += 1
    return woken


def _mend() -> None:
    """Put right what two changes at the same moment can leave where nothing would move it."""
    closed = Binding.objects.filter(state__in=CLAIMABLE, window__phase=Phase.CLOSED)
    for binding in closed.exclude(waiting_for=members.RESTORE)[:500]:
        members.leave(binding, why="its window has closed")
    over = Run.objects.filter(state=RunState.FINISHED, bindings__state__in=MOVING)
    for run in over.distinct():
        if runs.can_move(run):
            runs.change(run, RunState.RUNNING, why="one of its bindings moves", finished_at=None)


def _name_lanes() -> None:
    """Say of bindings that wait for an undecided one of their client that they do."""
    behind = runs.behind_undecided()
    behind.exclude(waiting_for=LANE).update(waiting_for=LANE, version=F("version") + 1)
    named = Binding.objects.filter(state__in=CLAIMABLE, waiting_for=LANE)
    named.exclude(pk__in=behind.values("pk")).update(
        waiting_for=members.WINDOW, version=F("version") + 1
    )


def _wake_runs() -> int:
    """Wake workers for runs with bindings that wait for their preparation."""
    waiting = Run.objects.filter(
        state=RunState.RUNNING,
        bindings__prepared=False,
        bindings__state__in=CLAIMABLE,
        bindings__due_at__lte=clock.now(),
    ).distinct()
    for run in waiting:
        waking.wake("run", run.pk, times=2)
    return len(waiting)
