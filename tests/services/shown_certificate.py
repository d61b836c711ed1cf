"""A certificate that nobody vouches for, and a server's side that shows it."""

from __future__ import annotations

import ipaddress
import ssl
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography import x509

from tests.services.https_panel import self_signed

if TYPE_CHECKING:
    from pathlib import Path


class Shown:
    """A self-signed certificate with the context that serves it."""

    def __init__(self, folder: Path, name: str, address: str = "127.0.0.1") -> None:
        host = x509.IPAddress(ipaddress.ip_address(address))
        self.file, key_file = self_signed(folder / name, days=30, subject=name, host=host)
        self.pin = sha256(ssl.PEM_cert_to_DER_cert(self.file.read_text())).hexdigest()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.file, key_file)
