"""The sweep: every few seconds it wakes what is due and takes back expired leases.

It re-wakes, it never runs anything itself; so a doubled sweep is harmless, and whatever message
was lost is made up for.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models import Count, F, Q

from integrator.bindings.operator import actions, client_creation
from integrator.bindings.work import worker_deaths
from integrator.core import clock, prepared
from integrator.maintenance import wake_ups
from integrator.models import Binding, Run, Window
from integrator.models.states import CLAIMABLE, MOVING, BindingState, Phase, RunState
from integrator.runs import cohorts, pauses, run_state
from integrator.windows import members
from integrator.windows.post_checks import plan_recheck

MOST_WAKES = 8
LANE = "lane"
"""What a binding waits for while another one of its client is undecided."""

_OPEN = Window.objects.exclude(phase=Phase.CLOSED)
_LAPSED = prepared.Update(
    lambda now: _OPEN.filter(lease_expires_at__lt=now), deaths=F("deaths") + 1
)
_QUIET = prepared.Update(
    lambda quiet: _OPEN.filter(due_at=None, lease_token="", phase_at__lt=quiet).exclude(
        bindings__state=BindingState.RUNNING
    )
)
_READY = prepared.Values(
    lambda now: _OPEN.annotate(
        ready=Count("bindings", filter=Q(bindings__state__in=CLAIMABLE, bindings__due_at__lte=now)),
        busy=Count("bindings", filter=Q(bindings__state=BindingState.RUNNING)),
    ).values_list("pk", "phase", "due_at", "ready", "busy")
)
_EXPIRED = prepared.Select[Binding](
    lambda now: Binding.objects.filter(state=BindingState.RUNNING, lease_expires_at__lt=now)[:500]
)
_UNPREPARED = prepared.Values(
    lambda now: (
        Run.objects.filter(
            state=RunState.RUNNING,
            bindings__prepared=False,
            bindings__state__in=CLAIMABLE,
            bindings__due_at__lte=now,
        )
        .distinct()
        .values_list("pk")
    )
)
_STILL_OPEN = prepared.Select[Run](
    lambda: Run.objects.filter(state__in=[RunState.RUNNING, RunState.UNDECIDED])
)
_CANCELLED = prepared.Select[Run](
    lambda: Run.objects.filter(state=RunState.CANCELLED, bindings__state__in=CLAIMABLE).distinct()
)
_OVER = prepared.Select[Run](
    lambda: Run.objects.filter(
        state__in=[RunState.FINISHED, RunState.UNDECIDED], bindings__state__in=MOVING
    ).distinct()
)
_LEFT_OVER = prepared.Select[Binding](
    lambda: Binding.objects.filter(state__in=CLAIMABLE, window__phase=Phase.CLOSED).exclude(
        waiting_for=members.RESTORE
    )[:500]
)
_BEHIND = prepared.Update(
    lambda: run_state.behind_undecided().exclude(waiting_for=LANE), version=F("version") + 1
)
_NOT_BEHIND = prepared.Update(
    lambda: Binding.objects.filter(state__in=CLAIMABLE, waiting_for=LANE).exclude(
        pk__in=run_state.behind_undecided().values("pk")
    ),
    version=F("version") + 1,
)


def sweep() -> dict[str, int]:
    """One round; how much of each kind it found."""
    pauses.pause_stopped()
    _name_lanes()
    _mend()
    found = {
        "leases": take_back_leases(),
        "windows": _wake_windows(),
        "runs": _wake_runs(),
        "drawn": cohorts.draw_all(),
        "rechecked": plan_recheck.due(),
        "new_clients": client_creation.wake_due(),
    }
    for run in _STILL_OPEN.run():
        run_state.finish_if_over(run)
    for run in _CANCELLED.run():
        actions.cancel_at_border(run)
    return found


def take_back_leases() -> int:
    """Bindings whose worker died wait again, or are given up after several deaths; how many."""
    return sum(worker_deaths.take_back(binding) for binding in _EXPIRED.run(now=clock.now()))


def _wake_windows() -> int:
    """Wake workers for windows that are due, and for those with bindings nobody takes."""
    now = clock.now()
    _LAPSED.run({"lease_token": "", "lease_expires_at": None, "due_at": now}, now=now)
    # One that nobody drives and nothing will wake is looked at after a lease time at the latest.
    quiet = now - dt.timedelta(seconds=settings.LEASE_SECONDS)
    _QUIET.run({"due_at": now}, quiet=quiet)
    woken = 0
    for window, phase, due_at, ready, busy in _READY.run(now=now):
        times = 1 if due_at is not None and due_at <= now else 0
        if phase in (Phase.ORDERS, Phase.TASKS):
            times = max(times, min(ready, MOST_WAKES - busy))
        if times > 0:
            wake_ups.wake("window", window, times=times)
            woken += 1
    return woken


def _mend() -> None:
    """Put right what two changes at the same moment can leave where nothing would move it."""
    for binding in _LEFT_OVER.run():
        members.leave(binding, why="its window has closed")
    for run in _OVER.run():
        if run_state.can_move(run):
            run_state.reopen(run.pk, why="one of its bindings moves")


def _name_lanes() -> None:
    """Say of bindings that wait for an undecided one of their client that they do."""
    _BEHIND.run({"waiting_for": LANE})
    _NOT_BEHIND.run({"waiting_for": members.WINDOW})


def _wake_runs() -> int:
    """Wake workers for runs with bindings that wait for their preparation."""
    waiting = _UNPREPARED.run(now=clock.now())
    for (run,) in waiting:
        wake_ups.wake("run", run, times=2)
    return len(waiting)
