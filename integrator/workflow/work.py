"""What a worker does when it is woken: serve one window, or prepare one run.

Many threads, processes and machines may look at the same window at once. Each takes the next
binding that is ready; whoever finds none left to take drives the window on.
"""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
from django.db import Error as DatabaseError
from django.db.models import Exists, OuterRef, Q

from integrator import clock
from integrator.models import Binding, Intent, Run, Window
from integrator.models.states import UNSETTLED, Outcome, Phase, RunState
from integrator.panel_access import connect, journal
from integrator.steps import VERSIONS
from integrator.workflow import (
    attempts,
    closing,
    engine,
    ordering,
    password_tries,
    preparing,
    runs,
    waking,
)
from integrator.workflow.engine import Claim, LeaseLostError
from integrator.workflow.windows import lease, members
from integrator.workflow.windows.drive import drive
from panels.errors import PanelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = structlog.get_logger(__name__)

VERSION_WAIT = 5.0
"""Seconds after which a binding that this code does not know is offered again."""

BUDGET = 20.0
"""Seconds after which a woken worker hands back, so that other messages get their turn too."""


def look_at_window(window_id: int, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Serve this window until nothing is left to do in it now."""
    deadline = clock.monotonic() + BUDGET
    served = False
    while clock.monotonic() < deadline and not stop():
        if _serve_one(window_id):
            served = True
            continue
        if served:
            lease.due(window_id)
            served = False
        if not drive(window_id) and not _is_due(window_id):
            return


def _is_due(window_id: int) -> bool:
    return (
        Window.objects.filter(pk=window_id, due_at__lte=clock.now(), lease_token="")
        .exclude(phase=Phase.CLOSED)
        .exists()
    )


def _serve_one(window_id: int) -> bool:
    """Take one binding of this window that is ready, and work on it; False: there is none."""
    window = Window.objects.filter(pk=window_id).only("phase", "closing").first()
    if window is None:
        return False
    phase = Phase(window.phase)
    mine = Binding.objects.filter(_served(phase, closing=window.closing), window_id=window_id)
    if phase == Phase.ORDERS:
        claimed = engine.claim(mine.filter(step__in=members.MONEY_STEPS), lane=True)
        job = ordering.work
    elif phase == Phase.TASKS:
        claimed = engine.claim(mine.filter(step=7))
        job = closing.work
    else:
        return False
    if claimed is None:
        return False
    with _guarded(claimed):
        if not _known_version(claimed):
            # It stays in its window, for a worker that knows: the gate may need to see its order.
            due = clock.now() + dt.timedelta(seconds=VERSION_WAIT)
            attempts.wait(claimed, members.TURN, due_at=due, why="begun by a newer version")
        else:
            job(claimed, connect.billmanager())
    return True


def _served(phase: Phase, *, closing: bool) -> Q:
    """Which bindings a thread may take in this phase.

    Where nothing new may begin, those of which something was sent or may have been: somebody must
    find out, or the window could never close. New intents are refused there all the same.
    """
    begun = Intent.objects.filter(
        binding=OuterRef("pk"), outcome__in=[str(o) for o in (Outcome.DONE, *UNSETTLED)]
    )
    if closing:
        return Q(Exists(begun))
    return Q(run__state__in=attempts.MAY_GO_ON.get(phase, [])) | Q(Exists(begun))


@contextmanager
def _guarded(claimed: Claim) -> Iterator[None]:
    """Around the work on one claim: the journal, lost leases, and errors nobody foresaw.

    A database error is let through: the lease runs out and the sweep takes the binding back.
    """
    binding = claimed.binding
    about = journal.about(
        run_id=binding.run_id,
        binding_id=binding.pk,
        window_id=binding.window_id,
        step=binding.step,
        attempt=binding.attempts + 1,
    )
    with about:
        try:
            yield
        except LeaseLostError:
            log.info("lease.lost", binding=binding.pk)
        except PanelError as error:
            # No panel's error gets so far but one from connecting: nothing was sent.
            attempts.try_again(claimed, binding.step, error)
        except DatabaseError:
            raise
        except Exception:
            log.exception("binding.internal_error", binding=binding.pk)
            attempts.unexpected(claimed)
        finally:
            engine.let_go(claimed.token)


def _known_version(claimed: Claim) -> bool:
    """Whether the running code knows the version of the step that was begun."""
    steps = attempts.binding_steps(claimed.binding)
    begun = steps.get(claimed.binding.step)
    return begun is None or begun.code_version <= VERSIONS[begun.number]


def prepare_run(run_id: int, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Test or reset passwords of this run's bindings, before any window opens for them.

    Outside of the run's hours nothing is done; on a server where the next password may be tried
    only later, it is tried then.
    """
    deadline = clock.monotonic() + BUDGET
    run = Run.objects.select_related("preview").filter(pk=run_id).first()
    if run is None:
        return
    waiting = Binding.objects.filter(run=run, prepared=False, run__state=RunState.RUNNING)
    checks = run.preview.check_passwords
    while clock.monotonic() < deadline and not stop():
        if not runs.may_work(run, clock.now()):
            break
        ready = waiting.filter(password_tries.possible()) if checks else waiting
        claimed = engine.claim(ready)
        if claimed is None:
            break
        with _guarded(claimed):
            preparing.work(claimed)
    if checks and engine.claimable(waiting).exists():
        waking.wake_in("run", run.pk, password_tries.seconds_until_next(waiting))
    runs.finish_if_over(run)
