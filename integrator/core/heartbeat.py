"""The identity of this process, and the one thread that extends its leases.

Every lease (on a binding, a window, a slot of a panel's limit) is a token and an expiry in the
database. A process that works extends all of its leases together, a few times per lease time;
one that died or was paused stops doing so, and its leases run out.
"""

from __future__ import annotations

import atexit
import itertools
import os
import secrets
import socket
import sys
import threading
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import Error, connections

from integrator.core import clock
from integrator.models import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger(__name__)

OFTEN = 0.1
"""Seconds between two calls of a duty that cannot wait."""

_counter = itertools.count(1)
_lock = threading.Lock()
_token: tuple[int, str] | None = None
_thread: Heartbeat | None = None


def process_token() -> str:
    """The unguessable name of this process; a forked child gets its own."""
    global _token  # noqa: PLW0603 - one identity per process
    with _lock:
        if _token is None or _token[0] != os.getpid():
            _token = (os.getpid(), secrets.token_hex(8))
        return _token[1]


def new_lease_token() -> str:
    """A token for one lease; never used twice."""
    return f"{process_token()}-{next(_counter)}"


def role() -> str:
    """The role of this process (``web``, ``worker``, …), for the health page."""
    name = os.environ.get("INTEGRATOR_ROLE", "")
    return name or ("command" if "manage.py" in sys.argv[0] else "process")


class Heartbeat(threading.Thread):
    """Calls this process's duties several times per lease time.

    A duty is called with no arguments; it extends what it is responsible for in as few
    statements as it can. A database error in one does not keep the others from their turn: a
    lease that cannot be extended simply runs out, which is what leases are for. Those in ``often``
    are called each ``OFTEN`` seconds, and must mostly have nothing to do.
    """

    def __init__(self, interval: float) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self.pid = os.getpid()
        self.interval = interval
        self.duties: list[Callable[[], None]] = []
        self.often: list[Callable[[], None]] = []
        self.at_end: list[Callable[[], None]] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        """Call every duty at the interval until stopped, then what is to be done at the end."""
        due = clock.monotonic() + self.interval
        while not self.stopped.wait(min(OFTEN, self.interval)):
            for duty in list(self.often):
                _call(duty, "lease.not_exchanged")
            if clock.monotonic() < due:
                continue
            due = clock.monotonic() + self.interval
            for duty in list(self.duties):
                _call(duty, "lease.not_extended")
        for last in self.at_end:
            _call(last, "lease.not_released")
        connections.close_all()


def _call(duty: Callable[[], None], failed: str) -> None:
    try:
        duty()
    except Error as error:
        log.warning(failed, error=str(error))
        connections.close_all()


def add_duty(
    duty: Callable[[], None], *, at_end: Callable[[], None] | None = None, often: bool = False
) -> None:
    """Call ``duty`` several times per lease time from now on; added twice it is called once.

    ``often``: several times a second. ``at_end`` is called when this process ends, unless it is
    killed.
    """
    global _thread  # noqa: PLW0603 - one thread per process
    with _lock:
        dead = _thread is not None and _thread.ident is not None and not _thread.is_alive()
        if _thread is None or dead or _thread.pid != os.getpid() or _thread.stopped.is_set():
            _thread = Heartbeat(min(settings.LEASE_SECONDS / 4, 1.0))
            _thread.duties.append(_process_row_duty())
            _thread.start()
        duties = _thread.often if often else _thread.duties
        if duty not in duties:
            duties.append(duty)
            if at_end is not None:
                _thread.at_end.append(at_end)


@atexit.register
def stop() -> None:
    """Stop the thread and wait for it; leases that it does not release run out by themselves."""
    with _lock:
        running = _thread
    if running is not None and running.pid == os.getpid():
        running.stopped.set()
        running.join(10)


def _process_row_duty() -> Callable[[], None]:
    """The duty that writes this process's row, which shows that it is alive, per quarter lease."""
    last = [float("-inf")]

    def duty() -> None:
        if clock.monotonic() - last[0] < settings.LEASE_SECONDS / 4:
            return
        last[0] = clock.monotonic()
        now = clock.now()
        WorkerProcess.objects.update_or_create(
            token=process_token(),
            defaults={"seen_at": now},
            create_defaults={
                "role": role(),
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "started_at": now,
                "seen_at": now,
            },
        )

    return duty
