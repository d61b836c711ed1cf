"""Sends wake-ups. They carry one id and mean “look at this row”; losing one harms nothing.

The workflow does not know Celery: whoever does (``integrator.tasks``) registers how to send.
"""

from __future__ import annotations

import heapq
import threading
import time
from typing import TYPE_CHECKING

from django.db import transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    Send = Callable[[int], None]

MAX_DELAY = 30.0
"""Seconds; a wake-up that is due later is left to the sweep."""

_senders: dict[str, Send] = {}


def register(kind: str, send: Send) -> None:
    """Send wake-ups of this kind (``window`` or ``run``) with ``send``."""
    _senders[kind] = send


def wake(kind: str, row_id: int, times: int = 1) -> None:
    """Once the present transaction is committed, wake up to ``times`` workers for this row."""
    transaction.on_commit(lambda: _send(kind, row_id, times))


def wake_in(kind: str, row_id: int, seconds: float) -> None:
    """Once the present transaction is committed, wake a worker after so many seconds.

    Kept in this process alone: should it die, the sweep wakes the row, a second or two later.
    """
    if seconds <= MAX_DELAY:
        transaction.on_commit(lambda: _timer.set(kind, row_id, seconds))


def _send(kind: str, row_id: int, times: int) -> None:
    sender = _senders.get(kind)
    if sender is not None:
        for _ in range(times):
            sender(row_id)


class _Timer:
    """Sends wake-ups when they are due, from one thread that runs while there are any."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, str, int]] = []
        self._running = False

    def set(self, kind: str, row_id: int, seconds: float) -> None:
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, kind, row_id))
            if self._running:
                self._changed.notify()
                return
            self._running = True
            threading.Thread(target=self._run, name="wake-up-timer", daemon=True).start()

    def _run(self) -> None:
        sent = False
        try:
            while (due := self._next()) is not None:
                _send(*due, 1)
            sent = True
        finally:
            if not sent:  # whatever it was, the next wake-up starts a thread of its own
                with self._changed:
                    self._running = False

    def _next(self) -> tuple[str, int] | None:
        """Wait for the next wake-up that is due; None: there are none left, and we are over."""
        with self._changed:
            while self._due:
                at, kind, row_id = self._due[0]
                left = at - time.monotonic()
                if left <= 0:
                    heapq.heappop(self._due)
                    return kind, row_id
                self._changed.wait(left)
            self._running = False
            return None


_timer = _Timer()
