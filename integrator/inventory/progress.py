"""The progress of a discovery, stored in ``Panel.discovery`` for pages and other processes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from integrator.core.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrator.messages.message import Message
    from integrator.models import Panel

WRITE_EVERY = 0.5  # seconds between two writes within one phase


class Progress:
    """Writes {"state", "phase", "done", "total", "started", …} of one discovery of one panel.

    ``state``: running, done or failed. ``total`` None: not known. What an earlier discovery kept
    under ``facts`` stays until this one has finished.
    """

    def __init__(self, panel: Panel, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._panel = panel
        self._monotonic = monotonic
        self._written = float("-inf")
        self._value: dict[str, Any] = {
            "state": "running",
            "phase": "",
            "done": 0,
            "total": None,
            "started": now().isoformat(),
            "facts": dict(panel.discovery.get("facts", {})),
        }

    def phase(self, name: str, total: int | None = None) -> None:
        """Begin a phase of ``total`` rows."""
        self._value.update(phase=name, done=0, total=total)
        self._write()

    def done(self, count: int) -> None:
        """Note so many rows of the phase as done; written at most twice a second."""
        self._value["done"] = count
        if self._monotonic() - self._written >= WRITE_EVERY:
            self._write()

    def finish(self, counts: dict[str, int], facts: dict[str, Any]) -> None:
        """Mark the discovery complete; ``facts`` are what it found beside the mirrors."""
        self._value.update(state="done", phase="", counts=counts, facts=facts)
        self._panel.discovered_at = now()
        self._write("discovered_at")

    def fail(self, why: Message) -> None:
        """Mark the discovery as failed, and why."""
        self._value.update(state="failed", error=why.to_json())
        self._write()

    def _write(self, *more: str) -> None:
        self._written = self._monotonic()
        self._panel.discovery = dict(self._value)
        self._panel.save(update_fields=["discovery", *more])
