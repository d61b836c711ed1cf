"""One thread's socket to one panel: a kept-alive connection with bounded time and checked address.

`requests` offers the hook (`HTTPAdapter.get_connection_with_tls_context`), urllib3 the pool; what
is added here: the address that is connected to is the one that was checked (SNI and Host stay),
every failure before the connection stands becomes `Unreachable`, an effect whose time has passed
while it connected is not sent, and an answer has a last moment however slowly it drips.
"""

from __future__ import annotations

import functools
import io
import ssl
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from panels.coremanager.errors import CertificateRefused, TooLate, Unreachable
from panels.http.tls import dial, look, pin_of, place_of, tls_context
from panels.notes import note

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from panels.coremanager.errors import PanelError
    from panels.http.endpoint import Endpoint

IDLE_LIMIT = 4.0
"""Seconds after which a kept connection is no longer trusted to carry an effect. Servers close
idle connections, usually after 5 s or more; a request that crosses such a close is neither
provably processed nor provably lost."""


def check_time(send_by: float | None, now: float) -> None:
    """Raise `TooLate` when it may not be sent any more; None: it is a read, which always may."""
    if send_by is not None and now > send_by:
        raise TooLate(note("send.too_late"))


class Wire:
    """The state of a connection: whether this exchange had to connect, and until when it may last.

    `monotonic` is the clock of `send_by`.
    """

    __slots__ = (
        *("connect_timeout", "deadline", "dialled", "endpoint"),
        *("monotonic", "send_by", "used_at"),
    )

    def __init__(
        self, endpoint: Endpoint, connect_timeout: float, monotonic: Callable[[], float]
    ) -> None:
        self.endpoint = endpoint
        self.connect_timeout = connect_timeout
        self.monotonic = monotonic
        self.send_by: float | None = None
        self.deadline = 0.0
        self.dialled = False
        self.used_at: float | None = None

    def begin(self, seconds: float, send_by: float | None) -> None:
        """Start an exchange that may last so many seconds in all, and be sent until `send_by`.

        None: whenever it gets there; it is a read.
        """
        self.send_by = send_by
        self.dialled = False
        self.deadline = time.monotonic() + seconds

    def end(self) -> None:
        """Note that an exchange went well, so that its connection may be used again."""
        self.used_at = time.monotonic()

    @property
    def reused(self) -> bool:
        """Whether this exchange went over a connection of an earlier one."""
        return self.used_at is not None and not self.dialled

    @property
    def stale(self) -> bool:
        """Whether the kept connection has been idle for too long to carry an effect."""
        return self.used_at is not None and time.monotonic() - self.used_at > IDLE_LIMIT

    def connect(self, connection: _Connection) -> socket.socket:
        """Open the socket of a connection. Raises `Unreachable`."""
        self.dialled = True
        return dial(
            connection.host,
            connection.port,
            self.endpoint,
            timeout=self.connect_timeout,
            options=list(connection.socket_options or ()),
        )


class _Connection(HTTPConnection):
    """A connection that opens as its wire says, and sends nothing when it is too late."""

    def __init__(self, *args: Any, wire: Wire, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wire = wire
        # http.client calls it like a class, which is all that it asks of it.
        self.response_class = functools.partial(_BoundedResponse, wire)  # type: ignore[assignment] # see above

    def _new_conn(self) -> socket.socket:
        return self.wire.connect(self)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()  # which may take until it is too late
        # Before each piece: what a request is to do stands in its body, the last one.
        check_time(self.wire.send_by, self.wire.monotonic())
        super().send(data)


class _Secured(_Connection, HTTPSConnection):
    """A connection with TLS; a handshake that fails says why, since nothing was sent yet."""

    def connect(self) -> None:
        endpoint = self.wire.endpoint
        failure: PanelError | None = None
        try:
            super().connect()
        except ssl.SSLCertVerificationError as error:
            why = note("certificate.untrusted", why=error.verify_message)
            failure = _refused(endpoint, why)
        except HTTPError:
            # urllib3 raises its own error for a certificate that is not the pinned one, and only
            # for that: a handshake that breaks is an OSError.
            failure = _refused(endpoint, note("certificate.other"))
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            why = note("certificate.handshake", why=reason)
            failure = Unreachable(why, panel=endpoint.name)
        if failure is not None:
            self.close()
            raise failure


def _refused(endpoint: Endpoint, message: str) -> CertificateRefused:
    """Tell about the certificate that was refused, by a second look at it."""
    try:
        shown = look(endpoint)
    except Unreachable:
        return CertificateRefused(message, panel=endpoint.name)
    return CertificateRefused(
        message,
        panel=endpoint.name,
        fingerprint=shown.fingerprint,
        subject=shown.subject,
        not_before=shown.not_before,
        not_after=shown.not_after,
    )


class _BoundedResponse(HTTPResponse):
    """An answer whose every byte, headers included, must arrive before the wire's deadline."""

    def __init__(self, wire: Wire, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Bounded(self.fp.detach(), sock, wire.deadline))


class _Bounded(io.RawIOBase):
    """Reads a socket, with its time-out cut down to what is left of the deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._deadline = deadline
        self._patience = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            message = "the answer took too long in all"
            raise TimeoutError(message)
        if self._patience is None or left < self._patience:
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        try:
            self._raw.close()
        finally:
            super().close()


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecuredPool(HTTPSConnectionPool):
    ConnectionCls = _Secured


class PanelAdapter(HTTPAdapter):
    """Sends one thread's requests to one endpoint, and to nowhere else."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(pool_connections=0, pool_maxsize=0)
        self.wire = wire
        self._pool = self._new_pool()

    def get_connection_with_tls_context(self, *_: object, **__: object) -> HTTPConnectionPool:
        """Give the endpoint's own pool, whatever else is asked for: no proxy, no other host."""
        return self._pool

    def cert_verify(self, *_: object, **__: object) -> None:
        """Leave the pool alone: what is trusted was settled when it was made."""

    def renew(self) -> None:
        """Forget the kept connection; the next request connects afresh."""
        self._pool.close()
        self._pool = self._new_pool()
        self.wire.used_at = None

    def _new_pool(self) -> HTTPConnectionPool:
        endpoint = self.wire.endpoint
        place = place_of(endpoint)
        if place.scheme == "http":
            return _PlainPool(place.host, place.port, maxsize=1, wire=self.wire)
        return _SecuredPool(
            place.host,
            place.port,
            maxsize=1,
            ssl_context=tls_context(endpoint),
            assert_fingerprint=pin_of(endpoint),
            wire=self.wire,
        )
