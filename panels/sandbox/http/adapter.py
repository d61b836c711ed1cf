"""The panels mounted in-process, as an adapter of ``requests``: for simulations.

No socket, no thread, no waiting: time is the world's clock, and what would wait calls ``sleep``
instead, which a simulation lets move that clock. The same code answers as over HTTP.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.response import HTTPResponse

from panels.sandbox.http.gateway import Gateway, serves
from panels.sandbox.http.protocol import HTML_TYPE, Request, Response, parameters
from panels.sandbox.world.world import BILLMANAGER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from panels.sandbox.faults import Rule
    from panels.sandbox.world.world import World

Timeout = float | tuple[float | None, float | None] | None


class SandboxAdapter(BaseAdapter):
    """Answers requests from a world. Mount it for the hosts of the panels.

    Which panel is meant is read from the path, and among ispmanagers by the host: its first label
    is the server's name, as in ``https://isp1.sandbox.example:1500/ispmgr``; with one server any
    host will do. ``sleep`` is called with seconds wherever a panel would take time; without it
    nothing takes any. A reading time-out that is shorter than the wait strikes as it would.
    """

    def __init__(
        self,
        world: World,
        *,
        sleep: Callable[[float], None] | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        """Mount a world; ``address`` is where the caller seems to be."""
        super().__init__()
        self.gateway = Gateway(world)
        self._world = world
        self._sleep = sleep
        self._address = address

    def send(  # noqa: PLR0917 - the signature of requests
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - the signature of requests
        timeout: Timeout = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002 - the same
        cert: str | bytes | tuple[str | bytes, str | bytes] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer one request; raises what requests would raise over a network."""
        del stream, verify, cert, proxies
        parts = urlsplit(request.url or "")
        panel = self._panel(parts.hostname or "", str(parts.path))
        if panel is None:
            return _response(request, Response(b"Not Found", 404, HTML_TYPE))
        body = request.body or b""
        text = body if isinstance(body, str) else body.decode()
        asked = Request(panel, parameters(str(parts.query), text), self._address)
        fault = self.gateway.arrive(asked)
        try:
            return _response(request, self._work(request, asked, fault, _reading(timeout)))
        finally:
            self.gateway.leave(asked)

    def close(self) -> None:
        """Let go of nothing: there is no connection."""

    def _panel(self, host: str, path: str) -> str | None:
        if serves(path, BILLMANAGER):
            return BILLMANAGER
        servers = self._world.servers
        label = host.partition(".")[0]
        named = [name for name in servers if name == label] or list(servers[:1])
        return named[0] if named and serves(path, named[0]) else None

    def _work(
        self,
        request: requests.PreparedRequest,
        asked: Request,
        fault: Rule | None,
        limit: float | None,
    ) -> Response:
        half = self._world.dials.latency / 2000
        slow = fault.seconds if fault is not None and fault.kind == "slow_before" else 0.0
        spent = self._wait(half + slow, limit)
        # A panel does the work also when nobody listens any more.
        response = self.gateway.work(asked, fault)
        spent += self._wait(half + response.seconds, None if limit is None else limit - spent)
        if limit is not None and spent >= limit:
            raise requests.ReadTimeout("read timed out", request=request)
        if response.reset:
            raise requests.ConnectionError("connection reset by peer", request=request)
        return response

    def _wait(self, seconds: float, limit: float | None) -> float:
        """Wait, but not past the limit; give how long it would have been."""
        if self._sleep is not None and seconds > 0:
            self._sleep(seconds if limit is None else max(0.0, min(seconds, limit)))
        return seconds


def _reading(timeout: Timeout) -> float | None:
    return timeout[1] if isinstance(timeout, tuple) else timeout


def _response(request: requests.PreparedRequest, answer: Response) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers = CaseInsensitiveDict({"Content-Type": answer.content_type})
    response.raw = HTTPResponse(
        body=io.BytesIO(answer.body),
        status=answer.status,
        headers=dict(response.headers),
        preload_content=False,
    )
    response.encoding = "utf-8"
    response.request = request
    response.url = request.url or ""
    return response
