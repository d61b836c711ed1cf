"""The sweep: every few seconds it wakes what is due and reclaims expired leases.

It re-wakes, it never runs anything itself; so a doubled sweep is harmless, and whatever message
was lost is made up for.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models import Count, F, Q

from integrator.bindings import claims
from integrator.bindings.operator import cancellation, client_creation
from integrator.bindings.work import worker_deaths
from integrator.core import clock
from integrator.maintenance import wake_ups
from integrator.messages.message import say
from integrator.models import Binding, Preview, Run, Window
from integrator.models.states import CLAIMABLE, MOVING, BindingState, Phase, RunState
from integrator.runs import cohorts, pauses, run_state
from integrator.windows import members
from integrator.windows.post_checks import closed_window

MAX_REPAIRED = 500
"""Bindings of each kind that one round puts right; others come in the next."""


def sweep() -> dict[str, int]:
    """Do one round; the number of rows of each kind that were woken or reclaimed."""
    pauses.pause_stopped()
    _mark_lanes()
    _repair()
    found = {
        "leases": reclaim_leases(),
        "windows": _wake_windows(),
        "runs": _wake_runs(),
        "drawn": cohorts.draw_all(),
        "rechecked": closed_window.due(),
        "new_clients": client_creation.wake_due(),
        "previews": _wake_previews(),
    }
    for run in Run.objects.filter(state__in=[RunState.RUNNING, RunState.UNDECIDED]):
        run_state.finish_if_over(run)
    cancelled = Run.objects.filter(state=RunState.CANCELLED, bindings__state__in=CLAIMABLE)
    for run in cancelled.distinct():
        cancellation.at_border(run)
    return found


def reclaim_leases() -> int:
    """Let bindings whose worker died wait again, or give up one after several deaths; how many."""
    expired = Binding.objects.filter(state=BindingState.RUNNING, lease_expires_at__lt=clock.now())
    return sum(worker_deaths.take_back(binding) for binding in expired[:MAX_REPAIRED])


def _wake_windows() -> int:
    """Wake workers for windows that are due, and for those with bindings nobody takes."""
    now = clock.now()
    windows = Window.objects.open()
    windows.filter(lease_expires_at__lt=now).update(
        deaths=F("deaths") + 1, lease_token="", lease_expires_at=None, due_at=now
    )
    # One that nobody drives and nothing will wake is looked at after a lease time at the latest.
    quiet = now - dt.timedelta(seconds=settings.LEASE_SECONDS)
    windows.filter(due_at=None, lease_token="", phase_at__lt=quiet).exclude(
        bindings__state=BindingState.RUNNING
    ).update(due_at=now)
    ready = Q(bindings__state__in=CLAIMABLE, bindings__due_at__lte=now)
    counted = windows.annotate(
        ready=Count("bindings", filter=ready),
        busy=Count("bindings", filter=Q(bindings__state=BindingState.RUNNING)),
    ).values_list("pk", "phase", "due_at", "ready", "busy")
    woken = 0
    for window, phase, due_at, claimable, busy in counted:
        times = 1 if due_at is not None and due_at <= now else 0
        if phase in (Phase.ORDERS, Phase.TASKS):
            at_work = busy // claims.MAX_CLAIMED
            times = max(times, claims.threads_for(claimable) - at_work)
        if times > 0:
            wake_ups.wake("window", window, times=times)
            woken += 1
    return woken


def _repair() -> None:
    """Put right what two changes at the same moment can leave where nothing would move it."""
    left = Binding.objects.unclaimed().filter(window__phase=Phase.CLOSED)
    for binding in left.exclude(waiting_for=members.RESTORE)[:MAX_REPAIRED]:
        members.leave(binding, why=say("binding.window_closed"))
    over = Run.objects.filter(state__in=[RunState.FINISHED, RunState.UNDECIDED])
    for run in over.filter(bindings__state__in=MOVING).distinct():
        if run_state.can_move(run):
            run_state.reopen(run.pk, why=say("run.moves"))


def _mark_lanes() -> None:
    """Set what bindings wait for where another one of their client is undecided."""
    behind = run_state.behind_undecided()
    named = Binding.objects.unclaimed().filter(waiting_for=members.LANE)
    changed = F("version") + 1
    behind.exclude(waiting_for=members.LANE).update(waiting_for=members.LANE, version=changed)
    named.exclude(pk__in=behind.values("pk")).update(waiting_for=members.WINDOW, version=changed)


def _wake_previews() -> int:
    """Wake workers for previews that nobody makes, or starts."""
    now = clock.now()
    found = {"preview": Preview.objects.to_make(now), "start": Preview.objects.to_start(now)}
    woken = 0
    for kind, rows in found.items():
        for preview in rows.values_list("pk", flat=True):
            wake_ups.wake(kind, preview)
            woken += 1
    return woken


def _wake_runs() -> int:
    """Wake workers for runs with bindings that wait for their preparation."""
    unprepared = Binding.objects.claimable(clock.now()).filter(
        prepared=False, run__state=RunState.RUNNING
    )
    waiting = unprepared.order_by().values_list("run", flat=True).distinct()
    for run in waiting:
        wake_ups.wake("run", run, times=2)
    return len(waiting)
