"""The client's address and scheme when requests come through a reverse proxy.

`X-Forwarded-*` can be written by anyone; it is believed only from `TRUSTED_PROXIES`, else removed.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from integrator.core.env import Network

_HEADERS = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO",
)


class TrustedProxies:
    """WSGI middleware that sets REMOTE_ADDR and the scheme to what a trusted proxy says."""

    def __init__(self, application: WSGIApplication, trusted: tuple[Network, ...]) -> None:
        self._application = application
        self._trusted = trusted

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request."""
        said = {name: environ.pop(name, "") for name in _HEADERS}
        if self._trusts(environ.get("REMOTE_ADDR", "")):
            environ["REMOTE_ADDR"] = self._client_address(
                said["HTTP_X_FORWARDED_FOR"], environ["REMOTE_ADDR"]
            )
            scheme = said["HTTP_X_FORWARDED_PROTO"].rpartition(",")[2].strip().lower()
            if scheme in {"http", "https"}:
                environ["wsgi.url_scheme"] = scheme
        return self._application(environ, start_response)

    def _client_address(self, forwarded: str, peer: str) -> str:
        """The last address that is no proxy of ours: those before it were written by the client."""
        for address in reversed([piece.strip() for piece in forwarded.split(",")]):
            if _address(address) is None:
                return peer
            if not self._trusts(address):
                return address
            peer = address
        return peer

    def _trusts(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(
            address.version == network.version and address in network for network in self._trusted
        )


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address in `text`; None when it is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
