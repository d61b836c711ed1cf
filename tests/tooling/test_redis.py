from __future__ import annotations

import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis as client

from integrator.core.env import local_redis
from integrator.supervisor import redis
from integrator.supervisor.child import Child
from tests.services.waits import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def var_dir() -> Iterator[Path]:
    """Short, as a socket's path must be."""
    folder = Path(tempfile.mkdtemp(prefix="var-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(params=["of the machine", "of the wheel"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "of the wheel":
        monkeypatch.setattr(shutil, "which", lambda _: None)
    return str(redis.find_server())


def end(child: Child) -> None:
    child.ask_to_end()
    assert eventually(lambda: child.collect() is not None)


def test_what_was_acknowledged_is_there_after_a_restart(server: str, var_dir: Path) -> None:
    program = redis.program(var_dir)
    assert program.command[0] == server
    for value in (None, b"1"):
        child = Child(program)
        child.start()
        assert program.ready
        assert eventually(program.ready), list(child.lines(all_of_it=True))
        with client.Redis.from_url(local_redis(var_dir)) as connection:
            assert connection.get("kept") == value
            connection.set("kept", 1)
        end(child)


def test_nobody_else_can_reach_it(var_dir: Path) -> None:
    program = redis.program(var_dir)
    child = Child(program)
    child.start()
    assert program.ready
    assert eventually(program.ready)
    socket = var_dir / "redis" / "redis.sock"
    assert stat.S_IMODE(socket.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert program.command[program.command.index("--port") + 1] == "0"
    end(child)


def test_a_folder_whose_name_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(redis.NoRedisError, match="give a shorter VAR_DIR, or REDIS_URL"):
        redis.program(tmp_path / ("x" * 120))
