"""Sandboxes for tests, in their own process or in this one, and the plain calls on them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import requests
from lxml import etree

from panels.sandbox.dialect import load
from panels.sandbox.http.adapter import SandboxAdapter
from panels.sandbox.ledger import ledger
from panels.sandbox.world.generation import generate
from panels.sandbox.world.size import Size
from panels.sandbox.world.world import World

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")


@dataclass
class Panels:
    """The panels of a sandbox by name, and a session to call them with."""

    urls: dict[str, str]
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        """Let no setting of the machine meddle."""
        self.session.trust_env = False

    def post(self, panel: str, func: str, **params: str | int) -> requests.Response:
        """Send one call as it stands."""
        data = {"func": func, "out": "xml", "lang": "en"} | params
        return self.session.post(self.urls[panel], data=data, timeout=20)

    def bill(self, func: str, *, by: str | int = "admin", **params: str | int) -> etree._Element:
        """Call BILLmanager as a staff login and give the answer's root."""
        login = {"authinfo": f"{by}:{by}-sandbox"}
        return etree.fromstring(self.post("billmanager", func, **login, **params).content)

    def isp(self, func: str, server: str = "isp1", **params: str | int) -> etree._Element:
        """Call an ispmanager as root and give the answer's root."""
        login = {"authinfo": "root:root-sandbox"}
        return etree.fromstring(self.post(server, func, **login, **params).content)


@dataclass
class Running(Panels):
    """A sandbox in a process of its own, over real HTTP."""

    process: subprocess.Popen[str] = field(kw_only=True)

    @property
    def base(self) -> str:
        """The address of the control doors."""
        return self.urls["billmanager"].removesuffix("/billmgr") + "/_sandbox/"

    def control(self, door: str, document: dict[str, Any] | None = None) -> Any:
        """Read a control door, or send it a document."""
        if document is None:
            answer = self.session.get(self.base + door, timeout=60)
        else:
            answer = self.session.post(self.base + door, json=document, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def ledger(self) -> dict[str, Any]:
        """Read the ledger."""
        found: dict[str, Any] = self.control("ledger")
        return found

    def stop(self, number: signal.Signals) -> int:
        """Send a signal and give the exit code."""
        os.kill(self.process.pid, number)
        code = self.process.wait(timeout=10)
        self.end()
        return code

    def end(self) -> None:
        """Be sure that the process is gone, and let go of everything."""
        self.session.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()


def start(*arguments: str, servers: int = 1) -> Running:
    """Start a sandbox on free ports and wait until it is ready."""
    command = [sys.executable, "-m", "panels.sandbox", "--billmanager-port", "0"]
    command += ["--ispmanager-port", ",".join("0" * servers), *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("ready "):
        process.stdout.close()
        raise AssertionError(f"the sandbox ended: {process.wait(5)}")
    urls = dict(part.split("=", 1) for part in line.split()[1:])
    return Running(urls, process=process)


class Local(Panels):
    """A sandbox in this process, on a clock that the test turns."""

    def __init__(
        self, dialect: str = "billmanager6", size: Size | None = None, servers: int = 1
    ) -> None:
        self.time = 1_800_000_000.0
        names = tuple(f"isp{number}" for number in range(1, servers + 1))
        self.world = World(servers=names, dialect=load(dialect), clock=lambda: self.time)
        generate(self.world, size or Size(accounts=12))
        self.adapter = SandboxAdapter(self.world, sleep=self.sleep)
        session = requests.Session()
        session.mount("http://", self.adapter)
        urls = {name: self.world.address_of(name) for name in ("billmanager", *names)}
        super().__init__(urls, session)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds

    def ledger(self) -> dict[str, Any]:
        """Read the ledger, after all that is due."""
        self.bill("whoami")
        return ledger(self.world)


def until(read: Callable[[], T], good: Callable[[T], bool], seconds: float = 10.0) -> T:
    """Read until the answer is good, and give it; fail after so many seconds."""
    end = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        found = read()
        if good(found):
            return found
        assert time.monotonic() < end, f"still not so: {found!r}"
        pause.wait(0.02)


def rows(root: etree._Element) -> list[dict[str, str]]:
    """Give a list's rows; a cell with a raw code gives that in ``name.orig`` too."""
    found = []
    for elem in root.findall("elem"):
        row = {}
        for cell in elem:
            row[str(cell.tag)] = cell.text or ""
            if cell.get("orig") is not None:
                row[f"{cell.tag}.orig"] = cell.get("orig", "")
        found.append(row)
    return found


def error(root: etree._Element) -> tuple[str, str] | None:
    """Give type and object of the answer's error, or None."""
    node = root.find("error")
    return None if node is None else (node.get("type", ""), node.get("object", ""))
