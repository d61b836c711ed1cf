"""Normal form of a panel's URL, so that one server cannot be registered twice."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from panels.normal_forms import ascii_domain, clean

DEFAULT_PATHS = {"billmanager": "/billmgr", "ispmanager": "/ispmgr"}
DEFAULT_PORTS = {"https": 443, "http": 80}
PANEL_PORT = 1500


class AddressError(ValueError):
    """A panel's URL cannot be understood; the text says what to write."""


_PANEL_PATH = re.compile(r"(.*?/(?:billmgr|ispmgr))(?:/.*)?", re.IGNORECASE)
"""What stands behind the panel's own path is a page of it, copied from a browser."""


_HOST = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?", re.IGNORECASE)
"""A name or an IPv4 address; whatever else is connected to would be refused only then."""


def normalise(url: str, kind: str) -> tuple[str, str]:
    """The URL to call, and the address that identifies the server.

    A bare host gets ``https`` and the panels' default port 1500; a missing path becomes the
    kind's own (billmanager.md 1.1, ispmanager.md 1.1). What a browser's address bar has behind it
    (a page, parameters, an anchor) is left out. The address is host:port/path in lower case, with
    the alias ``/manager/…`` folded into the short path.
    Raises AddressError when there is no host or one that cannot be, or a user or password in it.
    """
    text = clean(url)
    if "://" not in text:
        host = re.split(r"[/?#]", text, maxsplit=1)[0]
        rest = text[len(host) :]
        text = f"https://{text}" if _has_port(host) else f"https://{host}:{PANEL_PORT}{rest}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise AddressError(_("“%(url)s” is not a URL.") % {"url": url}) from error
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise AddressError(_("Write the panel's URL as https://host:1500/…"))
    if parts.username is not None or parts.password is not None:
        raise AddressError(_("Write the URL without a user or a password."))
    host = _ascii(parts.hostname, url)
    path = _path(parts.path, kind)
    port = port or DEFAULT_PORTS[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    short = path.removeprefix("/manager")
    return f"{parts.scheme}://{shown}:{port}{path}", f"{shown.lower()}:{port}{short.lower()}"


def candidates(url: str, kind: str) -> list[str]:
    """The URLs at which a panel may answer that is written so, the likeliest first.

    What the person wrote stands; only a missing port (1500, or 443 behind a proxy) and a missing
    path (the short one, or ``/manager/…``) are tried in turn (billmanager.md 1.1).
    Raises AddressError like ``normalise``.
    """
    first, _address = normalise(url, kind)
    text = clean(url)
    written = urlsplit(text if "://" in text else f"https://{text}")
    place = urlsplit(first)
    ports = [place.port or PANEL_PORT]
    if written.port is None and place.scheme == "https":
        ports = list(dict.fromkeys([*ports, DEFAULT_PORTS["https"], PANEL_PORT]))
    paths = [place.path]
    if written.path.strip("/") in {"", "manager"}:
        paths += [DEFAULT_PATHS[kind], f"/manager{DEFAULT_PATHS[kind]}"]
    host = f"[{place.hostname}]" if ":" in (place.hostname or "") else place.hostname
    found = [
        f"{place.scheme}://{host}:{port}{path}" for path in dict.fromkeys(paths) for port in ports
    ]
    return list(dict.fromkeys(found))


def alias(url: str) -> str:
    """The panel's other usual address: with ``/manager`` before its path, or without it.

    "" for an address that is neither.
    """
    parts = urlsplit(url)
    short = parts.path.removeprefix("/manager")
    if short.lower() not in DEFAULT_PATHS.values():
        return ""
    path = short if parts.path != short else f"/manager{short}"
    return parts._replace(path=path).geturl()


def _has_port(host: str) -> bool:
    """Whether a host as written names a port; the colons of a bare IPv6 address are none."""
    return ":" in host.rpartition("]")[2]


def _ascii(host: str, url: str) -> str:
    """The host as it is looked up. Raises AddressError for what cannot be one."""
    try:
        name = host if host.isascii() else ascii_domain(host)
        if ":" in name:
            ipaddress.IPv6Address(name)
    except ValueError as error:
        raise AddressError(_("“%(url)s” is not a URL.") % {"url": url}) from error
    if ":" not in name and not _HOST.fullmatch(name):
        raise AddressError(_("“%(url)s” is not a URL.") % {"url": url})
    return name


def _path(written: str, kind: str) -> str:
    path = written.rstrip("/")
    cut = _PANEL_PATH.fullmatch(path)
    if cut is not None:
        path = cut.group(1)
    if path == "/manager":
        return f"/manager{DEFAULT_PATHS[kind]}"
    return path or DEFAULT_PATHS[kind]
