"""Liveness of a process of ours: signs of life from a thread that needs the interpreter to run.

A process that is stopped, or one of whose threads holds the interpreter for good, is there and does
nothing; signals that Python handles do not reach it either. Under `up` the sign is a byte through a
pipe (integrator/supervisor/loop.py watches it): it needs neither the database nor the broker, whose
slowness is nobody's fault here. A role that runs by itself has nobody to watch it: there the
interpreter's own watchdog, which needs no interpreter, writes down where each thread stands and
ends the process, and whoever runs it starts it anew.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PIPE = "INTEGRATOR_LIFE_FD"
"""Names the descriptor that signs are written to."""
DUMP_SIGNAL = signal.SIGRTMIN + 3
"""Before `up` ends a frozen process it sends this, and the process writes down where each of its
threads stands, without the interpreter. Celery and gunicorn have other uses for the usual ones."""
INTERVAL = 1.0
"""Seconds from one sign to the next."""
MAX_SILENCE = 60.0
"""Seconds without a sign after which a process counts as frozen. A second's work is asked of it, so
that neither a busy machine nor a slow database can keep it from that for so long."""


def start() -> None:
    """Start the thread that gives signs of life; called once in each process."""
    descriptor = os.environ.get(PIPE, "")
    if descriptor.isdecimal():
        faulthandler.register(DUMP_SIGNAL, file=sys.stderr, all_threads=True)
        give: Callable[[], bool] = partial(_write, int(descriptor))
    else:
        give = _restart_watchdog
    threading.Thread(target=_repeat, args=(give,), name="life", daemon=True).start()


def _repeat(give: Callable[[], bool]) -> None:
    """Give a sign at each interval until `give` returns False: nobody reads them any more."""
    pause = threading.Event()
    while give():
        pause.wait(INTERVAL)


def _write(descriptor: int) -> bool:
    try:
        os.write(descriptor, b".")
    except BlockingIOError:
        return True  # it is full: nobody has looked for a long time
    except OSError:
        return False
    return True


def _restart_watchdog() -> bool:
    """Restart the time after which the interpreter's watchdog ends the process."""
    faulthandler.dump_traceback_later(MAX_SILENCE, exit=True)
    return True
