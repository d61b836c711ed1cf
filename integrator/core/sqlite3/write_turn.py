"""The turn to write to a SQLite file: its writers queue, over all threads and processes.

SQLite has one writer at a time, and whoever finds it taken sleeps and tries again, up to a tenth of
a second each time: most of what busy workers did was to wait so, while nobody wrote. A queue hands
the turn on at once. It guards nothing: SQLite still does that.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path

_threads: dict[str, threading.Lock] = {}
_threads_lock = threading.Lock()


def _after_fork() -> None:
    global _threads_lock  # noqa: PLW0603 - whoever held them is not in this process
    _threads_lock = threading.Lock()
    _threads.clear()


os.register_at_fork(after_in_child=_after_fork)


class WriteTurn:
    """One connection's place in the queue of the writers to the file at this path.

    The threads of a process queue among themselves first, so that one of them at most waits for
    other processes, by a lock on a file beside the database (released when the process dies).
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None
        self._held: threading.Lock | None = None

    @property
    def is_ours(self) -> bool:
        """Whether this connection may write now."""
        return self._held is not None

    def take(self, timeout: float) -> bool:
        """Wait for the turn; False: the threads of this process did not hand it on in time."""
        with _threads_lock:
            threads = _threads.setdefault(self._path, threading.Lock())
        if not threads.acquire(timeout=timeout):
            return False
        self._held = threads
        try:
            if self._file is None:
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                self._file = os.open(f"{self._path}-writers", flags, 0o600)
            # Where files cannot be locked, SQLite's own way of waiting has to do.
            with suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_EX)
        except BaseException:
            self.give_back()
            raise
        return True

    def give_back(self) -> None:
        """Hand the turn on; nothing where it is not ours."""
        held, self._held = self._held, None
        if held is None:
            return
        if self._file is not None:
            with suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_UN)
        held.release()

    def close(self) -> None:
        """Hand the turn on and close the file."""
        self.give_back()
        if self._file is not None:
            os.close(self._file)
            self._file = None


def of_database(name: object) -> WriteTurn | None:
    """The turn for this database's file; None: it lies in memory, for one process alone."""
    path = str(name)
    if ":memory:" in path or "mode=memory" in path:
        return None
    return WriteTurn(str(Path(path).resolve()))
