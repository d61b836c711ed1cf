from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

import pytest
from structlog.testing import capture_logs

from integrator.core.proxies import TrustedProxies

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

TRUSTED = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1"))


def seen(peer: str, **headers: str) -> dict[str, Any]:
    """What the application is told about a request from `peer`."""
    caught: dict[str, Any] = {}

    def application(environ: WSGIEnvironment, _start: StartResponse) -> Iterable[bytes]:
        caught.update(environ)
        return []

    environ: dict[str, Any] = {"REMOTE_ADDR": peer}
    setup_testing_defaults(environ)
    environ.update({f"HTTP_X_FORWARDED_{name.upper()}": text for name, text in headers.items()})
    TrustedProxies(application, TRUSTED)(environ, lambda *_: lambda _: None)
    return caught


@pytest.mark.parametrize(
    ("peer", "forwarded", "asker"),
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "10.9.9.9", "10.9.9.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("", "198.51.100.1", ""),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7, ::ffff:10.0.0.2", "203.0.113.7"),
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
    ],
)
def test_who_asked(peer: str, forwarded: str, asker: str) -> None:
    assert seen(peer, **{"for": forwarded})["REMOTE_ADDR"] == asker


def test_only_a_trusted_proxy_says_that_tls_was_spoken() -> None:
    assert seen("10.0.0.1", proto="https")["wsgi.url_scheme"] == "https"
    assert seen("10.0.0.1", proto="https, http")["wsgi.url_scheme"] == "http"
    assert seen("10.0.0.1", proto="gopher")["wsgi.url_scheme"] == "http"
    assert seen("203.0.113.9", proto="https")["wsgi.url_scheme"] == "http"


def test_a_proxy_that_is_not_trusted_is_told_once() -> None:
    """Its requests look like plain http, and would be sent on to https without end."""
    asked = TrustedProxies(lambda _environ, _start: [], TRUSTED)
    with capture_logs() as told:
        for peer in ("203.0.113.9", "203.0.113.9", "10.0.0.1"):
            environ: dict[str, Any] = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_PROTO": "https"}
            asked(environ, lambda *_: lambda _: None)
    assert [(entry["event"], entry["address"]) for entry in told] == [
        ("proxy.not_trusted", "203.0.113.9")
    ]


def test_the_application_never_sees_the_headers_themselves() -> None:
    for peer in ("10.0.0.1", "203.0.113.9"):
        caught = seen(peer, **{"for": "1.2.3.4", "proto": "https", "host": "evil.example"})
        assert not [name for name in caught if "FORWARDED" in name]
