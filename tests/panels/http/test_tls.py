"""Certificates: trusted, pinned, changed; and addresses that are not to be connected to."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import time
from typing import TYPE_CHECKING

import pytest

from panels.coremanager.errors import CertificateRefused, TooLate, Unreachable
from panels.http.endpoint import Endpoint
from panels.http.tls import checked_addresses, look, objection
from tests.panels.fakepanel import Reply
from tests.services.shown_certificate import Shown

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from pathlib import Path

    from tests.panels.fakepanel import Bench


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Shown(tmp_path, "panel")


def answer(_: object) -> Reply:
    return Reply()


def test_the_right_pin_needs_no_ca(make_bench: Callable[..., Bench], shown: Shown) -> None:
    colons = ":".join(shown.pin[i : i + 2] for i in range(0, 64, 2)).upper()
    for pin in (shown.pin, colons):
        b = make_bench(answer, context=shown.context, pin=pin)
        assert b.transport.read("whoami").ok
        b.transport.read("whoami")
        assert b.panel.connections == 1


def test_a_wrong_pin_sends_nothing_and_shows_the_certificate(
    make_bench: Callable[..., Bench], shown: Shown
) -> None:
    b = make_bench(answer, context=shown.context, pin="0" * 64)
    with pytest.raises(CertificateRefused, match="not the pinned one") as caught:
        b.transport.act("order", {}, send_by=time.monotonic() + 9)
    assert caught.value.fingerprint == shown.pin
    assert caught.value.subject == "CN=panel"
    assert caught.value.not_before is not None
    assert caught.value.not_after is not None
    assert caught.value.not_before < dt.datetime.now(dt.UTC) < caught.value.not_after
    assert b.panel.requests == []
    assert b.notes.last.outcome == "not sent"


class PassingTime:
    """A clock of monotonic seconds, and a server's TLS whose handshakes take a minute of it."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self.now = 0.0

    def wrap_socket(self, plain: socket.socket, *, server_side: bool) -> ssl.SSLSocket:
        self.now += 60.0
        return self._context.wrap_socket(plain, server_side=server_side)


def test_an_effect_is_not_sent_when_its_time_passes_while_it_connects(
    make_bench: Callable[..., Bench], shown: Shown
) -> None:
    time_passes = PassingTime(shown.context)
    b = make_bench(answer, context=time_passes, pin=shown.pin, monotonic=lambda: time_passes.now)
    b.transport.read("whoami")
    b.transport.close()
    with pytest.raises(TooLate, match="had passed"):
        b.transport.act("order", {}, send_by=time_passes.now + 5)
    assert b.panel.sent("order") == []
    assert b.notes.last.outcome == "not sent"
    b.transport.act("order", {}, send_by=time_passes.now + 65)
    assert len(b.panel.sent("order")) == 1


def test_a_certificate_that_changes_stops_everything(
    make_bench: Callable[..., Bench], shown: Shown, tmp_path: Path
) -> None:
    b = make_bench(answer, context=shown.context, pin=shown.pin)
    b.transport.read("whoami")
    other = Shown(tmp_path, "impostor")
    b.panel.context = other.context
    b.transport.close()
    with pytest.raises(CertificateRefused) as caught:
        b.transport.read("whoami")
    assert caught.value.fingerprint == other.pin
    assert caught.value.subject == "CN=impostor"


def test_self_signed_without_a_pin_is_refused(
    make_bench: Callable[..., Bench], shown: Shown
) -> None:
    b = make_bench(answer, context=shown.context)
    with pytest.raises(CertificateRefused, match="not trusted") as caught:
        b.transport.read("whoami")
    assert caught.value.fingerprint == shown.pin


def test_a_ca_file_is_trusted(make_bench: Callable[..., Bench], shown: Shown) -> None:
    b = make_bench(answer, context=shown.context, ca_file=shown.file)
    assert b.transport.read("whoami").ok


def test_a_trusted_certificate_of_another_host_is_refused(
    make_bench: Callable[..., Bench], tmp_path: Path
) -> None:
    other = Shown(tmp_path, "elsewhere", "192.0.2.7")
    b = make_bench(answer, context=other.context, ca_file=other.file)
    with pytest.raises(CertificateRefused):
        b.transport.read("whoami")


def test_a_ca_file_that_is_none(make_bench: Callable[..., Bench], tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    for file in (empty, tmp_path / "missing.pem"):
        b = make_bench(answer, ca_file=file, url="https://127.0.0.1:1/billmgr")
        with pytest.raises(Unreachable, match="CA file"):
            b.transport.read("whoami")


def test_a_pin_that_is_none(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(answer, pin="not hex", url="https://127.0.0.1:1/billmgr")
    with pytest.raises(Unreachable, match="pin"):
        b.transport.read("whoami")


def test_https_to_a_plain_port(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(answer)
    secure = make_bench(answer, url=b.panel.url.replace("http://", "https://"))
    with pytest.raises(Unreachable) as caught:
        secure.transport.read("whoami")
    assert not isinstance(caught.value, CertificateRefused)


def test_a_server_that_never_shakes_hands(make_bench: Callable[..., Bench]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/billmgr"
        b = make_bench(answer, url=url, connect_timeout=0.2)
        began = time.monotonic()
        with pytest.raises(Unreachable, match="TLS handshake"):
            b.transport.act("order", {}, send_by=time.monotonic() + 9)
        assert time.monotonic() - began < 2
        assert b.notes.last.outcome == "not sent"


def test_a_certificate_that_cannot_be_looked_at(
    make_bench: Callable[..., Bench], shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> object:
        raise Unreachable("gone by now")

    monkeypatch.setattr("panels.http.wire.look", gone)
    b = make_bench(answer, context=shown.context, pin="0" * 64)
    with pytest.raises(CertificateRefused) as caught:
        b.transport.read("whoami")
    assert caught.value.fingerprint is None


def test_a_look_at_what_speaks_no_tls(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(answer)
    url = b.panel.url.replace("http://", "https://")
    with pytest.raises(Unreachable, match="TLS handshake"):
        look(Endpoint("p", "billmanager", url, allow_insecure=True))


def test_the_next_address_is_tried(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    b = make_bench(answer)
    real = socket.getaddrinfo

    def two(host: str, *args: object, **kwargs: object) -> object:
        if host == "panel.example":
            return resolving("127.0.0.2", "127.0.0.1")()
        return real(host, *args, **kwargs)  # type: ignore[arg-type] # handed through

    monkeypatch.setattr(socket, "getaddrinfo", two)
    named = make_bench(answer, url=b.panel.url.replace("127.0.0.1", "panel.example"))
    assert named.transport.read("whoami").ok


def test_a_first_look_shows_the_certificate_and_sends_nothing(
    make_bench: Callable[..., Bench], shown: Shown
) -> None:
    b = make_bench(answer, context=shown.context)
    seen = look(b.transport.endpoint)
    assert (seen.fingerprint, seen.subject) == (shown.pin, "CN=panel")
    assert b.panel.requests == []


@pytest.mark.parametrize(
    ("address", "insecure", "private", "allowed"),
    [
        ("8.8.8.8", False, False, True),
        ("2001:4860:4860::8888", False, False, True),
        ("127.0.0.1", False, True, False),
        ("127.0.0.1", True, False, True),
        ("::1", False, True, False),
        ("::1", True, False, True),
        ("::ffff:127.0.0.1", False, True, False),
        ("10.1.2.3", True, False, False),
        ("10.1.2.3", False, True, True),
        ("172.16.0.1", False, False, False),
        ("192.168.1.1", False, True, True),
        ("100.64.0.1", False, False, False),
        ("100.64.0.1", False, True, True),
        ("fd12::1", False, False, False),
        ("fd12::1", False, True, True),
        ("::ffff:10.0.0.1", False, False, False),
        ("::ffff:10.0.0.1", False, True, True),
        ("64:ff9b::a00:1", False, False, False),
        ("64:ff9b::808:808", False, False, True),
        ("2002:7f00:1::", False, True, False),
        ("64:ff9b:1::a00:1", False, False, False),
        ("64:ff9b:1::a00:1", False, True, True),
        ("fec0::1", False, False, False),
        ("fec0::1", False, True, True),
        ("::127.0.0.1", False, True, False),
        ("::10.0.0.1", False, False, False),
        ("::8.8.8.8", False, False, True),
        ("::ffff:0:127.0.0.1", False, True, False),
        ("::ffff:0:10.0.0.1", False, False, False),
        ("::ffff:0:169.254.169.254", True, True, False),
        ("169.254.169.254", True, True, False),
        ("fe80::1", True, True, False),
        ("fd00:ec2::254", True, True, False),
        ("100.100.100.200", True, True, False),
        ("168.63.129.16", True, True, False),
        ("::ffff:169.254.169.254", True, True, False),
        ("0.0.0.0", True, True, False),
        ("::", True, True, False),
        ("224.0.0.1", True, True, False),
        ("255.255.255.255", True, True, False),
        ("192.0.2.1", True, True, False),
    ],
)
def test_which_addresses_may_be_connected_to(
    address: str, *, insecure: bool, private: bool, allowed: bool
) -> None:
    endpoint = Endpoint(
        "p", "billmanager", "https://x/", allow_insecure=insecure, allow_private=private
    )
    assert (objection(ipaddress.ip_address(address), endpoint) is None) is allowed


def resolving(*addresses: str) -> Callable[..., list[object]]:
    return lambda *_, **__: [(2, 1, 6, "", (address, 443)) for address in addresses]


def test_one_forbidden_address_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving("8.8.8.8", "10.0.0.1"))
    with pytest.raises(Unreachable, match=r"10\.0\.0\.1, which is in a private range"):
        checked_addresses("panel.example", 443, Endpoint("p", "billmanager", "https://x/"))


def test_the_name_is_resolved_once_and_the_checked_address_is_used(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that changes between check and connection (DNS rebinding) gains nothing."""
    b = make_bench(answer)
    url = b.panel.url.replace("127.0.0.1", "panel.example")
    asked = []
    real = socket.getaddrinfo

    def changing(host: str, *args: object, **kwargs: object) -> object:
        if host == "panel.example":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
        return real(host, *args, **kwargs)  # type: ignore[arg-type] # handed through

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    named = make_bench(answer, url=url)
    named.transport.read("whoami")
    assert asked == ["panel.example"]
    assert f"Host: panel.example:{b.panel.port}" in b.panel.requests[-1].head


def test_loopback_and_plain_http_need_a_word(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(answer, allow_insecure=False)
    with pytest.raises(Unreachable, match="plain http"):
        b.transport.read("whoami")
    b = make_bench(answer, allow_insecure=False, url="https://127.0.0.1:1500/billmgr")
    with pytest.raises(Unreachable, match="this machine itself"):
        b.transport.read("whoami")
    assert b.notes.last.outcome == "not sent"


def test_a_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreachable, match="cannot be resolved"):
        checked_addresses("nope.example", 443, Endpoint("p", "billmanager", "https://x/"))
