"""A first look at an address, before any login: who answers there, and with which certificate.

No secret is sent, so nothing need be trusted yet.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from panels.coremanager.documents import is_html, parse
from panels.coremanager.errors import CertificateRefused, UnexpectedAnswer
from panels.coremanager.web_pages import says_updating
from panels.http.answer_limits import TooLarge
from panels.http.intake import Intake
from panels.http.line import Line, Lost
from panels.http.tls import dial, look, place_of, tls_context

if TYPE_CHECKING:
    from panels.http.endpoint import Endpoint
    from panels.http.tls import Certificate

CONNECT, READ = 3.05, 10.0
_MAX_BYTES = 64 * 1024
_QUESTION = b"func=whoami&out=xml&lang=en"


@dataclass(frozen=True, slots=True)
class Glance:
    """The result of a first look.

    `certificate` is None for plain http. `distrust` says why the certificate is not trusted by
    what the endpoint trusts (the system's CAs, its CA file, its pin); '' when it is. `speaks`: an
    XML answer with the root `doc` came, as a panel gives it even to a stranger. `updating`: a page
    came which says that the panel is being updated.
    """

    certificate: Certificate | None
    distrust: str
    speaks: bool
    updating: bool = False


def glance(endpoint: Endpoint) -> Glance:
    """Look at an endpoint. Raises `Unreachable` when nobody can be connected to there."""
    if place_of(endpoint).scheme == "http":
        return Glance(None, "", *_speaks(endpoint))
    certificate = look(endpoint, timeout=CONNECT)
    # What is asked next goes to whoever showed this certificate, trusted or not.
    met = replace(endpoint, ca_file=None, pin_sha256=certificate.fingerprint)
    return Glance(certificate, _distrust(endpoint, certificate), *_speaks(met))


def _distrust(endpoint: Endpoint, shown: Certificate) -> str:
    if endpoint.pin_sha256 is not None:
        same = endpoint.pin_sha256.replace(":", "").lower() == shown.fingerprint
        return "" if same else "it is not the pinned one"
    place = place_of(endpoint)
    with dial(place.host, place.port, endpoint, timeout=CONNECT) as plain:
        try:
            tls_context(endpoint).wrap_socket(plain, server_hostname=place.host).close()
        except ssl.SSLCertVerificationError as error:
            return error.verify_message
        except OSError as error:
            return error.strerror or str(error)
    return ""


def _speaks(endpoint: Endpoint) -> tuple[bool, bool]:
    """Whether a panel's answer came, and whether a page about its update did."""
    line = Line(endpoint, connect_timeout=CONNECT, read_timeout=READ)
    intake = Intake(_MAX_BYTES)
    try:
        line.post(_QUESTION, intake, send_by=None)
        parse(intake.body)
    except (Lost, TooLarge, UnexpectedAnswer, CertificateRefused):
        return False, is_html(intake.body) and says_updating(intake.body)
    finally:
        line.close()
    return True, False
