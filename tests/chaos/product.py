"""The real product as processes: what the tests start, kill, pause and ask.

Either the roles one by one (`start`), so that a test restarts them itself, or all of them under
`manage.py up`, which restarts them as it does for people.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import redis

from integrator.core.env import BASE_DIR, local_redis
from tests.services.forked_commands import command_server
from tests.services.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.services.sandbox import Sandbox

LEASE = 3.0
SETTLE = 4.0
CONNECT_TIMEOUT, READ_TIMEOUT = 2.0, 5.0
HORIZON = 2 * (CONNECT_TIMEOUT + 2 * READ_TIMEOUT) + 1
"""As short as it may be."""
CSV = "accounts.csv"
"""What an operator brings along, passwords and all; in VAR_DIR for want of another place."""
START_LIMIT = 180.0
COMMAND_LIMIT = 240.0
SLOWEST = 4
"""How many times slower than a quiet machine one may be before a test gives up."""
MARKS = {
    "worker": b"integrator.celery\0worker",
    "beat": b"integrator.supervisor.beat",
    "web": b"gunicorn",
    "up": b"manage.py\0up",
}


class Answer:
    """What a command printed and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)


class Command:
    """A command that runs while the test goes on."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def end(self, limit: float = COMMAND_LIMIT) -> Answer:
        """Wait for its end; the limit fails the test."""
        try:
            out, err = self.process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"not over after {limit:.0f} s:\n{err[-2000:]}") from None
        return Answer(self.process.returncode, out, err)


class Product:
    """One installation on a VAR_DIR of its own, of which every process can be killed.

    `database_url` "" is the SQLite file in VAR_DIR. Spans are short, so that what a crash leaves
    behind is taken back within seconds.
    """

    def __init__(
        self, var_dir: Path, *, redis_url: str = "", database_url: str = "", **more: str
    ) -> None:
        self.var_dir = var_dir
        self.database_url = database_url
        (self.port,) = free_ports(1)
        self.environ = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "VAR_DIR": str(var_dir),
            "SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 3,
            "FIELD_KEYS": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
            "BEHIND_TLS": "off",
            "ALLOW_PRIVATE_PANELS": "on",
            "ALLOW_INSECURE_PANELS": "on",
            "LEASE_SECONDS": str(LEASE),
            "SETTLE_SECONDS": str(SETTLE),
            "HORIZON_SECONDS": str(HORIZON),
            "CONNECT_TIMEOUT": str(CONNECT_TIMEOUT),
            "READ_TIMEOUT": str(READ_TIMEOUT),
            **({"REDIS_URL": redis_url} if redis_url else {}),
            **({"DATABASE_URL": database_url} if database_url else {}),
            **more,
        }
        self._started: list[subprocess.Popen[Any]] = []

    @property
    def log(self) -> Path:
        """What all its processes have printed."""
        return self.var_dir.with_suffix(".log")

    @property
    def ended(self) -> list[str]:
        """The output of commands that have ended; for a test that has failed already."""
        return [
            f"{process.returncode}: {''.join(process.communicate())[-3000:]}"
            for process in self._started
            if process.stdout is not None and process.poll() is not None
        ]

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def manage(
        self, *words: str, limit: float = COMMAND_LIMIT, environ: dict[str, str] | None = None
    ) -> Answer:
        """Run `manage.py` with these words, and these extra variables, to its end."""
        env = {**self.environ, **(environ or {})}
        done = command_server().run(words, timeout=limit, env=env)
        return Answer(done.returncode, done.stdout, done.stderr)

    def begin(self, *words: str) -> Command:
        """Start `manage.py` with these words."""
        process = subprocess.Popen(
            self._command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=self.environ,
        )  # fmt: skip
        self._started.append(process)
        return Command(process)

    def prepare(self, sandbox: Sandbox, *, max_parallel: int = 8) -> None:
        """Make the tables, register the sandbox's panels, discover them."""
        self.var_dir.mkdir(exist_ok=True)
        self._good(self.manage("migrate", "--verbosity", "0"))
        secrets = {"P": "admin-sandbox", "T": "tasks-sandbox"}
        logins = ["--username", "admin", "--task-username", "tasks", "--task-password-env", "T"]
        url = sandbox.billmanager_url
        self._add("billing", max_parallel, secrets, "billmanager", url, *logins)
        for number, url in enumerate(sandbox.ispmanager_urls, start=1):
            login = ("ispmanager", url, "--username", "root")
            self._add(f"isp{number}", max_parallel, {"P": "root-sandbox"}, *login)
        self._good(self.manage("discover", limit=120))

    def _add(
        self, name: str, limit: int, secrets: dict[str, str], kind: str, url: str, *login: str
    ) -> None:
        words = ["--kind", kind, "--url", url, *login, "--password-env", "P"]
        words += ["--max-parallel", str(limit)]
        self._good(self.manage("panel", "add", name, *words, environ=secrets))

    @staticmethod
    def _good(answer: Answer) -> None:
        assert answer.code == 0, answer.out + answer.err

    def csv(self, accounts: Sequence[dict[str, Any]], name: str = CSV) -> str:
        """A file that binds these accounts of the sandbox's world."""
        lines = ["server,username,domain,client,plan,password"]
        for one in accounts:
            values = (one["server"], one["username"], "", one["email"], one["plan"])
            lines.append(",".join((*values, one["password"])))
        path = self.var_dir / name
        path.write_text("\n".join(lines), encoding="utf-8")
        return str(path)

    def bind(self, accounts: Sequence[dict[str, Any]], *words: str) -> Command:
        """Begin `bind --wait --json` for these accounts."""
        path = self.csv(accounts)
        return self.begin("bind", "--csv", path, "--autoprolong", "on", "--wait", "--json", *words)

    def start(self, role: str) -> None:
        """Start one role as its own process."""
        self._spawn("up", "--only", role, "--port", str(self.port))

    def up(self) -> None:
        """Start everything; returns once it prints that it is ready."""
        process = self._spawn("up", "--port", str(self.port))
        eventually(
            lambda: "is ready" in self.said or process.poll() is not None,
            START_LIMIT, lambda: self.said[-3000:],
        )  # fmt: skip
        assert process.poll() is None, self.said

    def _spawn(self, *words: str) -> subprocess.Popen[Any]:
        with self.log.open("ab") as out:
            process = subprocess.Popen(
                self._command(*words), env={**self.environ, "LOG_FORMAT": "json"}, cwd="/",
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._started.append(process)
        return process

    @staticmethod
    def _command(*words: str) -> list[str]:
        return [sys.executable, str(BASE_DIR / "manage.py"), *words]

    def pids(self, role: str) -> list[int]:
        """The processes of this role that run now."""
        if role == "redis":  # it writes over its own environment
            return self._redis()
        mark = f"VAR_DIR={self.var_dir}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if MARKS[role] not in (folder / "cmdline").read_bytes():
                    continue
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except (FileNotFoundError, PermissionError, ProcessLookupError):
                continue  # it has ended, or is not ours
        return sorted(found)

    def _redis(self) -> list[int]:
        with redis.Redis.from_url(local_redis(self.var_dir)) as server:
            try:
                return [int(server.info("server")["process_id"])]
            except redis.ConnectionError:
                return []

    def kill(self, role: str) -> list[int]:
        """End all processes of this role as a power cut would; returns once they are gone."""
        killed = self.pids(role)
        for pid in killed:
            send(pid, signal.SIGKILL)
        eventually(lambda: self._reaped() and not set(killed) & set(self.pids(role)), 10.0)
        return killed

    def _reaped(self) -> bool:
        for process in self._started:
            process.poll()
        return True

    def stop(self) -> None:
        """End everything that was started, the processes of an `up` included."""
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        limit = time.monotonic() + 15
        for process in self._started:
            try:
                process.wait(max(0.1, limit - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
        for role in MARKS:
            self.kill(role)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a read-only statement finds in the product's own rows."""
        if self.database_url:
            with psycopg.connect(self.database_url) as server:
                return list(server.execute(statement.encode()).fetchall())
        path = f"file:{self.var_dir / 'integrator.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(path, uri=True, timeout=20)) as file:
            return list(file.execute(statement).fetchall())


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def eventually(
    holds: Callable[[], object], limit: float, told: Callable[[], object] = lambda: ""
) -> None:
    """Ask until `holds()`; the limit, which is long on slow machines, fails the test.

    `told()`: what to say then.
    """
    deadline = time.monotonic() + limit * SLOWEST
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < deadline, f"not so after {limit * SLOWEST:.0f} s: {told()}"
        pause.wait(0.02)


def wait(seconds: float) -> None:
    """Let time pass where time itself is the subject, as a lease that runs out."""
    threading.Event().wait(seconds)
