"""What a measurement ran on. Never a path, a name of the machine, or an address."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import psutil

from integrator.core.env import BASE_DIR
from tests.services.postgres import programs

GB = 1024**3


def machine() -> dict[str, Any]:
    """The processor, its cores, the memory, the system and Python."""
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / GB, 1),
        "system": _system(),
        "python": platform.python_version(),
    }


def version(database: str) -> str:
    """The version of a database."""
    if database == "sqlite":
        return sqlite3.sqlite_version
    told = _told(str(programs() / "postgres"), "--version")
    return str(re.findall(r"\d[\d.]*", told)[0])


def revision() -> str:
    """The commit that was measured, with a word when files differ from it; "": no repository."""
    commit = _told("git", "rev-parse", "--short", "HEAD")
    return f"{commit} with changes" if _told("git", "status", "--porcelain") else commit


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found = re.findall(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return str(found[0]) if found else platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _told(*command: str) -> str:
    done = subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
