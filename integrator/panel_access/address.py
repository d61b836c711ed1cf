"""One spelling for a panel's address, so that one server cannot be registered twice."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.utils.translation import gettext as _

DEFAULT_PATHS = {"billmanager": "/billmgr", "ispmanager": "/ispmgr"}
DEFAULT_PORTS = {"https": 443, "http": 80}
PANEL_PORT = 1500


class AddressError(ValueError):
    """A panel's URL cannot be understood; the text says what to write."""


def normalise(url: str, kind: str) -> tuple[str, str]:
    """The URL to call, and the address that identifies the server.

    A bare host gets ``https`` and the panels' default port 1500; a missing path becomes the
    kind's own (billmanager.md 1.1, ispmanager.md 1.1). The address is host:port/path in lower
    case, with the alias ``/manager/…`` folded into the short path.
    Raises AddressError when there is no host, or a user, query or fragment in it.
    """
    text = url.strip()
    if "://" not in text:
        host = text.split("/", 1)[0]
        text = (
            f"https://{text}" if ":" in host else f"https://{host}:{PANEL_PORT}{text[len(host) :]}"
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise AddressError(_("“%(url)s” is not a URL.") % {"url": url}) from error
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise AddressError(_("Write the panel's URL as https://host:1500/…"))
    if parts.username or parts.password or parts.query or parts.fragment:
        raise AddressError(_("Write the URL without a user, a password or parameters."))
    host = (
        parts.hostname.encode("idna").decode() if not parts.hostname.isascii() else parts.hostname
    )
    path = parts.path.rstrip("/") or DEFAULT_PATHS[kind]
    port = port or DEFAULT_PORTS[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    short = path.removeprefix("/manager")
    return f"{parts.scheme}://{shown}:{port}{path}", f"{shown.lower()}:{port}{short.lower()}"
