"""An installation in a folder that is thrown away, run by `manage.py up` as people run it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

from integrator.core.env import BASE_DIR
from tests.services.ports import free_ports
from tests.services.variables import NAMES
from tests.services.waits import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

START_LIMIT = 180.0
"""Seconds that it may take until the demo is ready."""


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
        """Start the demo; returns once it prints that it is ready."""
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


@contextmanager
def throwaway() -> Iterator[Installation]:
    """One in a folder with a short name, for the sake of the socket in it; nothing is left."""
    folder = Path(tempfile.mkdtemp(prefix="up-", dir="/tmp"))
    made = Installation(folder / "var")
    yield made
    assert eventually(lambda: not made.left()), made.left()
    shutil.rmtree(folder)
