"""The HTTP server: one process, one loop, every panel on its own port.

Hand-made for speed: a request is parsed with a few string searches, an answer goes out in one
send. Waiting (latency, faults, a panel's limit) is done with timers, so that it blocks nobody.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections import deque
from email.utils import formatdate
from typing import TYPE_CHECKING

from panels.sandbox.http.control import PREFIX, control
from panels.sandbox.http.gateway import Gateway, serves
from panels.sandbox.http.protocol import HTML_TYPE, Request, Response, parameters
from panels.sandbox.world.world import BILLMANAGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from panels.sandbox.faults import Rule
    from panels.sandbox.world.persistence import Journal
    from panels.sandbox.world.world import World

_MAX_HEAD = 65_536
_MAX_BODY = 4 * 1024 * 1024
_REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}
_REASONS |= {409: "Conflict", 413: "Too Large", 500: "Internal Server Error", 503: "Busy"}
_LINGER = struct.pack("ii", 1, 0)


class Serving:
    """The state that all connections share: panels, state file, and queues of busy panels."""

    def __init__(self, world: World, journal: Journal | None) -> None:
        """Serve a world; without a journal nothing is kept."""
        self.world = world
        self.gateway = Gateway(world)
        self.journal = journal
        self._working: dict[str, int] = {}
        self._waiting: dict[str, deque[Callable[[], None]]] = {}

    def commit(self) -> None:
        """Write down what has changed."""
        if self.journal is not None:
            self.journal.commit()

    def enter(self, panel: str, go: Callable[[], None]) -> bool:
        """Let a request in now, or when its turn comes; False when it is turned away."""
        dials = self.world.dials
        working = self._working.get(panel, 0)
        if dials.parallel and working >= dials.parallel:
            if dials.parallel_over == "refuse":
                return False
            self._waiting.setdefault(panel, deque()).append(go)
            return True
        self._working[panel] = working + 1
        go()
        return True

    def leave(self, panel: str) -> None:
        """Let the next request in."""
        line = self._waiting.get(panel)
        if line:
            # Not called from here: a long line would nest as deep as it is long.
            asyncio.get_running_loop().call_soon(line.popleft())
        else:
            self._working[panel] -= 1


class Connection(asyncio.Protocol):
    """One connection of a client; its requests are answered one after another."""

    def __init__(self, serving: Serving, panel: str) -> None:
        """Serve one panel."""
        self._serving = serving
        self._panel = panel
        self._buffer = bytearray()
        self._busy = False
        self._keep = True
        self._transport: asyncio.Transport | None = None
        self._address = ""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember who calls."""
        self._transport = transport  # type: ignore[assignment]  # a stream protocol gets a Transport
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._address = str(transport.get_extra_info("peername")[0])

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; work that has begun is finished all the same."""
        del exc
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Take bytes, and begin the request that they complete."""
        self._buffer += data
        if not self._busy:
            self._next()

    def _next(self) -> None:
        """Begin the next request when all of it is here."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _MAX_HEAD:
                self._refuse(413)
            return
        head = self._buffer[:end].decode("latin-1")
        first, _, rest = head.partition("\r\n")
        try:
            method, target, version = first.split(" ")
            headers = _headers(rest)
            length = int(headers.get("content-length", "0"))
        except ValueError:
            self._refuse(400)
            return
        if not 0 <= length <= _MAX_BODY or "transfer-encoding" in headers:
            self._refuse(413)
            return
        if len(self._buffer) < end + 4 + length:
            if headers.get("expect", "").lower() == "100-continue" and self._transport:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        body = bytes(self._buffer[end + 4 : end + 4 + length])
        del self._buffer[: end + 4 + length]
        asked = headers.get("connection", "").lower()
        self._keep = asked != "close" and (version == "HTTP/1.1" or asked == "keep-alive")
        self._busy = True
        self._dispatch(method, target, body)

    def _dispatch(self, method: str, target: str, body: bytes) -> None:
        path, _, query = target.partition("?")
        serving = self._serving
        if path.startswith(PREFIX) and self._panel == "billmanager":
            response = control(serving.world, method, path, body, self._address)
            serving.commit()
            self._send(response)
        elif not self._is_here(path) or method not in {"GET", "POST"}:
            self._send(Response(b"<html><body>Not Found</body></html>", 404, HTML_TYPE))
        else:
            try:
                params = parameters(query, body.decode("utf-8", "replace"))
            except ValueError:
                self._send(Response(b"<html><body>Bad Request</body></html>", 400, HTML_TYPE))
                return
            self._accept(Request(self._panel, params, self._address))

    def _is_here(self, path: str) -> bool:
        only = self._serving.world.dials.only_path if self._panel == BILLMANAGER else ""
        return serves(path, self._panel) and only in {"", path}

    def _accept(self, request: Request) -> None:
        gateway = self._serving.gateway
        fault = gateway.arrive(request)
        if not self._serving.enter(self._panel, lambda: self._begin(request, fault)):
            gateway.leave(request)
            self._send(Response(b"<html><body>Busy</body></html>", 503, HTML_TYPE))

    def _begin(self, request: Request, fault: Rule | None) -> None:
        """Wait half of the latency, and what a fault adds, then work."""
        world = self._serving.world
        dials = world.dials
        latency = dials.latency
        if dials.latency_jitter:
            latency += world.random.random() * dials.latency_jitter
        half = latency / 2000
        wait = half + (fault.seconds if fault is not None and fault.kind == "slow_before" else 0)
        if wait:
            self._loop.call_later(wait, self._work, request, fault, half)
        else:
            self._work(request, fault, half)

    def _work(self, request: Request, fault: Rule | None, half: float) -> None:
        serving = self._serving
        response = Response(b"<html><body>Internal Server Error</body></html>", 500, HTML_TYPE)
        try:
            response = serving.gateway.work(request, fault)
        finally:
            # A mistake of the sandbox itself is still answered, and then reported by the loop.
            serving.commit()
            self._hold(request, response, half)

    def _hold(self, request: Request, response: Response, half: float) -> None:
        wait = half + response.seconds
        if wait:
            self._loop.call_later(wait, self._finish, request, response)
        else:
            self._finish(request, response)

    def _finish(self, request: Request, response: Response) -> None:
        self._serving.gateway.leave(request)
        self._serving.leave(self._panel)
        if response.reset:
            self._reset()
        else:
            self._send(response)

    def _send(self, response: Response) -> None:
        """Answer in one send, and go on with the next request of this connection."""
        self._busy = False
        transport = self._transport
        if transport is None:
            return
        keep = self._keep and not response.cut
        reason = _REASONS.get(response.status, "Unknown")
        clock_ahead = self._serving.world.dials.clock_ahead
        transport.write(
            b"HTTP/1.1 %d %s\r\nServer: sandbox\r\nDate: %s\r\n"
            b"Content-Type: %s\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n%s"
            % (
                response.status,
                reason.encode(),
                formatdate(time.time() + clock_ahead, usegmt=True).encode(),
                response.content_type.encode(),
                len(response.body),
                b"keep-alive" if keep else b"close",
                response.body,
            )
        )
        if not keep:
            transport.close()
        elif self._buffer:
            self._next()

    def _reset(self) -> None:
        """Break the connection without an answer byte, as a dying panel does."""
        transport = self._transport
        if transport is not None:
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
            transport.abort()

    def _refuse(self, status: int) -> None:
        self._keep = False
        self._send(Response(b"<html><body>Refused</body></html>", status, HTML_TYPE))


def _headers(text: str) -> dict[str, str]:
    found = {}
    for line in text.split("\r\n"):
        name, _, value = line.partition(":")
        found[name.strip().lower()] = value.strip()
    return found
