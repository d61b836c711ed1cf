"""The three roles of an installation, each as one program."""

from __future__ import annotations

import os
import signal
import sys
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

from django.conf import settings

from integrator.core.env import BASE_DIR
from integrator.supervisor import liveness
from integrator.supervisor.child import Program

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLES = ("web", "worker", "beat")
# A worker that was asked to stop finishes the step it is in; after this its lease runs out instead.
WORKER_STOP_LIMIT = 10.0


def web(port: int) -> Program:
    """The pages, ready when /healthz answers."""
    return Program(
        name="web",
        command=(
            *(sys.executable, "-m", "gunicorn", "integrator.wsgi:application"),
            *("--config", "python:integrator.supervisor.gunicorn_config"),
            *("--bind", f"{settings.BIND}:{port}", "--threads", str(settings.WEB_THREADS)),
        ),
        environ=environ(),
        ready=lambda: is_healthy(port),
        ready_limit=60,
        # Longer than gunicorn itself gives a worker that is stuck (gunicorn_config.py).
        silence_limit=2 * liveness.MAX_SILENCE,
    )


def worker(number: int | None = None) -> Program:
    """One worker process; `number` distinguishes several on one machine."""
    name = "worker" if number is None else f"worker{number}"
    return Program(
        name=name,
        command=(
            *(sys.executable, "-m", "celery", "--quiet", "--app", "integrator.celery"),
            *("worker", "--hostname", f"{name}@%h"),
            # Workers here share a database, not their views of each other.
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ),
        # By this name pages and `--wait` see that somebody works (integrator/core/heartbeat.py).
        # `up` has checked all; the checks would load the pages, which a worker never shows.
        environ={**environ(), "INTEGRATOR_ROLE": "worker", "CELERY_SKIP_CHECKS": "1"},
        stop_limit=WORKER_STOP_LIMIT,
        silence_limit=liveness.MAX_SILENCE,
        dump_signal=liveness.DUMP_SIGNAL,
        # Told to stop politely it would wait for its steps; nobody is left to wait for it.
        orphan_signal=signal.SIGKILL,
    )


def beat() -> Program:
    """The clock that wakes the sweep; there must be one of it."""
    return Program(
        name="beat",
        command=(sys.executable, "-m", "integrator.supervisor.beat"),
        environ=environ(),
        silence_limit=liveness.MAX_SILENCE,
        dump_signal=liveness.DUMP_SIGNAL,
    )


def is_healthy(port: int) -> bool:
    """Whether the pages answer on this machine, asked under a name that they accept."""
    host = settings.ALLOWED_HOSTS[0].lstrip("*.") if settings.ALLOWED_HOSTS else ""
    everywhere = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "[::]": "::1"}  # noqa: S104 - compares, does not bind
    address = everywhere.get(settings.BIND, settings.BIND.strip("[]"))
    asking = HTTPConnection(address, port, timeout=2)
    try:
        asking.request("GET", "/healthz", headers={"Host": host or "localhost"})
        return asking.getresponse().status == 200  # noqa: PLR2004 - HTTP's own number
    except (OSError, HTTPException):
        return False
    finally:
        asking.close()


def environ() -> Mapping[str, str]:
    """The variables that every program of ours gets beside the environment of `up`."""
    paths = [str(BASE_DIR), os.environ.get("PYTHONPATH", "")]
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "VAR_DIR": str(settings.VAR_DIR),
        "DJANGO_SETTINGS_MODULE": "integrator.settings",
        "LOG_LEVEL": settings.LOG_LEVEL,
        "LOG_FORMAT": settings.LOG_FORMAT,
        "PYTHONUNBUFFERED": "1",
        # Else each of the many threads may keep a heap of its own.
        "MALLOC_ARENA_MAX": "2",
    }
