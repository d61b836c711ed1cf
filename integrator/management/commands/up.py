"""Run an installation on this machine: everything, or one role of it."""

from __future__ import annotations

import multiprocessing
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from integrator.core import env, keys
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

    from integrator.core.env import Options
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
        options: Options = settings.OPTIONS
        try:
            if given["only"]:
                run_alone(options, given["only"], given["port"], demo=given["demo"])
            with only_one(options.var_dir):
                status = self.run_all(options, given["port"], demo_too=given["demo"])
        except (RefusedError, redis.NoRedisError) as error:
            self.stderr.write(str(error))
            sys.exit(REFUSED)
        sys.exit(status)

    def run_all(self, options: Options, port: int, *, demo_too: bool) -> int:
        """Prepare the folder and the rows, then run every program. Returns an exit status."""
        check_kind(options, demo=demo_too)
        check_port(options.bind, port)
        made = not options.database_url.is_server and keys.create_missing(options.var_dir)
        if demo_too:
            made |= demo.create_missing(options.var_dir)
        if made:
            start_over()
        stages: list[list[Program]] = []
        if "REDIS_URL" not in given_settings():
            gone = eventually(lambda: not redis.answers(options.redis_url))
            if not gone:
                raise RefusedError(f"Another Redis already answers at {options.redis_url}.")
            stages.append([redis.program(options.var_dir)])
        if demo_too:
            where = demo.ports(options.var_dir)
            stages += [[demo.sandbox(options, where)], [demo.preparation(options, where)]]
        stages += [
            [roles.web(options, port)],
            [roles.worker(options, number) for number in range(1, options.workers + 1)],
            [roles.beat(options)],
        ]
        prepare_rows_and_files()
        return Supervisor(stages, lambda: self.greet(options, port, demo_too=demo_too)).run()

    def greet(self, options: Options, port: int, *, demo_too: bool) -> None:
        """Say where the pages are and how to get in."""
        address = f"http://{options.bind}:{port}/"
        lines = [f"Integrator is ready: {address}"]
        if demo_too:
            lines += [f"  user      {demo.USER}", f"  password  {demo.password(options.var_dir)}"]
        elif options.behind_tls:
            lines += ["  for a proxy that speaks TLS; to open it directly set BEHIND_TLS=off"]
        self.stdout.write("\n".join(["", *lines, "  Ctrl-C stops it", ""]))
        self.stdout.flush()


def run_alone(options: Options, role: str, port: int, *, demo: bool) -> NoReturn:
    """Become the one role. Raises RefusedError when it cannot be."""
    check_kind(options, demo=demo)
    # Django refuses to show an empty SECRET_KEY, so ask where it would come from.
    if not (options.secret_key or keys.secret_key(options.var_dir)) or not settings.FIELD_KEYS:
        raise RefusedError("There are no keys yet: give SECRET_KEY and FIELD_KEYS.")
    if role == "web":
        check_port(options.bind, port)
        call_command("collectstatic", interactive=False, verbosity=0)
    program = {
        "web": lambda: roles.web(options, port),
        "worker": lambda: roles.worker(options),
        "beat": lambda: roles.beat(options),
    }[role]()
    os.execve(program.command[0], program.command, {**os.environ, **program.environ})


def given_settings() -> set[str]:
    """The names of our settings that the environment gives, as themselves or as X_FILE."""
    return {name for name in env.NAMES if name in os.environ or f"{name}_FILE" in os.environ}


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
