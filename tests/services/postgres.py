"""A throwaway PostgreSQL cluster, owned by an unprivileged user when root starts it.

As a script it runs a command with `DATABASE_URL` of a fresh cluster:

    python tests/services/postgres.py pytest -m "not browser"
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROLE = "app"


class NoPostgresError(Exception):
    """No server program was found; the message says what to install."""


@contextmanager
def cluster(*, durable: bool = False) -> Iterator[str]:
    """Run a cluster; yields the URL of its maintenance database.

    ``durable``: what is committed is on the disk, which tests need not wait for.
    Raises NoPostgresError when PostgreSQL is not installed.
    """
    found = programs()
    # Directly under /tmp, which the unprivileged user can enter, and short: a socket lies in it.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    user = _unprivileged(folder)
    data = str(folder / "data")
    listen = f"-c listen_addresses= -c unix_socket_directories={folder}"
    listen += "" if durable else " -c fsync=off"
    _run(
        user,
        *(str(found / "initdb"), "-D", data, "-A", "trust", "-U", ROLE, "--no-sync"),
        *("-E", "UTF8", "--locale=C.UTF-8"),
    )
    try:
        log = str(folder / "log")
        _run(user, str(found / "pg_ctl"), "-D", data, "-w", "-l", log, "-o", listen, "start")
        try:
            yield f"postgresql://{ROLE}@/postgres?host={folder}"
        finally:
            _run(user, str(found / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def programs() -> Path:
    """The folder of the newest server programs; NoPostgresError when there is none."""
    beside = shutil.which("initdb")
    if beside:
        return Path(beside).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(installed, key=lambda path: int(path.parent.parent.name), default=None)
    if newest is None:
        raise NoPostgresError("PostgreSQL is not installed: apt-get install postgresql")
    return newest.parent


def _unprivileged(folder: Path) -> Sequence[str]:
    """What to put before a command so that it does not run as root, whom PostgreSQL refuses."""
    if os.geteuid() != 0:
        return ()
    user = pwd.getpwnam("postgres" if _exists("postgres") else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return (
        *("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"),
        *("env", "-C", str(folder)),
    )


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _run(user: Sequence[str], *command: str) -> None:
    """Run it quietly; its words are in the error when it fails."""
    done = subprocess.run(
        [*user, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stdout.decode(errors='replace')}")


def main(command: Sequence[str]) -> int:
    """Run `command` with DATABASE_URL of a fresh cluster; returns its exit status."""
    try:
        with cluster() as url:
            environ = {**os.environ, "DATABASE_URL": url.replace("/postgres?", "/app?")}
            return subprocess.run(command, env=environ, check=False).returncode
    except NoPostgresError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
