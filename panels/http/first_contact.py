"""First contact with an address, before any login: what answers there, with which certificate.

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
from panels.http.answer_reader import AnswerReader
from panels.http.connection import Connection, Lost
from panels.http.tls import dial, look, place_of, tls_context

if TYPE_CHECKING:
    from panels.http.endpoint import Endpoint
    from panels.http.tls import Certificate

CONNECT, READ = 3.05, 10.0
_MAX_BYTES = 64 * 1024
_QUESTION = b"func=whoami&out=xml&lang=en"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of the first contact.

    `certificate` is None for plain http. `distrust` says why the certificate is not trusted by
    what the endpoint trusts (the system's CAs, its CA file, its pin); '' when it is. `speaks`: an
    XML answer with the root `doc` came, as a panel gives it even to a stranger. `updating`: a page
    came which says that the panel is being updated.
    """

    certificate: Certificate | None
    distrust: str
    speaks: bool
    updating: bool = False


def probe(endpoint: Endpoint) -> ProbeResult:
    """Probe an endpoint. Raises `Unreachable` when nobody can be connected to there."""
    if place_of(endpoint).scheme == "http":
        return ProbeResult(None, "", *_speaks(endpoint))
    certificate = look(endpoint, timeout=CONNECT)
    # What is asked next goes to whoever showed this certificate, trusted or not.
    met = replace(endpoint, ca_file=None, pin_sha256=certificate.fingerprint)
    return ProbeResult(certificate, _distrust(endpoint, certificate), *_speaks(met))


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
    connection = Connection(endpoint, connect_timeout=CONNECT, read_timeout=READ)
    reader = AnswerReader(_MAX_BYTES)
    try:
        connection.post(_QUESTION, reader, send_by=None)
        parse(reader.body)
    except (Lost, TooLarge, UnexpectedAnswer, CertificateRefused):
        return False, is_html(reader.body) and says_updating(reader.body)
    finally:
        connection.close()
    return True, False
