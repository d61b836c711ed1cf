"""A panel with a certificate that nobody vouches for: shown, and pinned."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.services.https_panel import https_ispmanager, self_signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Installation
    from tests.services.https_panel import Certificate


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return self_signed(tmp_path / "tls")


@pytest.fixture
def https_panel(certificate: Certificate) -> Iterator[str]:
    with https_ispmanager(certificate) as url:
        yield url


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
    installation: Installation, https_panel: str, certificate: Certificate
) -> None:
    url = https_panel.replace("127.0.0.1", "localhost")
    done = installation.manage(
        "panel", "add", "isp1", "--kind", "ispmanager", "--url", url, "--username", "root",
        "--password-env", "P", "--ca-file", str(certificate[0]), P="root-sandbox",
    )  # fmt: skip
    assert done.code == 0, done.err
