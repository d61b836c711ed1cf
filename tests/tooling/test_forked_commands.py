"""A forked `manage.py` cannot be told from one that was started."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from integrator.core.env import BASE_DIR
from tests.services.forked_commands import command_server

if TYPE_CHECKING:
    from pathlib import Path

WHAT_IT_IS = """
import atexit, json, os, sys
from django.conf import settings
streams = (sys.stdin, sys.stdout, sys.stderr)
print(json.dumps({
    "argv": sys.argv, "environ": dict(os.environ), "folder": os.getcwd(), "path": sys.path,
    "main": sys.modules["__main__"].__file__, "read": sys.stdin.read(), "log": settings.LOG_FORMAT,
    "streams": [(s.encoding, s.errors, s.line_buffering, s.isatty()) for s in streams],
    "files": sorted(n for n in os.listdir("/proc/self/fd") if int(n) > 2 and
                    "pipe" in os.path.realpath("/proc/self/fd/" + n)),
}))
atexit.register(lambda: print("the end"))
print("Привет", file=sys.stderr)
sys.exit(7)
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(tmp_path),
        "SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 3,
        "BEHIND_TLS": "off",
    }


def test_it_is_as_one_that_was_started(environ: dict[str, str], tmp_path: Path) -> None:
    words = ["shell", "--no-imports", "-c", WHAT_IT_IS]
    given = {**environ, "LC_ALL": "C.UTF-8", "LOG_FORMAT": "json"}
    text = "three\nlines\nё"
    started = subprocess.run(
        [sys.executable, str(BASE_DIR / "manage.py"), *words],
        input=text, encoding="utf-8", capture_output=True, check=False, env=given, cwd=tmp_path,
    )  # fmt: skip
    forked = command_server().run(words, given=text, env=given, timeout=60, cwd=tmp_path)
    for done in (started, forked):
        assert (done.returncode, done.stderr) == (7, "Привет\n")
    assert forked.stdout == started.stdout


def test_one_knows_nothing_of_another(environ: dict[str, str]) -> None:
    show = ["shell", "--no-imports", "-c", "import os; print(os.environ.get('TOLD'))"]
    assert command_server().run(show, env={**environ, "TOLD": "so"}, timeout=60).stdout == "so\n"
    assert command_server().run(show, env=environ, timeout=60).stdout == "None\n"
    wrong = command_server().run(["check"], env={**environ, "COHORT": "none"}, timeout=60)
    assert (wrong.returncode, "COHORT" in wrong.stderr) == (2, True)
    assert command_server().run(["check"], env=environ, timeout=60).returncode == 0


def test_one_that_takes_too_long_is_killed(environ: dict[str, str]) -> None:
    endless = ["shell", "--no-imports", "-c", "import time; time.sleep(600)"]
    with pytest.raises(subprocess.TimeoutExpired):
        command_server().run(endless, env=environ, timeout=1)
    # The server takes the next only after the one before has ended.
    assert command_server().run(["check"], env=environ, timeout=60).returncode == 0
