"""Whether two panels are one server that is called by two names."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from integrator.panel_access import transports
from panels.coremanager.errors import Unreachable
from panels.http import tls

if TYPE_CHECKING:
    from integrator.models import Panel


def same_server(one: Panel, other: Panel) -> bool:
    """Whether both addresses reach one server; False too where one of them cannot be asked now."""
    if _behind_host(one.address) != _behind_host(other.address):
        return False
    if not _numbers(one.url) & _numbers(other.url):
        return False
    if not (one.url.startswith("https:") and other.url.startswith("https:")):
        return True
    try:
        shown = [tls.look(transports.endpoint(panel)).fingerprint for panel in (one, other)]
    except Unreachable:
        return False
    return shown[0] == shown[1]


def _behind_host(address: str) -> str:
    """Port and short path of ``Panel.address``."""
    return address.rpartition(":")[2]


def _numbers(url: str) -> set[str]:
    """The addresses that the URL's host name leads to; empty when it cannot be resolved."""
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return set()
    return {str(place[0]) for *_rest, place in found}
