"""Rules for addresses that may be connected to, and for trusted certificates."""

from __future__ import annotations

import functools
import ipaddress
import re
import socket
import ssl
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography import x509
from urllib3.util.connection import create_connection

from panels.coremanager.errors import Unreachable
from panels.notes import Note, note

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from panels.http.endpoint import Endpoint

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Written out instead of `is_private`, which also covers documentation and benchmark ranges.
_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
            # Also site-local, of which new networks have none, and what a network translates with
            # rules of its own, which nobody can read out of the address.
            *("fc00::/7", "fec0::/10", "64:ff9b:1::/48"),
        ),
    )
)
# A cloud's metadata services outside of link-local: private or even public by their number.
_METADATA = frozenset(
    map(ipaddress.ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"))
)
# The last 32 bits are an IPv4 address: translated (NAT64, SIIT) and the old compatible form.
_EMBEDDED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::ffff:0:0:0/96", "::/96")))
_PIN = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate of a panel's TLS handshake, trusted or not.

    `fingerprint` is the SHA-256 of the DER form in lower-case hex, as `pin_sha256` takes it.
    """

    fingerprint: str
    subject: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """The parts of an endpoint's URL."""

    scheme: str
    host: str
    port: int


def place_of(endpoint: Endpoint) -> Place:
    """Take an endpoint's URL apart. Raises `Unreachable` for one that may not be called."""
    try:
        parts = urlsplit(endpoint.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Unreachable(note("address.not_http"), panel=endpoint.name)
    if parts.username is not None or parts.query or parts.fragment:
        raise Unreachable(note("address.login"), panel=endpoint.name)
    if parts.scheme == "http" and not endpoint.allow_insecure:
        raise Unreachable(note("address.plain_http"), panel=endpoint.name)
    return Place(parts.scheme, parts.hostname, port)


def objection(address: IPAddress, endpoint: Endpoint) -> Note | None:
    """Say why this address may not be connected to; None when it may.

    Addresses inside addresses (IPv4-mapped, -translated and -compatible, 6to4, Teredo, NAT64) are
    judged by the inner one.
    """
    for judged in (address, *_inner(address)):
        if judged in _METADATA or judged.is_link_local:
            return note("address.link_local")
        if judged.is_loopback:
            if not endpoint.allow_insecure:
                return note("address.itself")
        elif any(judged in net for net in _PRIVATE if net.version == judged.version):
            if not endpoint.allow_private:
                return note("address.private")
        elif judged.is_multicast or not (judged.is_global or _inner(judged)):
            return note("address.not_public")
    return None


def _inner(address: IPAddress) -> tuple[IPAddress, ...]:
    if isinstance(address, ipaddress.IPv4Address) or address.is_loopback or address.is_unspecified:
        return ()
    if any(address in network for network in _EMBEDDED):
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    found = (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()))
    return tuple(inner for inner in found if inner is not None)


def checked_addresses(host: str, port: int, endpoint: Endpoint) -> list[str]:
    """Resolve a host once and give its addresses, each of them checked.

    One forbidden address refuses them all: a name that answers with a public and a private
    address is how a check is slipped. Raises `Unreachable`.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = note("address.unresolved", host=host, why=str(error))
        raise Unreachable(why, panel=endpoint.name) from None
    addresses: list[str] = []
    for *_, place in found:
        text = str(place[0])
        reason = objection(ipaddress.ip_address(text.split("%", 1)[0]), endpoint)
        if reason is not None:
            why = note("address.forbidden", host=host, address=text, why=reason)
            raise Unreachable(why, panel=endpoint.name)
        if text not in addresses:
            addresses.append(text)
    return addresses


def dial(
    host: str,
    port: int,
    endpoint: Endpoint,
    *,
    timeout: float,
    options: list[tuple[int, int, int | bytes]] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> socket.socket:
    """Connect to the first checked address that answers, all within `timeout` seconds.

    What is connected to is the address that was checked: resolving twice would leave room for a
    name that changes in between. Raises `Unreachable`.
    """
    failure: OSError | None = None
    until = clock() + timeout
    for address in checked_addresses(host, port, endpoint):
        left = until - clock()
        if left <= 0:
            break
        try:
            return create_connection((address, port), left, socket_options=options)
        except OSError as error:
            failure = error
    if failure is None or isinstance(failure, TimeoutError):
        raise Unreachable(note("connection.late", seconds=f"{timeout:g}"), panel=endpoint.name)
    why = note("connection.failed", why=failure.strerror or str(failure))
    raise Unreachable(why, panel=endpoint.name)


def tls_context(endpoint: Endpoint) -> ssl.SSLContext:
    """Give what a connection to this endpoint is verified with. Raises `Unreachable`.

    With a pin no CA is asked: the connection compares the certificate itself.
    """
    if endpoint.pin_sha256 is not None:
        return _unverified()
    if endpoint.ca_file is None:
        return _system()
    try:
        return ssl.create_default_context(cafile=endpoint.ca_file)
    except OSError as error:  # ssl.SSLError, for a file without certificates, is one too
        reason = error.strerror or str(error)
        why = note("certificate.ca_file", why=reason)
        raise Unreachable(why, panel=endpoint.name) from None


def pin_of(endpoint: Endpoint) -> str | None:
    """Give the pin as bare lower-case hex; None when there is none. Raises `Unreachable`."""
    if endpoint.pin_sha256 is None:
        return None
    pin = endpoint.pin_sha256.replace(":", "").replace(" ", "").lower()
    if _PIN.fullmatch(pin) is None:
        raise Unreachable(note("certificate.pin"), panel=endpoint.name)
    return pin


def look(endpoint: Endpoint, *, timeout: float = 3.05) -> Certificate:
    """Fetch the certificate that a panel shows, without trusting it and without sending a request.

    For the first look at a self-signed panel and for the report of a changed one.
    Raises `Unreachable`.
    """
    place = place_of(endpoint)
    with dial(place.host, place.port, endpoint, timeout=timeout) as plain:
        try:
            with _unverified().wrap_socket(plain, server_hostname=place.host) as secured:
                der = secured.getpeercert(binary_form=True)
        except OSError as error:
            reason = error.strerror or str(error)
            why = note("certificate.handshake", why=reason)
            raise Unreachable(why, panel=endpoint.name) from None
    return _read_certificate(der or b"", endpoint)


def _read_certificate(der: bytes, endpoint: Endpoint) -> Certificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
        subject = certificate.subject.rfc4514_string()
    except ValueError:
        raise Unreachable(note("certificate.unreadable"), panel=endpoint.name) from None
    return Certificate(
        fingerprint=sha256(der).hexdigest(),
        subject=subject,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


@functools.cache
def _system() -> ssl.SSLContext:
    # Loading the system's CAs takes some 20 ms, so all connections share one context.
    return ssl.create_default_context()


@functools.cache
def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
