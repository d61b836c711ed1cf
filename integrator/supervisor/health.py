"""Whether one role works, for a container's health check.

`python -m integrator.supervisor.health web|worker|beat [PORT]` exits with 0 or 1.
"""

from __future__ import annotations

import os
import socket
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrator.settings")

from django.conf import settings

from integrator.core.env import BEAT_FILE
from integrator.supervisor import roles

PORT = 8000
SCHEDULE_AGE = 600.0  # beat writes its file every three minutes


def web() -> bool:
    """Whether the pages answer."""
    return roles.is_healthy(int(sys.argv[2]) if len(sys.argv) > 2 else PORT)  # noqa: PLR2004 - of arguments


def worker() -> bool:
    """Whether this machine's worker answers over the broker."""
    from kombu.exceptions import OperationalError  # noqa: PLC0415 - the other checks need none of it

    from integrator.celery import app  # noqa: PLC0415 - the same

    name = f"worker@{socket.gethostname()}"
    try:
        return bool(app.control.inspect(destination=[name], timeout=5).ping())
    except OperationalError:
        return False  # the broker cannot be reached


def beat() -> bool:
    """Whether beat has lately written down what it sent."""
    files = settings.VAR_DIR.glob(f"{BEAT_FILE}*")
    return any(time.time() - file.stat().st_mtime < SCHEDULE_AGE for file in files)


CHECKS = {"web": web, "worker": worker, "beat": beat}

if __name__ == "__main__":
    sys.exit(0 if CHECKS[sys.argv[1]]() else 1)
