"""VAR_DIR as `up` needs it: private, one `up` at a time, either a demo's or not."""

from __future__ import annotations

import fcntl
import os
import socket
import threading
import time
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from integrator.core.env import DEMO_FILE
from integrator.core.keys import private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

# After `up` was killed with -9 what it ran needs a moment to notice.
PATIENCE = 8.0


class RefusedError(Exception):
    """`up` cannot start as asked, and nothing was changed; the message says what to do."""


@contextmanager
def only_one(var_dir: Path) -> Iterator[None]:
    """Hold `var_dir` for this process. Raises RefusedError when another `up` holds it.

    The lock ends with the process, however that ends, and is not inherited by its children.
    """
    private_folder(var_dir)
    for file in var_dir.iterdir():
        if file.is_file() and not file.is_symlink():
            file.chmod(file.stat().st_mode & 0o700)  # an earlier version left some to be read
    descriptor = os.open(var_dir / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode().strip() or "unknown"
            raise RefusedError(
                f"Another `up` (process {holder}) already runs on {var_dir}."
                " Stop it first, or give this one its own VAR_DIR and --port."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def check_kind(*, demo: bool) -> None:
    """Keep a demo and a real installation apart. Raises RefusedError when they would mix."""
    is_demo = (settings.VAR_DIR / DEMO_FILE).exists()
    if demo and connection.vendor != "sqlite":
        raise RefusedError("The demo keeps its own SQLite file: unset DATABASE_URL for --demo.")
    if demo and not is_demo and (settings.VAR_DIR / "integrator.sqlite3").exists():
        raise RefusedError(
            f"{settings.VAR_DIR} holds an installation that is no demo:"
            " give --demo its own VAR_DIR."
        )
    if is_demo and not demo:
        raise RefusedError(
            f"{settings.VAR_DIR} holds the demo, whose settings are not safe for real panels:"
            " add --demo, or give another VAR_DIR."
        )


def check_port(host: str, port: int) -> None:
    """Raise RefusedError when `port` cannot be listened on."""
    if not eventually(lambda: is_free(host, port)):
        raise RefusedError(f"Port {port} of {host} is in use: choose another with --port.")


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trying:
        trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trying.bind((host.strip("[]"), port))
        except OSError:
            return False
        return True


def first_free(host: str, candidates: Iterable[int], count: int) -> list[int]:
    """The first `count` of these ports at which a server could listen now, fewer if no more."""
    return list(islice((port for port in candidates if is_free(host, port)), count))


def eventually(holds: Callable[[], bool], patience: float = PATIENCE) -> bool:
    """Ask until `holds()`, at most `patience` seconds. Returns whether it held in the end."""
    limit = time.monotonic() + patience
    pause = threading.Event()  # never set: a wait that a signal can end
    while not holds():
        if time.monotonic() > limit:
            return False
        pause.wait(0.1)
    return True
