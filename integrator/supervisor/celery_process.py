"""The worker and the beat process: `python -m integrator.supervisor.celery_process worker NAME`.

Celery's own command line does the same, but brings a shell, a completer and a dozen commands into
each process: a quarter of a second and several MB that nobody uses here.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, NoReturn

from celery.beat import Service
from django.conf import settings

from integrator.celery import app
from integrator.core import logs
from integrator.supervisor import life

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


def worker(name: str) -> int:
    """Work until told to stop; returns an exit status."""
    process = app.Worker(
        hostname=f"{name}@{socket.gethostname()}",
        quiet=True,
        # Workers here share a database, not their views of each other.
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    process.start()
    return int(process.exitcode or 0)


def beat() -> int:
    """Wake the sweep until told to stop; needs the broker alone, neither tasks nor tables."""
    signal.signal(signal.SIGTERM, _leave)
    logs.configure(settings.LOGGING)
    Service(app).start()
    return 0


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """End here and now: an exception may strike where one is swallowed, or while a lock is taken.

    Nothing of beat's is worth keeping: the file that says what was sent is made anew when broken.
    """
    os._exit(0)


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments name."""
    life.show()
    if arguments[0] == "worker":
        return worker(arguments[1])
    return beat()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
