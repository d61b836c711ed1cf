"""`bind --guided`: at a real terminal, and where there is none."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

from integrator.core.env import BASE_DIR
from tests.cli.test_wait import accounts, working

if TYPE_CHECKING:
    from tests.cli.conftest import Installation
    from tests.services.sandbox import Sandbox

__all__ = ["working"]

LIMIT = 120.0


class Terminal:
    """A pseudo-terminal in which a command runs."""

    def __init__(self, installation: Installation, *words: str) -> None:
        self.said = ""
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, str(BASE_DIR / "manage.py"), *words],
            stdin=slave, stdout=slave, stderr=slave, close_fds=True, env=installation.environ,
        )  # fmt: skip
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def until(self, text: str, after: int = 0) -> int:
        """Read until this was said behind this place; where it ends."""
        deadline = time.monotonic() + LIMIT
        while text not in self.said[after:]:
            assert time.monotonic() < deadline, self.said
            if not self._read():
                break
        assert text in self.said[after:], self.said
        return self.said.index(text, after) + len(text)

    def answer(self, text: str) -> None:
        os.write(self._master, f"{text}\n".encode())

    def end(self) -> int:
        """Read on to the end; the exit code."""
        while self._read():
            pass
        return self.process.wait(30)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 1.0)
        if not ready:
            return self.process.poll() is None
        try:
            output = os.read(self._master, 65536)
        except OSError:  # the command has ended
            return False
        self.said += output.decode(errors="replace").replace("\r\n", "\n")
        return bool(output)


def test_where_nobody_can_answer_it_refuses_and_says_where_to_go(
    ready: Installation, sandbox: Sandbox
) -> None:
    path = ready.csv(accounts(sandbox, 2))
    output = ready.manage("bind", "--csv", path, "--autoprolong", "off", "--guided")
    assert output.code == 2
    assert "no terminal" in output.err
    assert "/previews/1/" in output.err
    assert ready.manage("runs", "--json").json["runs"] == []


def test_a_person_walks_through_it_at_the_terminal(working: Installation, sandbox: Sandbox) -> None:
    first, second = accounts(sandbox, 2)
    path = working.csv([first, second])
    words = ("bind", "--csv", path, "--autoprolong", "off", "--guided")
    ask = "called otherwise [o]"
    with Terminal(working, *words) as terminal:
        at = terminal.until(ask)
        assert "Before step 1" in terminal.said
        assert "processing.add.settings as admin: module=pmmanual" in terminal.said
        assert "closes by itself at" in terminal.said
        assert not sandbox.ledger()["services"]
        terminal.answer("o")
        at = terminal.until(ask, at)
        assert "module_create = processing.add.settings" in terminal.said
        for step in (1, 2, 3, 5, 7):
            assert terminal.said[:at].rpartition("Before step ")[2].startswith(f"{step}:")
            terminal.answer("")
            at = terminal.until(ask if step != 7 else "1 done", at)
        assert terminal.end() == 0
        assert "Step 3, Order: seen." in terminal.said
        assert first["password"] not in terminal.said
    assert len(sandbox.ledger()["services"]) == 1

    # The second one: proven already, walked all the same, and stopped before its order.
    with Terminal(working, *words[:2], working.csv([second]), *words[3:]) as terminal:
        at = terminal.until("Before step 1")
        terminal.answer("")
        at = terminal.until(ask, terminal.until("Before step 2", at))
        terminal.answer("s")
        assert terminal.end() == 1
        assert "cancelled" in terminal.said
    ledger = sandbox.ledger()
    assert len(ledger["services"]) == 1
    assert ledger["violations"] == []
