"""`manage.py up`, as people run it: the demo, its restart, its end by any means."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integrator.core.env import BASE_DIR
from tests.services.installation import START_LIMIT, Installation, throwaway
from tests.services.ports import free_ports
from tests.services.slow_cases import first_of
from tests.services.waits import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def installation() -> Iterator[Installation]:
    with throwaway() as made:
        yield made


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
from integrator.supervisor import liveness
liveness.MAX_SILENCE = 4.0
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
