"""The demo of `up --demo`: a sandbox of panels, and settings that allow it.

All of it is kept in VAR_DIR, so that a restart finds the same panels at the same addresses.
"""

from __future__ import annotations

import json
import random
import secrets
import sys
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

from django.conf import settings

from integrator.core.env import BASE_DIR, DEMO_FILE
from integrator.core.keys import create_once, private_folder
from integrator.supervisor import roles
from integrator.supervisor.child import Program
from integrator.supervisor.folder import RefusedError, eventually, first_free, is_free

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"
USER = "admin"
ISPMANAGERS = 2
# Below what systems hand to outgoing connections (Linux from 32768, others from 49152): up there a
# port that is free now, or while the sandbox is down, can be some connection's own a moment later.
PORTS = range(20_000, 32_000)
ACCOUNTS, CLIENTS, PLANS = 60, 25, 3
# Plain http on loopback is what the sandbox is; one admin on one machine needs no second factor.
SETTINGS = """\
BEHIND_TLS=off
REQUIRE_2FA=off
ALLOW_PRIVATE_PANELS=on
ALLOW_INSECURE_PANELS=on
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports on which the sandbox's panels listen on loopback."""

    billmanager: int
    ispmanagers: tuple[int, ...]

    @property
    def all(self) -> tuple[int, ...]:
        """Every port of the sandbox."""
        return (self.billmanager, *self.ispmanagers)


def create_missing(var_dir: Path) -> bool:
    """Make the demo's settings, password and ports that are not there yet. True if any was."""
    made = [
        create_once(var_dir / DEMO_FILE, SETTINGS.rstrip),
        create_once(_password_file(var_dir), lambda: secrets.token_urlsafe(12)),
        create_once(_ports_file(var_dir), lambda: json.dumps(free_ports(1 + ISPMANAGERS))),
    ]
    return any(made)


def password(var_dir: Path) -> str:
    """The password of the demo's admin."""
    return _password_file(var_dir).read_text(encoding="ascii").strip()


def ports(var_dir: Path) -> Ports:
    """The remembered ports. Raises RefusedError when somebody else listens on one of them."""
    billmanager, *ispmanagers = json.loads(_ports_file(var_dir).read_text(encoding="ascii"))
    found = Ports(billmanager, tuple(ispmanagers))
    if not eventually(lambda: all(is_free(HOST, port) for port in found.all)):
        taken = [port for port in found.all if not is_free(HOST, port)]
        raise RefusedError(
            f"The sandbox's port {taken[0]} is in use by another program. Its panels are registered"
            f" under that address: free the port, or begin anew with another VAR_DIR."
        )
    return found


def sandbox(where: Ports) -> Program:
    """The stand-in panels."""
    folder = settings.VAR_DIR / "sandbox"
    private_folder(folder)
    return Program(
        name="sandbox",
        command=(
            *(sys.executable, "-m", "panels.sandbox", "--host", HOST),
            *("--billmanager-port", str(where.billmanager)),
            *("--ispmanager-port", ",".join(map(str, where.ispmanagers))),
            *("--accounts", str(ACCOUNTS), "--clients", str(CLIENTS), "--plans", str(PLANS)),
            *("--state", str(folder / "state")),
        ),
        environ=roles.environ(),
        ready=lambda: _answers(where.billmanager),
    )


def preparation(where: Ports) -> Program:
    """Registers the sandbox's panels and the admin, once the sandbox answers."""
    return Program(
        name="demo",
        command=(
            *(sys.executable, str(BASE_DIR / "manage.py"), "demo"),
            *("--billmanager-port", str(where.billmanager)),
            *("--ispmanager-port", ",".join(map(str, where.ispmanagers))),
        ),
        environ=roles.environ(),
        once=True,
    )


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses at the moment, picked at random. Raises RefusedError without them."""
    found = first_free(HOST, random.sample(PORTS, len(PORTS)), count)
    if len(found) < count:
        raise RefusedError(f"No port of {PORTS.start} to {PORTS.stop - 1} is free for the sandbox.")
    return found


def _answers(port: int) -> bool:
    asking = HTTPConnection(HOST, port, timeout=2)
    try:
        asking.request("GET", "/_sandbox/dials")
        return asking.getresponse().status == 200  # noqa: PLR2004 - HTTP's own number
    except (OSError, HTTPException):
        return False
    finally:
        asking.close()


def _password_file(var_dir: Path) -> Path:
    return var_dir / "demo" / "password"


def _ports_file(var_dir: Path) -> Path:
    return var_dir / "demo" / "ports.json"
