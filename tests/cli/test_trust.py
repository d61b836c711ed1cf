"""A panel with a certificate that nobody vouches for: shown, and pinned."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrator.env import BASE_DIR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Installation


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for the loopback address, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "panel.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = (tmp_path / "cert.pem", tmp_path / "key.pem")
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


@pytest.fixture
def https_panel(certificate: tuple[Path, Path]) -> Iterator[str]:
    """An ispmanager stand-in that shows that certificate; its URL."""
    cert, key = certificate
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "panels.sandbox", "--billmanager-port", "0"),
            *("--ispmanager-port", "0", "--accounts", "2", "--tls", str(cert), str(key)),
        ],
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    with process.stdout as told:
        found = re.search(r"isp1=(\S+)", told.readline())
        assert found
        yield found.group(1)
        process.terminate()
        process.wait(20)


def test_a_strange_certificate_is_shown_and_can_be_pinned(
    installation: Installation, https_panel: str
) -> None:
    words = ("panel", "add", "isp1", "--kind", "ispmanager", "--url", https_panel,
             "--username", "root", "--password-env", "P")  # fmt: skip
    refused = installation.manage(*words, P="root-sandbox")
    assert refused.code == 3
    assert "panel.example" in refused.err
    pin = re.search(r"--pin (\w{64})", refused.err)
    assert pin, refused.err
    wrong = installation.manage(*words, "--pin", "0" * 64, P="root-sandbox")
    assert wrong.code == 3
    pinned = installation.manage(*words, "--pin", pin.group(1), P="root-sandbox")
    assert pinned.code == 0, pinned.err


def test_a_ca_file_is_trusted(
    installation: Installation, https_panel: str, certificate: tuple[Path, Path]
) -> None:
    url = https_panel.replace("127.0.0.1", "localhost")
    done = installation.manage(
        "panel", "add", "isp1", "--kind", "ispmanager", "--url", url, "--username", "root",
        "--password-env", "P", "--ca-file", str(certificate[0]), P="root-sandbox",
    )  # fmt: skip
    assert done.code == 0, done.err
