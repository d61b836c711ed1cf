"""`manage.py up`, as people run it: the demo, its restart, its end by any means."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integrator.core.env import BASE_DIR, NAMES
from tests.services.choice import first_of
from tests.services.patience import eventually
from tests.services.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

START_LIMIT = 180.0


class Installation:
    """A VAR_DIR, and what is run on it."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir
        (self.port,) = free_ports(1)
        kept = {name: value for name, value in os.environ.items() if name not in NAMES}
        self.environ = {**kept, "VAR_DIR": str(var_dir)}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(BASE_DIR / "manage.py"), *arguments]

    def run(self, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, from a folder that is not the project's."""
        return subprocess.run(
            self.command(*arguments),
            env={**self.environ, **given},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    def start(self, *arguments: str, **given: str) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as out:
            return subprocess.Popen(
                self.command(*arguments),
                env={**self.environ, **given},
                cwd="/",
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def up(self) -> subprocess.Popen[bytes]:
        """Start the demo; returns once it says that it is ready."""
        process = self.start("up", "--demo", "--port", str(self.port))
        assert eventually(
            lambda: "is ready" in self.said or process.poll() is not None,
            patience=START_LIMIT,
        ), self.said
        assert process.poll() is None, self.said
        return process

    @property
    def log(self) -> Path:
        return self.var_dir.with_suffix(".log")

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def left(self) -> list[str]:
        """The command lines of all processes that run with this VAR_DIR."""
        mark = f"VAR_DIR={self.var_dir}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append((folder / "cmdline").read_bytes().decode().replace("\0", " "))
            except (FileNotFoundError, PermissionError, ProcessLookupError):
                continue  # it has ended, or is not ours
        return found

    def running(self, role: str) -> list[int]:
        """The ids of the processes of a role."""
        mark = {"worker": "--app integrator.celery worker", "beat": "integrator.supervisor.beat"}
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                ours = f"VAR_DIR={self.var_dir}".encode() in (folder / "environ").read_bytes()
                line = (folder / "cmdline").read_bytes().decode().replace("\0", " ")
            except (FileNotFoundError, PermissionError, ProcessLookupError):
                continue
            if ours and mark[role] in line:
                found.append(int(folder.name))
        return found

    def get(self, path: str) -> int:
        asking = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            asking.request("GET", path)
            return asking.getresponse().status
        finally:
            asking.close()


@pytest.fixture
def installation() -> Iterator[Installation]:
    """In a folder with a short name, for the sake of the socket in it."""
    folder = Path(tempfile.mkdtemp(prefix="up-", dir="/tmp"))
    made = Installation(folder / "var")
    yield made
    assert eventually(lambda: not made.left()), made.left()
    shutil.rmtree(folder)


def test_the_demo_comes_up_is_killed_comes_back_and_stops(installation: Installation) -> None:
    first = installation.up()
    password = re.search(r"password  (\S+)", installation.said)
    assert password
    assert installation.get("/healthz") == 200

    second = installation.run("up", "--demo", "--port", str(free_ports(1)[0]))
    assert second.returncode == 2
    assert f"(process {first.pid}) already runs on" in second.stderr

    first.kill()
    first.wait()
    assert eventually(lambda: not installation.left()), installation.left()

    sandbox = (installation.var_dir / "demo" / "ports.json").read_text()
    again = installation.up()
    assert f"password  {password[1]}" in installation.said
    assert (installation.var_dir / "demo" / "ports.json").read_text() == sandbox
    for path in (installation.var_dir, *(installation.var_dir / name for name in ("keys", "demo"))):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700

    again.send_signal(signal.SIGTERM)
    assert again.wait(20) == 0
    assert eventually(lambda: not installation.left()), installation.left()

    plain = installation.run("up", "--port", str(installation.port))
    assert plain.returncode == 2
    assert "holds the demo" in plain.stderr


SOON_FROZEN = """
import runpy, sys
from pathlib import Path
from integrator.core import keys
from integrator.supervisor import life
life.SILENCE = 4.0
keys.create_missing(Path(sys.argv[2]))
sys.argv = sys.argv[1:2] + sys.argv[3:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("role", first_of(["worker", "beat"]))
def test_a_worker_that_is_stopped_is_replaced(installation: Installation, role: str) -> None:
    manage = str(BASE_DIR / "manage.py")
    installation.var_dir.mkdir(mode=0o700)
    with installation.log.open("wb") as out:
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", SOON_FROZEN, manage, str(installation.var_dir)),
                *("up", "--port", str(installation.port)),
            ],
            env={**installation.environ, "PYTHONPATH": str(BASE_DIR), "WORKERS": "1"},
            cwd="/", stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        ready = eventually(lambda: "is ready" in installation.said, patience=START_LIMIT)
        assert ready, installation.said
        (first,) = installation.running(role)
        os.kill(first, signal.SIGSTOP)
        killed = "ended with SIGKILL; starts again"
        assert eventually(lambda: killed in installation.said, patience=120), installation.said
        assert eventually(lambda: installation.running(role) not in ([], [first]), patience=120)
        assert "has given no sign of life for" in installation.said
        assert "web" not in [line.split()[2] for line in installation.said.splitlines()
                             if "sign of life" in line]  # fmt: skip
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, installation.said


def test_a_port_in_use_is_told(installation: Installation) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", installation.port))
        other.listen()
        done = installation.run("up", "--port", str(installation.port))
    assert done.returncode == 2
    assert f"Port {installation.port} of 127.0.0.1 is in use" in done.stderr


def test_the_demo_never_touches_a_real_installation(installation: Installation) -> None:
    installation.var_dir.mkdir()
    (installation.var_dir / "integrator.sqlite3").touch()
    done = installation.run("up", "--demo", "--port", str(installation.port))
    assert done.returncode == 2
    assert "is no demo" in done.stderr
    assert not (installation.var_dir / "demo.env").exists()


def test_one_role_alone_needs_keys(installation: Installation) -> None:
    done = installation.run("up", "--only", "worker")
    assert done.returncode == 2
    assert "give SECRET_KEY and FIELD_KEYS" in done.stderr


@pytest.mark.parametrize("role", first_of(["web", "worker", "beat"]))
def test_one_role_alone_runs_in_the_foreground(
    installation: Installation, redis_url: str, role: str
) -> None:
    given = {
        "REDIS_URL": redis_url,
        "SECRET_KEY": "0123456789abcdef" * 4,
        "FIELD_KEYS": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
    }
    installation.var_dir.mkdir()
    process = installation.start("up", "--only", role, "--port", str(installation.port), **given)
    health = [sys.executable, "-m", "integrator.supervisor.health", role, str(installation.port)]
    environ = {**installation.environ, **given, "PYTHONPATH": str(BASE_DIR)}
    asked = eventually(
        lambda: subprocess.run(health, env=environ, check=False, timeout=30).returncode == 0,
        patience=START_LIMIT,
    )
    process.terminate()
    ended = eventually(lambda: process.poll() is not None)
    kernel = Path(f"/proc/{process.pid}/status")
    assert ended, f"{installation.said}\n{kernel.read_text()}"
    assert asked, installation.said
    assert process.returncode == 0, installation.said
