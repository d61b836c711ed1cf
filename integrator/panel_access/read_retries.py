"""Reads that are repeated where a person waits: nothing was sent, so asking again is safe.

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

_asked: ContextVar[bool] = ContextVar("repeated_reads", default=False)


@contextmanager
def repeated_reads() -> Iterator[None]:
    """Have reads made inside, by this thread, repeated a few times where that may help."""
    token = _asked.set(True)
    try:
        yield
    finally:
        _asked.reset(token)


class PatientTransport(Transport):
    """A transport whose reads are repeated inside ``repeated_reads``; effects never are."""

    def perform(
        self,
        form: dict[str, str],
        send_by: float | None,
        secret: Collection[str] = (),
        begin: Callable[[], RowStream] | None = None,
    ) -> Document:
        """Make a call, see `Transport.perform`; a read that may succeed a moment later once more.

        Raises what the last try of it raised.
        """
        for pause in PAUSES if send_by is None and _asked.get() else ():
            try:
                return super().perform(form, send_by, secret, begin)
            except PanelError as error:
                if not reachability.may_pass(error):
                    raise
                name = self.endpoint.name
                log.info("panel.read_again", panel=name, func=form["func"], why=str(error))
            time.sleep(pause)
        return super().perform(form, send_by, secret, begin)

    def measure(self) -> Measured:
        """As any transport does: a call that had to be repeated measures nothing."""
        token = _asked.set(False)
        try:
            return super().measure()
        finally:
            _asked.reset(token)
