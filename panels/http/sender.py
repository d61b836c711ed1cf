"""The one place from which requests leave for a panel: in a slot, in time, and recorded."""

from __future__ import annotations

import threading
import weakref
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from panels.coremanager.errors import (
    AnswerTooLarge,
    OutcomeUnknown,
    PanelError,
    UnexpectedAnswer,
)
from panels.coremanager.redaction import REDACTED, redact_params
from panels.http.answer_limits import TooLarge
from panels.http.answers import understand
from panels.http.connection import Connection, Lost
from panels.http.endpoint import Call
from panels.http.exchange import is_busy, outcome_of
from panels.http.wire import check_time
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from panels.coremanager.documents import Document
    from panels.http.endpoint import Endpoint, Journal, Limiter, Outcome
    from panels.http.exchange import Exchange

_UNTOLD = frozenset({"func", "out", "lang", "auth"})
"""Parameters of every request, left out of the journal."""


class Sender:
    """Sends requests to one endpoint, each thread's over a connection of its own.

    Nothing is sent twice here, but for a read whose kept connection turned out to be closed.
    What it is made from is explained at `panels.http.transport.Transport`.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        limiter: Limiter,
        journal: Journal,
        connect_timeout: float,
        read_timeout: float,
        slot_timeout: float,
        monotonic: Callable[[], float],
        wall: Callable[[], float],
        mount: Callable[[requests.Session], None] | None,
    ) -> None:
        self._endpoint = endpoint
        self._monotonic = monotonic
        self._limiter = limiter
        self._journal = journal
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._slot_timeout = slot_timeout
        self._wall = wall
        self._mount = mount
        self._local = threading.local()
        self._connections: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._lock = threading.Lock()

    def send(self, exchange: Exchange) -> Document:
        """Send one request, record in the journal how it ended, and give its answer.

        Raises `NotSent`, `Refused`, `UnexpectedAnswer` or, for an effect, `OutcomeUnknown`.
        """
        self._local.last = exchange
        exchange.began = self._wall()
        try:
            self._transfer(exchange)
            document = understand(
                exchange.reader.stream or exchange.reader.body,
                exchange.status,
                panel=self._endpoint.name,
                func=exchange.func,
                effect=exchange.effect,
                leads_on=exchange.form["out"] == "devel",
                redactor=exchange.redactor,
            )
        except PanelError as error:
            error.panel = error.panel or self._endpoint.name
            error.func = error.func or exchange.func
            self._record(exchange, outcome_of(error), error.message, busy=is_busy(error, exchange))
            raise
        except BaseException as error:
            outcome: Outcome = "unknown" if exchange.sent else "not sent"
            self._record(exchange, outcome, type(error).__name__)
            raise
        self._record(exchange, "done", "")
        return document

    @property
    def last(self) -> Exchange:
        """The request that this thread sent last."""
        last: Exchange = self._local.last
        return last

    def close(self) -> None:
        """Close the kept connections of all threads, when no request is under way."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.close()

    def _transfer(self, exchange: Exchange) -> None:
        """Wait for a slot, send in time, and take the whole answer while the slot is held."""
        failure: UnexpectedAnswer | None = None
        connection = self._connection()
        body = urlencode(exchange.form).encode("ascii")
        with self._limiter.slot(self._endpoint.name, self._patience(exchange)):
            began = self._monotonic()
            check_time(exchange.send_by, began)
            exchange.began, exchange.sent = self._wall(), True
            try:
                exchange.status = connection.post(body, exchange.reader, send_by=exchange.send_by)
                exchange.dated = connection.dated
            except Lost as error:
                failure = UnexpectedAnswer(error.message, transient=True)
            except TooLarge as error:
                failure = AnswerTooLarge(note("answer.too_large", why=error.why))
            finally:
                exchange.seconds = self._monotonic() - began
        if failure is not None and exchange.effect:
            raise OutcomeUnknown(failure.message)
        if failure is not None:
            raise failure

    def _patience(self, exchange: Exchange) -> float:
        if exchange.send_by is None:
            return self._slot_timeout
        return max(0.0, min(self._slot_timeout, exchange.send_by - self._monotonic()))

    def _connection(self) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = Connection(
                self._endpoint,
                connect_timeout=self._connect_timeout,
                read_timeout=self._read_timeout,
                monotonic=self._monotonic,
                mount=self._mount,
            )
            with self._lock:
                self._connections.add(connection)
        return connection

    def _record(
        self, exchange: Exchange, outcome: Outcome, error: str, *, busy: bool = False
    ) -> None:
        told = {
            name: REDACTED if name in exchange.secret else value
            for name, value in exchange.form.items()
            if name not in _UNTOLD
        }
        self._journal.record(
            Call(
                panel=self._endpoint.name,
                func=exchange.func,
                params=MappingProxyType(redact_params(told, func=exchange.func)),
                effect=exchange.effect,
                started=exchange.began,
                seconds=exchange.seconds,
                outcome=outcome,
                answer=exchange.redactor.answer(exchange.reader.body, size=exchange.reader.size),
                error=error,
                size=exchange.reader.size,
                busy=busy,
            )
        )
