"""Retries of reads where a person waits: a read changes nothing, so repeating it is safe.

One broken answer of a list shall not end a command. Workers do not wait here, in a thread: what
they may do later is written down with the time at which it is due.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import structlog

from integrator.panel_access import reachability
from panels.coremanager.errors import PanelError
from panels.http.transport import Measured, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from panels.coremanager.documents import Document
    from panels.http.row_stream import RowStream

log = structlog.get_logger(__name__)

PAUSES = (0.3, 1.0, 3.0)
"""Seconds before the second, third … try of a read."""

_enabled: ContextVar[bool] = ContextVar("repeated_reads", default=False)


@contextmanager
def repeated_reads() -> Iterator[None]:
    """Repeat reads made inside, by this thread, a few times where that may help."""
    token = _enabled.set(True)
    try:
        yield
    finally:
        _enabled.reset(token)


class RetryingTransport(Transport):
    """A transport whose reads are repeated inside ``repeated_reads``; effects never are."""

    def perform(
        self,
        form: dict[str, str],
        send_by: float | None,
        secret: Collection[str] = (),
        begin: Callable[[], RowStream] | None = None,
    ) -> Document:
        """Make a call, see `Transport.perform`; repeat a read that failed for a passing reason.

        Raises what the last try raised.
        """
        for pause in PAUSES if send_by is None and _enabled.get() else ():
            try:
                return super().perform(form, send_by, secret, begin)
            except PanelError as error:
                if not reachability.is_transient(error):
                    raise
                name = self.endpoint.name
                log.info("panel.read_again", panel=name, func=form["func"], why=str(error))
            time.sleep(pause)
        return super().perform(form, send_by, secret, begin)

    def measure(self) -> Measured:
        """Measure without retries: a call that had to be repeated measures nothing."""
        token = _enabled.set(False)
        try:
            return super().measure()
        finally:
            _enabled.reset(token)
