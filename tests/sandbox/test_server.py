"""The HTTP server: parallel work, limits, and the shape of what goes over the wire."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.sandbox.sandbox_process import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.sandbox_process import Running

WHOAMI = b"func=whoami&out=xml&authinfo=admin:admin-sandbox"


def many(sandbox: Running, count: int) -> list[int]:
    """Send so many calls at once, each on its own connection; give the statuses."""
    url = urlsplit(sandbox.urls["billmanager"])
    head = b"POST /billmgr HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    found = []
    with ExitStack() as stack:
        lines = []
        for _ in range(count):
            line = socket.create_connection((url.hostname or "", url.port or 0), 20)
            lines.append(stack.enter_context(line))
        for line in lines:
            line.sendall(head % len(WHOAMI) + WHOAMI)
        for line in lines:
            found.append(int(line.recv(65536).split()[1]))  # noqa: PERF401 - it waits in between
    return found


def talk(sandbox: Running, *parts: bytes) -> bytes:
    """Send bytes as they are, and give all that comes back until the end."""
    url = urlsplit(sandbox.urls["billmanager"])
    found = b""
    with socket.create_connection((url.hostname or "", url.port or 0), 5) as line:
        for part in parts:
            line.sendall(part)
        line.shutdown(socket.SHUT_WR)
        while piece := line.recv(65536):
            found += piece
    return found


def test_latency_blocks_nobody(sandbox: Running) -> None:
    sandbox.control("dials", {"latency": 100})
    began = time.monotonic()
    assert many(sandbox, 100) == [200] * 100
    assert time.monotonic() - began < 0.9
    assert sandbox.ledger()["calls_max_parallel_by_panel"]["billmanager"] > 20


def test_one_call_takes_its_latency(sandbox: Running) -> None:
    sandbox.control("dials", {"latency": 150})
    began = time.monotonic()
    many(sandbox, 1)
    assert 0.15 <= time.monotonic() - began < 1


def test_calls_over_the_limit_wait_in_line(sandbox: Running) -> None:
    sandbox.control("dials", {"latency": 100, "parallel": 5})
    began = time.monotonic()
    assert many(sandbox, 20) == [200] * 20
    assert time.monotonic() - began >= 0.4


def test_calls_over_the_limit_can_be_turned_away(sandbox: Running) -> None:
    sandbox.control("dials", {"latency": 300, "parallel": 5, "parallel_over": "refuse"})
    assert sorted(many(sandbox, 20)) == [200] * 5 + [503] * 15
    assert many(sandbox, 1) == [200]


@pytest.mark.parametrize("path", ["/billmgr", "/manager/billmgr"])
def test_get_and_post_on_both_paths(sandbox: Running, path: str) -> None:
    url = sandbox.base.removesuffix("/_sandbox/") + path
    data = {"func": "whoami", "out": "xml", "authinfo": "admin:admin-sandbox"}
    for answer in (
        sandbox.session.get(url, params=data, timeout=5),
        sandbox.session.post(url, data=data, timeout=5),
        sandbox.session.post(url + "?func=whoami", data=data, timeout=5),
    ):
        assert "<user" in answer.text
        assert answer.headers["Content-Type"].startswith("text/xml")


def test_a_panel_answers_on_its_own_path_alone(sandbox: Running) -> None:
    assert (
        sandbox.session.get(
            sandbox.urls["isp1"].replace("ispmgr", "billmgr"), timeout=5
        ).status_code
        == 404
    )
    assert sandbox.session.get(sandbox.base + "nothing", timeout=5).status_code == 404
    isp_control = sandbox.urls["isp1"].replace("/ispmgr", "/_sandbox/ledger")
    assert sandbox.session.get(isp_control, timeout=5).status_code == 404


def test_two_requests_in_one_piece_are_answered_in_order(sandbox: Running) -> None:
    one = b"GET /billmgr?" + WHOAMI + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answers = talk(sandbox, one + last)
    assert answers.index(b"200 OK") < answers.index(b"404 Not Found")


def test_a_body_may_come_in_pieces(sandbox: Running) -> None:
    head = b"POST /billmgr HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    answer = talk(sandbox, head % len(WHOAMI), WHOAMI[:10], WHOAMI[10:])
    assert b"<user" in answer


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST /billmgr HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"POST /billmgr HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"POST /billmgr HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"413"),
    ],
)
def test_what_is_no_request_is_refused(
    sandbox: Running, request_bytes: bytes, status: bytes
) -> None:
    assert talk(sandbox, request_bytes).startswith(b"HTTP/1.1 " + status)


def test_an_unknown_output_is_a_page(sandbox: Running) -> None:
    answer = sandbox.session.get(sandbox.urls["billmanager"], params={"func": "whoami"}, timeout=5)
    assert answer.text.startswith("<!DOCTYPE")


def test_options_that_cannot_be_used_end_with_2(tmp_path: object) -> None:
    for options in (["--dialect", "nothing"], ["--dial", "speed=1"], ["--dial", 'parallel="x"']):
        command = [sys.executable, "-m", "panels.sandbox", "--billmanager-port", "0", *options]
        ended = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20
        )
        assert ended.returncode == 2
        assert ended.stderr.startswith("sandbox: ")


def test_an_answer_is_sent_in_one_piece(sandbox: Running) -> None:
    """So that a small call costs its caller one reading."""
    url = urlsplit(sandbox.urls["billmanager"])
    one = b"POST /billmgr HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (
        len(WHOAMI),
        WHOAMI,
    )
    with socket.create_connection((url.hostname or "", url.port or 0), 5) as line:
        for _ in range(300):
            line.sendall(one)
            assert line.recv(65536).endswith(b"</doc>\n")


def test_https(launch: Callable[..., Running], tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    cert, key = folder / "cert.pem", folder / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-keyout",
            str(key),
            "-out",
            str(cert),
            *subject,
        ],
        check=True,
        capture_output=True,
    )
    sandbox = launch("--tls", str(cert), str(key))
    assert sandbox.urls["billmanager"].startswith("https://")
    sandbox.session.verify = str(cert)
    assert sandbox.bill("whoami").find("user") is not None


def test_nothing_of_the_client_is_imported() -> None:
    code = (
        "import sys, panels.sandbox.__main__, panels.sandbox.http.adapter\n"
        "print([n for n in sys.modules if n.startswith('panels.')"
        " and not n.startswith('panels.sandbox')])"
    )
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
