"""An installation as an operator has it: real roles, real Redis, real database, one sandbox."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

from integrator.core.env import BASE_DIR
from tests.bench.usage import pause
from tests.bench.worlds.rows import Rows
from tests.services.ports import free_ports
from tests.services.postgres import cluster
from tests.services.sandbox import Sandbox
from tests.services.variables import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

START_LIMIT = 90.0
MANAGE = (sys.executable, str(BASE_DIR / "manage.py"))
COLUMNS = ("server", "username", "domain", "client", "plan", "password")
Account = dict[str, Any]


class Pace(NamedTuple):
    """How a panel answers: milliseconds a call, and how many calls at once."""

    latency: float
    limit: int


FAST = Pace(latency=20.0, limit=32)
SLOW = Pace(latency=100.0, limit=8)


class Installation:
    """A VAR_DIR, and `manage.py up` on it."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder = folder
        self.port = free_ports(1)[0]
        self.environ = {
            **{name: text for name, text in os.environ.items() if name not in NAMES},
            "VAR_DIR": str(folder),
            "SECRET_KEY": "only-for-the-bench-" + "0123456789abcdef" * 3,
            "FIELD_KEYS": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
            "BEHIND_TLS": "off",
            "REQUIRE_2FA": "off",
            "ALLOW_PRIVATE_PANELS": "on",
            "ALLOW_INSECURE_PANELS": "on",
        }
        if database_url:
            self.environ["DATABASE_URL"] = database_url
        self.rows = Rows(database_url or f"sqlite:///{folder}/integrator.sqlite3")
        self._up: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def program_environ(self) -> dict[str, str]:
        """The environment of a program that works on this installation."""
        return {
            **self.environ,
            "REDIS_URL": f"unix://{self.folder}/redis/redis.sock",
            "DJANGO_SETTINGS_MODULE": "integrator.settings",
        }

    def manage(self, *words: str, **environ: str) -> str:
        """Run `manage.py` with these words and extra variables; what it printed."""
        return self.run(*MANAGE, *words, **environ)

    def program(self, name: str, *words: str) -> str:
        """Run a module of `tests/bench` in the installation's environment; what it printed."""
        return self.run(sys.executable, "-m", f"tests.bench.{name}", *words).strip()

    def run(self, *command: str, **environ: str) -> str:
        """Run a program in the installation's environment; what it printed."""
        done = subprocess.run(
            command,
            env={**self.program_environ, **environ},
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
            timeout=1800,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command[1:4])}: {done.stdout}{done.stderr}"[-4000:])
        return done.stdout

    def start(self) -> None:
        """Start every role and wait until the pages answer."""
        log = self.folder / "up.log"
        with log.open("ab") as out:
            self._up = subprocess.Popen(
                [*MANAGE, "up", "--port", str(self.port)],
                env=self.environ,
                cwd=BASE_DIR,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        limit = time.monotonic() + START_LIMIT
        while "Integrator is ready" not in log.read_text(encoding="utf-8"):
            if self._up.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"`up` did not start:\n{log.read_text(encoding='utf-8')}")
            pause(0.1)

    def stop(self) -> None:
        """Stop every role."""
        if self._up is not None:
            self._up.terminate()
            self._up.wait(60)
            self._up = None

    def role(self, *words: str) -> list[psutil.Process]:
        """The running processes whose command line holds all of these words."""
        if self._up is None:
            return []
        children = psutil.Process(self._up.pid).children(recursive=True)
        return [one for one in children if all(word in one.cmdline() for word in words)]

    @property
    def workers(self) -> list[psutil.Process]:
        """The worker processes."""
        return self.role("worker")

    @property
    def ours(self) -> list[psutil.Process]:
        """Web, workers and beat; not Redis, nor the supervisor."""
        return [*self.workers, *self.role("beat"), *self.role("gunicorn")]

    def register(self, sandbox: Sandbox, limit: int = 0) -> None:
        """Register the sandbox's panels, with this parallel limit where there is one."""
        limited = ("--max-parallel", str(limit)) if limit else ()
        self.manage(
            *("panel", "add", "billing", "--kind", "billmanager"),
            *("--url", sandbox.billmanager_url, "--username", "admin", "--password-env", "P"),
            *("--task-username", "tasks", "--task-password-env", "T", *limited),
            P="admin-sandbox",
            T="tasks-sandbox",
        )
        for number, url in enumerate(sandbox.ispmanager_urls, 1):
            self.manage(
                *("panel", "add", f"isp{number}", "--kind", "ispmanager", "--url", url),
                *("--username", "root", "--password-env", "P", *limited),
                P="root-sandbox",
            )

    def bind(self, accounts: Sequence[Account], *choices: str) -> int:
        """Start a run over these accounts; its number."""
        path = self.folder / "accounts.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(
                (
                    *(one["server"], one["username"], one["domains"][0], one["email"]),
                    *(one["plan"], one["password"]),
                )
                for one in accounts
            )
        told = self.manage("bind", "--csv", str(path), "--autoprolong", "on", "--json", *choices)
        return int(json.loads(told)["run"].removeprefix("r"))


@contextmanager
def folder() -> Iterator[Path]:
    """A folder directly under /tmp, since a socket's path must be short; gone at the end."""
    made = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def installation(database: str) -> Iterator[Installation]:
    """A fresh installation on ``sqlite`` or ``postgres``, not started yet."""
    with ExitStack() as stack:
        url = ""
        if database == "postgres":
            # What is committed is on the disk, as it is in production.
            url = stack.enter_context(cluster(durable=True))
        made = Installation(stack.enter_context(folder()), url)
        stack.callback(made.rows.close)
        stack.callback(made.stop)
        yield made


@contextmanager
def panels(
    accounts: int, *more: str, pace: Pace, plans: int, servers: int = 1
) -> Iterator[Sandbox]:
    """A sandbox with so many accounts; ``more``: further options of its command line."""
    with folder() as made:
        sandbox = Sandbox(
            made,
            *("--accounts", str(accounts), "--plans", str(plans)),
            *("--latency", str(pace.latency), "--parallel", str(pace.limit), *more),
            ispmanagers=servers,
        )
        sandbox.start()
        try:
            yield sandbox
        finally:
            sandbox.stop()
