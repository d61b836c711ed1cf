"""Session ids of panels, in memory only, shared by the threads of a process.

A panel's session lives for an hour after its last request (billmanager.md 1.2). When it is gone
every thread notices at about the same time; one of them logs in and the others take its result,
be it a session or a refusal: hundreds of threads with a wrong password must not become hundreds of
failed logins, which panels answer with a ban.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from panels.coremanager.errors import LoginRefused, PanelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from panels.http.endpoint import Login

Key = tuple[str, "Login"]


class _Entry:
    __slots__ = ("failed_at", "failure", "lock", "session", "tries")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.session: str | None = None
        self.tries = 0
        self.failure: PanelError | None = None
        self.failed_at = 0.0


class SessionIds:
    """Keeps one session id per (endpoint address, login).

    `hold` is for how many seconds a refused login is remembered and not tried again.
    """

    def __init__(self, *, hold: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._hold = hold
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[Key, _Entry] = {}

    def __repr__(self) -> str:
        """Never show a session id."""
        return f"SessionIds({len(self._entries)})"

    def get(self, key: Key) -> str | None:
        """Give the session id to use; None when nobody has logged in yet."""
        entry = self._entries.get(key)
        return None if entry is None else entry.session

    def renew(self, key: Key, stale: str | None, log_in: Callable[[], str]) -> str:
        """Give a session id that is not `stale`, logging in when nobody else did meanwhile.

        Raises what `log_in` raises. A thread that waited for another one's login shares its
        failure; a refusal is shared for `hold` seconds.
        """
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
        seen = entry.tries
        with entry.lock:
            if entry.session is not None and entry.session != stale:
                return entry.session
            if entry.failure is not None and (
                entry.tries != seen or self._still_refused(entry, entry.failure)
            ):
                raise entry.failure.again()
            entry.tries += 1
            entry.session, entry.failure = None, None
            try:
                entry.session = log_in()
            except PanelError as failure:
                entry.failure, entry.failed_at = failure.again(), self._clock()
                raise
            return entry.session

    def _still_refused(self, entry: _Entry, failure: PanelError) -> bool:
        return isinstance(failure, LoginRefused) and self._clock() - entry.failed_at < self._hold


SHARED = SessionIds()
"""The process's own store, used where a transport is given no other."""
