"""Reads that are repeated where a person waits: nothing was sent, so asking again is safe.

One broken answer of a list shall not end a command. Workers do not wait here, in a thread: what
they may do later is written down with the time at which it is due.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

import structlog

from integrator.panel_access import reach
from panels.errors import PanelError
from panels.transport import Measured, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from panels.documents import Document
    from panels.listing import Listing, Row

R = TypeVar("R")
T = TypeVar("T")

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


class RepeatingTransport(Transport):
    """A transport whose reads are repeated inside ``repeated_reads``; effects never are."""

    def read(
        self,
        func: str,
        params: Mapping[str, str | int] | None = None,
        *,
        su: str | int | None = None,
        devel: bool = False,
    ) -> Document:
        """Call a list or a form.

        Raises what the last try of it raised.
        """
        once = super().read
        return self._again(func, lambda: once(func, params, su=su, devel=devel))

    def read_rows(
        self,
        func: str,
        params: Mapping[str, str | int] | None = None,
        *,
        make: Callable[[Row], T],
        su: str | int | None = None,
    ) -> tuple[Listing, list[T]]:
        """Call a list and make something of each row; each try begins anew.

        Raises what the last try of it raised.
        """
        once = super().read_rows
        return self._again(func, lambda: once(func, params, make=make, su=su))

    def _again(self, func: str, call: Callable[[], R]) -> R:
        for pause in PAUSES if _asked.get() else ():
            try:
                return call()
            except PanelError as error:
                if not reach.may_pass(error):
                    raise
                log.info("panel.read_again", panel=self.endpoint.name, func=func, why=str(error))
            time.sleep(pause)
        return call()

    def measure(self) -> Measured:
        """As any transport does: a call that had to be repeated measures nothing."""
        token = _asked.set(False)
        try:
            return super().measure()
        finally:
            _asked.reset(token)
