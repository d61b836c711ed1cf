"""The wait for a run (``--wait``): until nothing in it can move without a person."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from django.db import OperationalError, connection
from django.db.models import Q
from django.utils.translation import gettext as _

from integrator.bindings.operator import guided, report
from integrator.maintenance import health
from integrator.models import Binding, Window
from integrator.models.states import CLAIMABLE, BindingState, RunState
from integrator.runs import run_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrator.models import Run

POLL_SECONDS = 0.5
DEAD_SECONDS = 60.0
"""Without any live worker for so long the wait ends: nobody would move the run."""

_NEEDS_PERSON = Q(held=True, held_until=None) | guided.ASKS
"""Windows in which nothing moves before a person decides."""

_never = threading.Event()


def wait_for(run: Run, note: Callable[[str], None]) -> bool:
    """Wait for the run; ``note`` gets its progress whenever that changes.

    True: nothing can move without a person. False: no worker has been alive for a minute.
    """
    shown: dict[str, int] = {}
    waits: list[str] = []
    alive_at = time.monotonic()
    while _still_moving(run):
        progress = report.progress(run)
        if progress.by_state != shown:
            note(_text(run, progress))
            shown = progress.by_state
        if (present := report.waits(run)) != waits:
            for one in present:
                note(_("%(run)s waits: %(what)s") % {"run": run, "what": one})
            waits = present
        if health.health().workers:
            alive_at = time.monotonic()
        elif time.monotonic() - alive_at > DEAD_SECONDS:
            note(_("No worker is running; start “manage.py up”. The run goes on by itself then."))
            return False
        _never.wait(POLL_SECONDS)
    # Whoever closed its last window is about to say so; what is printed must not be older.
    run_state.finish_if_over(run)
    note(_text(run, report.progress(run)))
    return True


def _still_moving(run: Run) -> bool:
    """Whether to go on waiting; a database that restarts meanwhile is waited for as well.

    Raises OperationalError when it does not come back within a minute.
    """
    deadline = time.monotonic() + DEAD_SECONDS
    while True:
        try:
            return is_moving(run)
        except OperationalError:
            connection.close()
            if time.monotonic() > deadline:
                raise
            _never.wait(POLL_SECONDS)


def is_moving(run: Run) -> bool:
    """Whether anything in the run can still change without a person.

    A paused or cancelled run moves on until its open windows are restored; a held window waits
    for a person.
    """
    run.refresh_from_db(fields=["state"])
    bindings = Binding.objects.filter(run=run)
    if run.state == RunState.RUNNING and run_state.can_move(run):
        return not _only_held(run)
    if bindings.filter(state=BindingState.RUNNING).exists():
        return True
    windows = Window.objects.open().filter(bindings__run=run)
    return windows.exclude(_NEEDS_PERSON).exists()


def _only_held(run: Run) -> bool:
    """Whether all that could move waits for windows that a person must decide on."""
    moving = Binding.objects.moving().filter(run=run)
    held = Window.objects.open().filter(_NEEDS_PERSON).values("plan_id")
    return not moving.exclude(plan_id__in=held, state__in=CLAIMABLE).exists()


def _text(run: Run, now: report.Progress) -> str:
    done = now.by_state.get(BindingState.DONE, 0)
    bad = now.by_state.get(BindingState.FAILED, 0)
    undecided = now.by_state.get(BindingState.UNDECIDED, 0)
    text = _("%(run)s: %(done)d of %(total)d done, %(failed)d failed, %(undecided)d undecided") % {
        "run": run,
        "done": done,
        "total": now.total,
        "failed": bad,
        "undecided": undecided,
    }
    told = (text, now.estimate.words, now.estimate.persons_words)
    return ", ".join(part for part in told if part)


def all_well(run: Run) -> bool:
    """Whether every binding of the run is done."""
    return not Binding.objects.filter(run=run).exclude(state=BindingState.DONE).exists()
