"""An ispmanager stand-in with a self-signed certificate."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrator.core.env import BASE_DIR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Certificate = tuple["Path", "Path"]
"""The files of a certificate and of its key, both PEM."""
LOCALHOST = x509.DNSName("localhost")


def self_signed(
    folder: Path,
    *,
    days: int = 300,
    subject: str = "panel.example",
    host: x509.GeneralName = LOCALHOST,
) -> Certificate:
    """A self-signed certificate for this host, valid for so many days from now."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([host]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = (folder / "cert.pem", folder / "key.pem")
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


@contextmanager
def https_ispmanager(certificate: Certificate, port: int = 0) -> Iterator[str]:
    """A panel with two accounts that shows this certificate; its URL. Port 0: any free one."""
    cert, key = certificate
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "panels.sandbox", "--billmanager-port", "0"),
            *("--ispmanager-port", str(port), "--accounts", "2"),
            *("--tls", str(cert), str(key)),
        ],
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    with process.stdout as told:
        found = re.search(r"isp1=(\S+)", told.readline())
        assert found
        try:
            yield found.group(1)
        finally:
            process.terminate()
            process.wait(20)
