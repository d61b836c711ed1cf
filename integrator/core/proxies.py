"""The client's address and scheme when requests come through a reverse proxy.

`X-Forwarded-*` can be written by anyone; it is believed only from `TRUSTED_PROXIES`, else removed.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from integrator.core.env import Network

log = structlog.get_logger(__name__)

MAX_TOLD = 20
"""Of so many addresses it is said that they are not trusted; anybody can send the headers."""
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
        self._told: set[str] = set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request."""
        said = {name: environ.pop(name, "") for name in _HEADERS}
        environ["REMOTE_ADDR"] = peer = _plain(environ.get("REMOTE_ADDR", ""))
        if any(said.values()) and not self._trusts(peer):
            self._tell(peer)
        if self._trusts(peer):
            environ["REMOTE_ADDR"] = self._client_address(
                said["HTTP_X_FORWARDED_FOR"], environ["REMOTE_ADDR"]
            )
            scheme = said["HTTP_X_FORWARDED_PROTO"].rpartition(",")[2].strip().lower()
            if scheme in {"http", "https"}:
                environ["wsgi.url_scheme"] = scheme
        return self._application(environ, start_response)

    def _tell(self, peer: str) -> None:
        """Say once of each of a few addresses that what it forwards is not believed.

        A proxy that nobody has named would be sent from https to https for ever.
        """
        if peer in self._told or len(self._told) >= MAX_TOLD:
            return
        self._told.add(peer)
        log.warning("proxy.not_trusted", address=peer, setting="TRUSTED_PROXIES")

    def _client_address(self, forwarded: str, peer: str) -> str:
        """The last address that is no proxy of ours: those before it were written by the client."""
        for address in reversed([piece.strip() for piece in forwarded.split(",")]):
            if _address(address) is None:
                return peer
            if not self._trusts(address):
                return _plain(address)
            peer = _plain(address)
        return peer

    def _trusts(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(
            address.version == network.version and address in network for network in self._trusted
        )


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address in `text`, one that is mapped into IPv6 as what it is; None when it is none."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _plain(text: str) -> str:
    """The same address, always written in one way."""
    found = _address(text)
    return text if found is None else str(found)
