"""A panel whose every answer, byte and silence is chosen by the test, over real sockets."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl

from panels.coremanager.errors import LimitTimeout
from panels.http.endpoint import Endpoint, Login
from panels.http.sessions import SessionIds
from panels.http.transport import Transport

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from panels.http.endpoint import Call

OK = b'<?xml version="1.0" encoding="UTF-8"?>\n<doc func="x"><ok/></doc>\n'
LOGIN_PAGE = b"<!DOCTYPE html>\n<html><body><form><input type='password'/></form></body></html>"
PASSWORD = "p&<word> \"of' root"
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Request:
    """What arrived: the form, the head, and the number of its connection."""

    params: dict[str, str]
    head: str
    connection: int

    @property
    def func(self) -> str:
        return self.params.get("func", "")


@dataclass(frozen=True)
class Reply:
    """What is sent back, and how it goes wrong."""

    body: bytes = OK
    status: int = 200
    how: Literal["whole", "reset", "close", "cut", "silent", "drip", "drip head"] = "whole"
    headers: tuple[str, ...] = ()
    keep: bool = True


@dataclass
class FakePanel:
    """Serves on a free port; `script` answers everything but logins, which always work."""

    script: Callable[[Request], Reply]
    context: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    logins: int = 0
    session: str = "sid-0"
    drip: float = 0.05

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self.connections = 0
        self._start(self._accept)

    @property
    def url(self) -> str:
        scheme = "http" if self.context is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}/billmgr"

    def sent(self, func: str) -> list[Request]:
        """The requests of one function that arrived."""
        return [request for request in self.requests if request.func == func]

    def drop_connections(self) -> None:
        """Close what is kept alive, as servers do after a while."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_connections()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection, self.connections)

    def _serve(self, plain: socket.socket, number: int) -> None:
        connection = plain
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(plain, server_side=True)
            with self._lock:
                self._open.add(connection)
            while self._turn(connection, number):
                pass
        except OSError:
            pass  # the other side is gone, which is its right
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()
            plain.close()

    def _turn(self, connection: socket.socket, number: int) -> bool:
        request = _receive(connection, number)
        if request is None:
            return False
        with self._lock:
            self.requests.append(request)
        reply = self._login() if request.func == "auth" else self.script(request)
        return self._send(connection, reply)

    def _login(self) -> Reply:
        with self._lock:
            self.logins += 1
            self.session = f"sid-{self.logins}"
        sid = self.session
        return Reply(f'<doc func="auth"><auth id="{sid}" level="29">{sid}</auth></doc>'.encode())

    def _send(self, connection: socket.socket, reply: Reply) -> bool:
        if reply.how in {"reset", "close", "silent"}:
            if reply.how == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            if reply.how == "silent":
                self._ended.wait()
            return False
        more = "".join(f"{header}\r\n" for header in reply.headers)
        head = f"HTTP/1.1 {reply.status} X\r\nContent-Length: {len(reply.body)}\r\n{more}\r\n"
        whole = head.encode() + reply.body
        if reply.how == "cut":
            connection.sendall(whole[: len(head) + len(reply.body) // 2])
            return False
        if reply.how in {"drip", "drip head"}:
            start = 0 if reply.how == "drip head" else len(head)
            connection.sendall(whole[:start])
            for place in range(start, len(whole)):
                connection.sendall(whole[place : place + 1])
                if self._ended.wait(self.drip):
                    return False
            return True
        connection.sendall(whole)
        return reply.keep


def _receive(connection: socket.socket, number: int) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    text = head.decode()
    length = next(
        int(line.split(":")[1]) for line in text.split("\r\n") if line.startswith("Content-Length")
    )
    while len(body) < length:
        body += connection.recv(65536)
    params = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return Request(params, text, number)


@dataclass
class Notes:
    """A journal that remembers."""

    calls: list[Call] = field(default_factory=list)

    def record(self, call: Call) -> None:
        self.calls.append(call)

    @property
    def last(self) -> Call:
        return self.calls[-1]


class Slots:
    """A limiter of one process, which remembers how many were in use at once."""

    def __init__(self, number: int = 8) -> None:
        self._free = threading.BoundedSemaphore(number)
        self._lock = threading.Lock()
        self.in_use = 0
        self.most = 0
        self.waits: list[float] = []

    @contextlib.contextmanager
    def slot(self, panel: str, timeout: float) -> Iterator[None]:
        self.waits.append(timeout)
        if not self._free.acquire(timeout=timeout):
            raise LimitTimeout("no slot came free", panel=panel)
        with self._lock:
            self.in_use += 1
            self.most = max(self.most, self.in_use)
        try:
            yield
        finally:
            with self._lock:
                self.in_use -= 1
            self._free.release()


@dataclass
class Bench:
    """A fake panel and a transport to it."""

    panel: FakePanel
    transport: Transport
    notes: Notes
    slots: Slots

    def close(self) -> None:
        self.transport.close()
        self.panel.stop()


def bench(
    script: Callable[[Request], Reply],
    *,
    context: ssl.SSLContext | None = None,
    ca_file: Path | None = None,
    pin: str | None = None,
    slots: Slots | None = None,
    url: str | None = None,
    allow_insecure: bool = True,
    **options: object,
) -> Bench:
    """Start a fake panel, and make a transport to it with quick time-outs."""
    panel = FakePanel(script, context)
    notes, slots = Notes(), slots or Slots()
    endpoint = Endpoint(
        "bill",
        "billmanager",
        url or panel.url,
        ca_file=str(ca_file) if ca_file else None,
        pin_sha256=pin,
        allow_insecure=allow_insecure,
    )
    settings: dict[str, object] = {"read_timeout": 2.0, "connect_timeout": 1.0, **options}
    transport = Transport(
        endpoint,
        Login("root", PASSWORD),
        limiter=slots,
        journal=notes,
        session_store=SessionIds(),
        **settings,  # type: ignore[arg-type] # the options are Transport's own
    )
    return Bench(panel, transport, notes, slots)
