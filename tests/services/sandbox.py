"""The stand-in panels as a process of their own, for tests over real HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import requests

from integrator.core.env import BASE_DIR
from tests.services.ports import free_ports

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"
START_LIMIT = 120.0


class Sandbox:
    """One `python -m panels.sandbox`, its state in `folder`, on ports that it keeps.

    `options` are further options of its command line, as strings.
    """

    def __init__(self, folder: Path, *options: str, ispmanagers: int = 1) -> None:
        self.folder = folder
        self.options = options
        self.billmanager_port, *self.ispmanager_ports = free_ports(1 + ispmanagers)
        self.process: subprocess.Popen[bytes] | None = None
        self._http = requests.Session()
        self._http.trust_env = False

    @property
    def billmanager_url(self) -> str:
        """Where the BILLmanager answers."""
        return f"http://{HOST}:{self.billmanager_port}/billmgr"

    @property
    def ispmanager_urls(self) -> list[str]:
        """Where each ispmanager answers."""
        return [f"http://{HOST}:{port}/ispmgr" for port in self.ispmanager_ports]

    def start(self) -> Sandbox:
        """Start it and wait until it answers."""
        log = (self.folder / "sandbox.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "panels.sandbox", "--host", HOST),
                    *("--billmanager-port", str(self.billmanager_port)),
                    *("--ispmanager-port", ",".join(map(str, self.ispmanager_ports))),
                    *("--state", str(self.folder / "state"), *self.options),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=BASE_DIR,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        limit = time.monotonic() + START_LIMIT
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > limit:
                self.stop()
                said = (self.folder / "sandbox.log").read_text(encoding="utf-8")
                raise AssertionError(f"the sandbox did not start:\n{said[-2000:]}")
            threading.Event().wait(0.02)
        return self

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop it and start it on the same state and ports."""
        self.stop()
        self.start()

    def ledger(self) -> dict[str, Any]:
        """Every effect so far."""
        return self._get("ledger")

    def world(self) -> dict[str, Any]:
        """The truth about accounts and clients, with passwords."""
        return self._get("world")

    def dials(self, **settings: Any) -> dict[str, Any]:
        """The dials, after setting those that are given."""
        if settings:
            self._post("dials", settings)
        return self._get("dials")

    def faults(self, *rules: dict[str, Any], seed: int = 1) -> None:
        """Replace the faults with `rules`; none ends them all."""
        self._post("faults", {"seed": seed, "rules": list(rules)})

    def rules(self) -> list[dict[str, Any]]:
        """The rules of the faults, each with how often it has ``struck``."""
        found: list[dict[str, Any]] = self._get("faults")["rules"]
        return found

    def act(self, **what: Any) -> dict[str, Any]:
        """Let a stranger or a colleague do something."""
        return self._post("act", what)

    def _get(self, name: str) -> dict[str, Any]:
        answer = self._http.get(self._control(name), timeout=30)
        answer.raise_for_status()
        return dict(answer.json())

    def _post(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._http.post(self._control(name), json=body, timeout=30)
        assert answer.ok, answer.text
        return dict(answer.json() or {})

    def _control(self, name: str) -> str:
        return f"http://{HOST}:{self.billmanager_port}/_sandbox/{name}"

    def _answers(self) -> bool:
        try:
            return self._http.get(self._control("dials"), timeout=2).ok
        except requests.ConnectionError:
            return False

    def _end(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(number)
        try:
            self.process.wait(10)
        finally:
            self.process.kill()
            self.process.wait()
            self.process = None
            self._http.close()
