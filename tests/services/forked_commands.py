"""Runs `manage.py`, each command a process of its own, without an interpreter's start for each.

A server imports once what every command imports and no setting decides, and forks a process for
each command. That process takes the arguments, the environment, the folder and the three standard
streams that it is given, runs `manage.py` as `__main__`, and ends as any program does. What an
interpreter reads of the environment before its first line is the server's: text is UTF-8.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import struct
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent.parent
MANAGE = ROOT / "manage.py"
NEEDED_BY_ALL = (
    "celery.app.amqp",
    "celery.app.log",
    "celery.canvas",
    "celery.fixups.django",
    "charset_normalizer",
    "cryptography.fernet",
    "csp.middleware",
    "dj_database_url",
    "django.contrib.admin",
    "django.contrib.auth.hashers",
    "django.contrib.messages.storage.fallback",
    "django.contrib.sessions.middleware",
    "django.contrib.staticfiles.storage",
    "django.core.management.commands.migrate",
    "django.db.backends.sqlite3.base",
    "django.db.models.sql.compiler",
    "django.forms",
    "django.template.defaulttags",
    "django.template.loader_tags",
    "django.templatetags.i18n",
    "django.views.debug",
    "django.views.generic",
    "django_filters",
    "django_htmx.middleware",
    "django_stubs_ext",
    "environs",
    "kombu.transport.redis",
    "lxml.etree",
    "redis",
    "requests",
    "structlog",
    "whitenoise.middleware",
)
"""Nothing of it reads Django's settings, or the variables of ours, when it is imported."""

NUMBER = struct.Struct("i")


class CommandServer:
    """The server, and what asks it; one command at a time."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.services.forked_commands"],
            cwd=ROOT,
            env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._asked, self._told = self._process.stdin, self._process.stdout

    def run(
        self,
        words: Sequence[str],
        *,
        env: Mapping[str, str],
        timeout: float,
        given: str = "",
        cwd: str | Path = ROOT,
    ) -> subprocess.CompletedProcess[str]:
        """What `manage.py` with these words printed, and how it ended, as `subprocess.run` has it.

        `given` is its standard input. After `timeout` seconds it is killed and
        `subprocess.TimeoutExpired` raised.
        """
        with self._turn, tempfile.TemporaryDirectory(prefix="command-") as name:
            folder = Path(name)
            argv = [str(MANAGE), *words]
            asked = {"argv": argv, "env": dict(env), "cwd": str(cwd)}
            (folder / "asked").write_text(json.dumps(asked))
            (folder / "in").write_text(given, encoding="utf-8")
            self._asked.write(name.encode())
            pid = self._number()
            late = not select.select([self._told], [], [], timeout)[0]
            if late:
                os.kill(pid, signal.SIGKILL)
            code = self._number()
            out, err = ((folder / one).read_text("utf-8", "replace") for one in ("out", "err"))
        if late:
            raise subprocess.TimeoutExpired(argv, timeout, out, err)
        return subprocess.CompletedProcess(argv, code, out, err)

    def end(self) -> None:
        """End the server."""
        self._asked.close()
        self._process.wait()
        self._told.close()

    def _number(self) -> int:
        read = self._told.read(NUMBER.size)
        assert read, "the server has died: its error stands above"
        return int(NUMBER.unpack(read)[0])


@cache
def command_server() -> CommandServer:
    """The one of this process; it ends with it."""
    server = CommandServer()
    atexit.register(server.end)
    return server


def serve() -> bool:
    """Fork a process for each command that is asked for; True in such a process, False at the end.

    A command is asked for by the name of a folder. The answers are its process's id and, once it
    has ended, its exit code.
    """
    while folder := os.read(0, 4096).decode():
        pid = os.fork()
        if pid == 0:
            become(Path(folder))
            return True
        os.write(1, NUMBER.pack(pid))
        os.write(1, NUMBER.pack(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
    return False


def become(folder: Path) -> None:
    """Take the streams, the environment, the working folder and the arguments that are given."""
    for number, name in enumerate(("in", "out", "err")):
        opened = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    asked = json.loads((folder / "asked").read_text())
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    sys.argv = asked["argv"]
    sys.path[0] = str(ROOT)


def load() -> None:
    """Import what all commands need, and all of `panels` but the stand-in ones."""
    for name in NEEDED_BY_ALL:
        importlib.import_module(name)
    import panels

    for module in pkgutil.walk_packages(panels.__path__, "panels."):
        if not module.name.startswith("panels.sandbox"):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()  # or each process copies all pages at its first collection


if __name__ == "__main__":
    load()
    if serve():
        runpy.run_path(str(MANAGE), run_name="__main__")
