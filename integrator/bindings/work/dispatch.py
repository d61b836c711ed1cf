"""What a worker does when it is woken: serve one window, or prepare one run.

Many processes and machines may look at the same window at once. One thread of each takes bindings
that are ready, and more as it gets through; whoever finds none left to take drives the window on.
"""

from __future__ import annotations

import datetime as dt
import threading
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import Exists, OuterRef, Q

from integrator.bindings import claims, leases
from integrator.bindings.claims import Claim, LeaseLostError
from integrator.bindings.work import (
    attempts,
    order_and_payment,
    password_attempts,
    preparation,
    side_by_side,
    task_close,
    worker_deaths,
    writes,
)
from integrator.core import clock, heartbeat
from integrator.maintenance import wake_ups
from integrator.messages.message import say
from integrator.models import Binding, Intent, Run, Window
from integrator.models.states import Phase, RunState
from integrator.panel_access import call_log, panel_connections, transports
from integrator.panel_access.parallel import urgency
from integrator.runs import run_state
from integrator.steps import VERSIONS
from integrator.steps import step7_close_the_task as step7
from integrator.windows import guided_window, lease, members
from integrator.windows.driver import drive
from panels.coremanager.errors import PanelError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from integrator.bindings.work.side_by_side import Work
    from integrator.models.binding import BindingQuerySet
    from integrator.panel_access.parallel.urgency import Rank
    from panels.billmanager import BillManager

log = structlog.get_logger(__name__)

VERSION_WAIT = 5.0
"""Seconds after which a binding that this code does not know is offered again."""

MAX_TURN = 20.0
"""Seconds after which a woken worker hands back, so that other messages get their turn too."""

JOBS = {Phase.ORDERS: order_and_payment.work, Phase.TASKS: task_close.work}


def max_under_way() -> int:
    """How many bindings of a window one process works on at once at most."""
    return max(settings.WORKER_THREADS, 2 * claims.MAX_CLAIMED)


def _ready(window: Window) -> BindingQuerySet:
    """Which bindings of this window a thread may take in its phase.

    Where nothing new may begin, those of which something was sent or may have been: somebody must
    find out, or the window could never close. New intents are refused there all the same.
    """
    phase = Phase(window.phase)
    may = Q(Exists(Intent.objects.may_have_happened().filter(binding=OuterRef("pk"))))
    if not window.closing:
        may |= Q(run__state__in=writes.MAY_GO_ON[phase])
    steps = members.MONEY_STEPS if phase == Phase.ORDERS else (step7.NUMBER,)
    return Binding.objects.filter(may, window=window, step__in=steps)


def look_at_window(window_id: int, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Serve this window until nothing is left to do in it now."""
    deadline = clock.monotonic() + MAX_TURN

    def is_over() -> bool:
        return stop() or clock.monotonic() >= deadline

    served = False
    while not is_over():
        if _serve(window_id, is_over):
            served = True
            continue
        if served:
            lease.due(window_id)
            served = False
        # Asked first: a claim is a write, which others wait for, and most threads come in vain.
        if not lease.is_claimable(window_id):
            return
        drive(window_id)
    if served:
        # What was done may have been the last that it waited for: somebody else drives it on.
        lease.due(window_id)
        wake_ups.wake("window", window_id)


def _serve(window_id: int, is_over: Callable[[], bool]) -> bool:
    """Work on bindings of this window as long as some are ready.

    False: none is, or another thread of this process works on them, and takes up more by itself.
    """
    turn = _Turn(window_id, is_over)
    if not turn.begin():
        return False
    try:
        with call_log.about(window_id=window_id):
            side_by_side.run((), turn.take_up)
    finally:
        turn.end()
    return bool(turn.tokens)


_served: dict[tuple[str, int], _Turn] = {}
"""Who takes up bindings, by process and window."""
_served_lock = threading.Lock()


class _Turn:
    """One thread's work on bindings of a window, of which it takes up more as it gets through.

    ``tokens``: of all that were claimed; their leases are kept until what is under way has ended.
    """

    def __init__(self, window_id: int, is_over: Callable[[], bool]) -> None:
        self._window_id = window_id
        self._key = (heartbeat.process_token(), window_id)
        self._is_over = is_over
        self._look_at = float("-inf")
        self._suspect = False
        self._rank = urgency.FIRST
        self.tokens: set[str] = set()

    def begin(self) -> bool:
        """False: a turn of another thread of this process goes on."""
        with _served_lock:
            return _served.setdefault(self._key, self) is self

    def give_way(self) -> None:
        """From now on another thread may have its turn; a slow call may keep this one for long."""
        with _served_lock:
            if _served.get(self._key) is self:
                del _served[self._key]

    def end(self) -> None:
        """All that was taken up is through."""
        self.give_way()
        for token in self.tokens:
            leases.let_go(token)

    def take_up(self, under_way: int) -> list[Work[None]]:
        """Claim more where there is room beside those under way; the works on them."""
        if self._is_over():
            self.give_way()
            return []
        if under_way and not self._has_room(under_way):
            return []
        if not self._is_quiet(under_way):
            return []
        window = self._window()
        claims = [] if window is None else _claim(window, alone=not under_way)
        if window is None or not claims:
            self._look_at = clock.monotonic() + side_by_side.LOOK
            return []
        self._suspect = any(claimed.binding.deaths for claimed in claims)
        self.tokens.add(claims[0].token)
        phase = Phase(window.phase)
        self._rank = urgency.of_bindings(phase, window.pk)
        job, client = JOBS[phase], cache(panel_connections.billmanager)
        return [_work(claimed, job, client, self._rank) for claimed in claims]

    def _has_room(self, under_way: int) -> bool:
        """Whether more may be taken up; not beside one over which a worker has died."""
        room = max_under_way() - under_way
        if self._suspect or room < claims.MAX_CLAIMED:
            return False
        return clock.monotonic() >= self._look_at

    def _is_quiet(self, under_way: int) -> bool:
        """Whether calls of more would not only wait for a place; with none under way in a while."""
        limiter = transports.LIMITER
        if under_way:
            return not limiter.is_crowded(self._rank)
        while not limiter.wait_for_room(self._rank, side_by_side.LOOK):
            if self._is_over():
                return False
        return True

    def _window(self) -> Window | None:
        """The window, where its bindings may be worked on now."""
        looked_at = Window.objects.only("phase", "closing", "guided", "allowed")
        window = looked_at.filter(pk=self._window_id).order_by().first()
        if window is None or window.phase not in JOBS or guided_window.keeps_waiting(window):
            return None
        return window


def _claim(window: Window, *, alone: bool) -> list[Claim]:
    lane, most = window.phase == Phase.ORDERS, claims.MAX_CLAIMED
    return claims.claim(_ready(window), lane=lane, most=most, alone=alone)


def _work(
    claimed: Claim,
    job: Callable[[Claim, BillManager], Work[None]],
    client: Callable[[], BillManager],
    rank: Rank,
) -> Work[None]:
    with _guarded(claimed), urgency.ranked(rank):
        if not _known_version(claimed):
            # It stays in its window, for a worker that knows: the gate may need to see its order.
            due = clock.now() + dt.timedelta(seconds=VERSION_WAIT)
            attempts.wait(claimed, members.TURN, due_at=due, why=say("binding.newer"))
        else:
            yield from job(claimed, client())


@contextmanager
def _held(claims: Collection[Claim]) -> Iterator[None]:
    """Keep the lease on these bindings while they are worked on."""
    try:
        yield
    finally:
        for token in {claimed.token for claimed in claims}:
            leases.let_go(token)


@contextmanager
def _guarded(claimed: Claim) -> Iterator[None]:
    """Around the work on one claim: the journal, lost leases, and errors nobody foresaw.

    A database error is counted as the worker's death is, and let through.
    """
    binding = claimed.binding
    about = call_log.about(
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
        except DatabaseError as error:
            worker_deaths.refused_by_database(claimed, error)
            raise
        except Exception:
            log.exception("binding.internal_error", binding=binding.pk)
            attempts.unexpected(claimed)


def _known_version(claimed: Claim) -> bool:
    """Whether the running code knows the version of the step that was begun."""
    begun = claimed.steps.get(claimed.binding.step)
    return begun is None or begun.code_version <= VERSIONS[begun.number]


def prepare_run(run_id: int, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Test or reset passwords of this run's bindings, before any window opens for them.

    Outside of the run's hours nothing is done; on a server where the next password may be tried
    only later, it is tried then.
    """
    deadline = clock.monotonic() + MAX_TURN
    run = Run.objects.select_related("preview").filter(pk=run_id).first()
    if run is None:
        return
    waiting = Binding.objects.filter(run=run, prepared=False, run__state=RunState.RUNNING)
    checks = run.preview.check_passwords
    while clock.monotonic() < deadline and not stop():
        if not run_state.may_work(run, clock.now()):
            break
        may = password_attempts.possible(clock.now()) if checks else Q()
        claimed = claims.claim(waiting.filter(may))
        if not claimed:
            break
        with _held(claimed), _guarded(claimed[0]):
            preparation.work(claimed[0])
    if checks and waiting.claimable(clock.now()).exists():
        wake_ups.wake_in("run", run.pk, password_attempts.seconds_until_next(waiting))
    run_state.finish_if_over(run)
