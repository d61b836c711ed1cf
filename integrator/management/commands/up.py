"""Run an installation on this machine: everything, or one role of it."""

from __future__ import annotations

import multiprocessing
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection

from integrator.core import keys
from integrator.core.env import is_given
from integrator.supervisor import demo, redis, roles
from integrator.supervisor.folder import (
    RefusedError,
    check_kind,
    check_port,
    eventually,
    only_one,
)
from integrator.supervisor.loop import Supervisor

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from integrator.supervisor.child import Program

REFUSED = 2
DEFAULT_PORT = 8000


class Command(BaseCommand):
    """`manage.py up`."""

    help = (
        "Run web, workers and beat, and a Redis where none is given, until stopped."
        " --demo adds stand-in panels; --only runs one role in the foreground."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--demo", action="store_true", help="add a sandbox of panels")
        parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="of the pages")
        parser.add_argument("--only", choices=roles.ROLES, help="run one role, without Redis")

    def handle(self, *_args: str, **given: Any) -> None:
        """Run until asked to stop; exits with 0 then, 1 when something would not start."""
        try:
            if given["only"]:
                run_alone(given["only"], given["port"], demo=given["demo"])
            with only_one(settings.VAR_DIR):
                status = self.run_all(given["port"], demo_too=given["demo"])
        except (RefusedError, redis.NoRedisError) as error:
            self.stderr.write(str(error))
            sys.exit(REFUSED)
        sys.exit(status)

    def run_all(self, port: int, *, demo_too: bool) -> int:
        """Prepare the folder and the rows, then run every program. Returns an exit status."""
        check_kind(demo=demo_too)
        check_port(settings.BIND, port)
        made = connection.vendor == "sqlite" and keys.create_missing(settings.VAR_DIR)
        if demo_too:
            made |= demo.create_missing(settings.VAR_DIR)
        if made:
            start_over()
        stages: list[list[Program]] = []
        if not is_given("REDIS_URL"):
            gone = eventually(lambda: not redis.answers(settings.REDIS))
            if not gone:
                raise RefusedError(f"Another Redis already answers at {settings.REDIS}.")
            stages.append([redis.program(settings.VAR_DIR)])
        else:
            redis.refuse_unusable(settings.REDIS, settings.REDIS_PREFIX)
        if demo_too:
            where = demo.ports(settings.VAR_DIR)
            stages += [[demo.sandbox(where)], [demo.preparation(where)]]
        stages += [
            [roles.web(port)],
            [roles.worker(number) for number in range(1, settings.WORKERS + 1)],
            [roles.beat()],
        ]
        prepare_rows_and_files()
        return Supervisor(stages, lambda: self.greet(port, demo_too=demo_too)).run()

    def greet(self, port: int, *, demo_too: bool) -> None:
        """Say where the pages are and how to get in."""
        address = f"http://{settings.BIND}:{port}/"
        lines = [f"Integrator is ready: {address}"]
        if demo_too:
            lines += [f"  user      {demo.USER}", f"  password  {demo.password(settings.VAR_DIR)}"]
        elif settings.BEHIND_TLS:
            lines += ["  for a proxy that speaks TLS; to open it directly set BEHIND_TLS=off"]
        self.stdout.write("\n".join(["", *lines, "  Ctrl-C stops it", ""]))
        self.stdout.flush()


def run_alone(role: str, port: int, *, demo: bool) -> NoReturn:
    """Become the one role. Raises RefusedError when it cannot be."""
    check_kind(demo=demo)
    check_keys()
    redis.refuse_unusable(settings.REDIS, settings.REDIS_PREFIX)
    if role == "web":
        check_port(settings.BIND, port)
        call_command("collectstatic", interactive=False, verbosity=0)
    program = {
        "web": lambda: roles.web(port),
        "worker": roles.worker,
        "beat": roles.beat,
    }[role]()
    os.execve(program.command[0], program.command, {**os.environ, **program.environ})


def check_keys() -> None:
    """Raise RefusedError when one of the keys is neither given nor kept."""
    try:
        missing = not (settings.SECRET_KEY and settings.FIELD_KEYS)
    except ImproperlyConfigured:  # what Django says of an empty SECRET_KEY
        missing = True
    if missing:
        raise RefusedError("There are no keys yet: give SECRET_KEY and FIELD_KEYS.")


def start_over() -> NoReturn:
    """Run this command again from its start: its settings were read before its keys were made."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.argv])


def prepare_rows_and_files() -> None:
    """Bring the tables and the collected static files up to this version.

    In a process of its own: what it needs of memory is not kept while the programs run.
    Raises RefusedError when it fails; it has said why.
    """
    process = multiprocessing.get_context("fork").Process(target=_prepare)
    process.start()
    process.join()
    if process.exitcode != 0:
        raise RefusedError("The database or the static files could not be prepared, see above.")


def _prepare() -> None:
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
