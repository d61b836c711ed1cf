"""One thread's connection to an endpoint: one request and its whole answer at a time."""

from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING

import requests
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from panels.coremanager.errors import Unreachable
from panels.http.tls import place_of
from panels.http.wire import PanelAdapter, Wire
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests.adapters import BaseAdapter

    from panels.http.answer_reader import AnswerReader
    from panels.http.endpoint import Endpoint

_CHUNK = 65536
_HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Accept": "application/xml, text/xml",
    "Accept-Encoding": "identity",
    "User-Agent": "integrator",
}
_NETWORK = (OSError, HTTPError, http.client.HTTPException)
"""What sending and reading may raise; the errors of requests are OSErrors."""


class Lost(Exception):  # noqa: N818 - a signal between two modules, never seen outside of them
    """The request left, and its answer did not arrive whole. `reset`: not a byte of it came."""

    def __init__(self, message: str, *, reset: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.reset = reset


class Connection:
    """One thread's connection to one endpoint.

    `monotonic` is the clock of `send_by`. `mount` may mount another adapter than the real one on
    the session (a simulation's).
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        connect_timeout: float,
        read_timeout: float,
        monotonic: Callable[[], float] = time.monotonic,
        mount: Callable[[requests.Session], None] | None = None,
    ) -> None:
        place = place_of(endpoint)
        self._endpoint = endpoint
        self._timeout = (connect_timeout, read_timeout)
        self._wire = Wire(endpoint, connect_timeout, monotonic)
        self.dated = ""
        """The `Date` of the last answer, '' when it had none."""
        session = requests.Session()
        session.trust_env = False
        if mount is None:
            session.mount(f"{place.scheme}://", PanelAdapter(self._wire))
        else:
            mount(session)
        # The adapter is called directly: a session would add cookies, redirects and CPU time.
        self._adapter: BaseAdapter = session.get_adapter(endpoint.url)

    def post(self, body: bytes, reader: AnswerReader, *, send_by: float | None) -> int:
        """Send a form and feed the answer to `reader`; return the HTTP status.

        `send_by` is when an effect may be sent at the latest; None for a read.

        Raises `Unreachable` or `TooLate` when nothing was sent, `Lost` when no whole answer came
        and `TooLarge` when there was too much of it. A read whose kept connection was closed by
        the panel goes out once more. An effect never does, and does not even start on a connection
        that has been idle for long.
        """
        effect = send_by is not None
        if effect and self._wire.stale:
            self.close()
        try:
            return self._once(body, reader, send_by)
        except Lost as lost:
            if effect or not lost.reset or not self._wire.reused:
                raise
        self.close()
        return self._once(body, reader, send_by)

    def close(self) -> None:
        """Close the kept connection; the next request connects afresh."""
        if isinstance(self._adapter, PanelAdapter):
            self._adapter.renew()

    def _once(self, body: bytes, reader: AnswerReader, send_by: float | None) -> int:
        failure: Lost | Unreachable
        self._wire.begin(2 * self._timeout[1], send_by)
        try:
            response = self._adapter.send(self._request(body), stream=True, timeout=self._timeout)
            self.dated = response.headers.get("Date", "")
            try:
                _read(response, reader)
            finally:
                response.close()
        except requests.ConnectTimeout:
            # Only a mounted adapter says so: the real one raises `Unreachable` itself.
            failure = Unreachable(note("connection.none"), panel=self._endpoint.name)
        except requests.Timeout:
            failure = Lost(note("answer.late"))
        except _NETWORK as error:
            failure = Lost(note("answer.broken_off", why=_reason(error)), reset=_is_reset(error))
        else:
            self._wire.end()
            return response.status_code
        # Outside of the except clauses: their errors hold the request, and that the password.
        raise failure

    def _request(self, body: bytes) -> requests.PreparedRequest:
        """Put a prepared request together; `prepare()` would spend most of its time on the URL."""
        request = requests.PreparedRequest()
        request.method = "POST"
        request.url = self._endpoint.url
        request.headers = CaseInsensitiveDict(_HEADERS)
        request.headers["Content-Length"] = str(len(body))
        request.body = body
        request.hooks = default_hooks()
        return request


def _read(response: requests.Response, reader: AnswerReader) -> None:
    """Take the answer. What the panel compresses unasked is unpacked a piece at a time."""
    reader.announced(response.headers.get("Content-Length", ""))
    for piece in response.iter_content(_CHUNK):
        reader.take(piece)


def _causes(error: BaseException) -> list[BaseException]:
    """Unwrap what requests and urllib3 wrapped: the cause is the last argument or `reason`."""
    found: list[BaseException] = []
    pending: list[BaseException] = [error]
    while pending and len(found) < 10:  # noqa: PLR2004 - a bound, not a meaning
        current = pending.pop()
        found.append(current)
        inner = [*current.args, getattr(current, "reason", None)]
        pending += [item for item in inner if isinstance(item, BaseException)]
    return found


def _reason(error: BaseException) -> str:
    """Give the innermost cause in a few words, without what may quote the request."""
    inner = _causes(error)[-1]
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror
    return type(inner).__name__


def _is_reset(error: BaseException) -> bool:
    """Whether the connection ended before a single byte of the answer."""
    closed = (http.client.RemoteDisconnected, BrokenPipeError)
    return any(isinstance(cause, closed) for cause in _causes(error)) or (
        not isinstance(error, requests.exceptions.ChunkedEncodingError)
        and any(isinstance(cause, ConnectionResetError) for cause in _causes(error))
    )
