"""The product as a simulation has it: its real code, with time, network and processes simulated."""

from __future__ import annotations

import datetime as dt
import logging
import random
import secrets
import tempfile
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from unittest import mock

from django.core.management import call_command
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.test.utils import override_settings

from integrator.bindings import leases
from integrator.core import clock, heartbeat
from integrator.maintenance import wake_ups
from integrator.matching import matcher
from integrator.panel_access import transports
from integrator.panel_setup import registration
from integrator.refresh import discovery
from integrator.steps import step6_find_the_task as step6
from integrator.windows.phases import tasks
from panels.sandbox import dialect as dialects
from panels.sandbox.world.generation import generate
from panels.sandbox.world.size import Size
from panels.sandbox.world.world import World
from tests.simulation.network import Faults, Limiter, Network, Observed, Sessions, Weather
from tests.simulation.scheduler import Scheduler, SimulatedClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from integrator.models import Panel
    from panels.sandbox.dialect import Dialect

SERVERS = ("isp1", "isp2")
SIZE = Size(accounts=8, clients=5, plans=2, seed=7)
DIALECTS = ("billmanager6", "billmanager5", "toolbar-take", "second-form", "performer-field",
            "status-field", "own-switch", "inverted-form")  # fmt: skip
LATENCY = 80.0
WINDOW_LIMIT = 150.0
PATIENCE = dt.timedelta(seconds=100)
"""Shorter than the product's, so that fewer looks at the panel lie between cause and effect."""


class Installation:
    """One installed product before its first run, on a scheduler, with its panels."""

    def __init__(
        self,
        scheduler: Scheduler,
        dialect: Dialect,
        weather: Weather,
        database: Any,
        size: Size = SIZE,
    ) -> None:
        self.scheduler = scheduler
        self.weather = weather
        self.database = database
        self.world = World(servers=SERVERS, dialect=dialect, clock=lambda: scheduler.now, seed=1)
        self.world.scheme = "https"
        generate(self.world, size)
        self.world.faults = Faults(scheduler, weather)  # type: ignore[assignment] # stands in for it
        self.network = Network(scheduler, self.world, weather)
        self.sessions = Sessions(scheduler)
        self.log = Log()

    @contextmanager
    def running(self) -> Iterator[None]:
        """While inside, the product runs on the scheduler and speaks to these panels."""
        scheduler = self.scheduler
        Observed.scheduler, Observed.costliest = scheduler, (0.0, "")
        transport = partial(
            Observed,
            session_store=self.sessions,
            monotonic=clock.monotonic,
            wall=lambda: scheduler.now,
            mount=lambda session: session.mount("https://", self.network),
        )
        previous, clock_before = connections["default"], clock.install(SimulatedClock(scheduler))
        state = random.getstate()
        random.seed(scheduler.chance.random())  # the product shuffles and jitters by it
        settings = override_settings(ALLOW_PRIVATE_PANELS=True, WINDOW_LIMIT=WINDOW_LIMIT)
        with ExitStack() as stack:
            patches: list[AbstractContextManager[Any]] = [
                mock.patch.object(transports, "Transport", transport),
                mock.patch.object(transports, "LIMITER", Limiter(scheduler, self.weather)),
                mock.patch.object(transports, "_transports", {}),
                mock.patch.object(heartbeat, "add_duty"),
                mock.patch.object(heartbeat, "process_token", self._process),
                mock.patch.object(leases, "_held", set()),
                mock.patch.object(wake_ups, "_timer", Timer(scheduler)),
                mock.patch.object(secrets, "token_hex", self._token),
                mock.patch.object(secrets, "choice", random.choice),
                mock.patch.object(tasks, "SHOWS_WITHIN", PATIENCE),
                mock.patch.object(step6, "APPEARS_WITHIN", PATIENCE),
                mock.patch("os.fsync"),
                mock.patch.object(self.database, "_commit", self._commit),
                settings,
                self.log.listening(),
            ]
            for patch in patches:
                stack.enter_context(patch)
            connections["default"] = self.database
            stack.enter_context(self.database.execute_wrapper(self._statement))
            try:
                yield
            finally:
                scheduler.close()
                connections["default"] = previous
                clock.install(clock_before)
                random.setstate(state)
                if self.database.is_in_memory_db():
                    self.database.connection.close()  # which Django leaves open

    def _process(self) -> str:
        actor = self.scheduler.current
        return actor.process if actor else "person.1"

    def _token(self, size: int = 32) -> str:
        return "".join(random.choices("0123456789abcdef", k=2 * size))

    def _statement(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        """Before each statement others may come between, but never inside of a transaction."""
        actor = self.scheduler.current
        if actor is not None:
            if not self.database.in_atomic_block:
                actor.point()
            elif actor.dead and not sql.startswith(("ROLLBACK", "RELEASE", "SAVEPOINT")):
                actor.sleep(0.0)  # raises: the dead say nothing
        return execute(sql, *rest)

    def _commit(self) -> None:
        """At each COMMIT the process may die, just before it or just after."""
        database, actor = self.database, self.scheduler.current
        really = partial(type(database)._commit, database)
        if actor is None:
            really()
            return
        try:
            actor.commit(really, database._rollback)
        finally:
            if actor.dead:
                # The connection is everybody's here: what the dead would have done after it
                # (wake others) must not be done by the next one who commits.
                database.run_on_commit = []


class Timer:
    """Wake-ups after a span, by the scheduler's time; lost when their process dies."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def set(self, kind: str, row_id: int, seconds: float) -> None:
        """Wake a worker for this row after so many seconds."""
        actor = self._scheduler.current
        process = actor.process if actor else ""

        def ring() -> None:
            if actor is None or actor.process == process:
                wake_ups._send(kind, row_id, 1)

        self._scheduler.after(seconds, ring)


class Log(logging.Handler):
    """All that the product logs, as its own formatter writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the place of what the root logger writes to."""
        root = logging.getLogger()
        self.setFormatter(root.handlers[0].formatter if root.handlers else None)
        before, level = root.handlers[:], root.level
        root.handlers[:] = [self]
        root.setLevel(logging.INFO)
        try:
            yield
        finally:
            root.handlers[:] = before
            root.setLevel(level)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        self.lines.append(self.format(record))


def _settings(name: str) -> dict[str, Any]:
    """Of a SQLite database, whatever the tests run on."""
    options = {"transaction_mode": "IMMEDIATE"}
    engine = "django.db.backends.sqlite3"
    return {**connections.settings["default"], "ENGINE": engine, "NAME": name, "OPTIONS": options}


class _NoMigrations(dict[str, None]):
    """Says of every app that it has no migrations."""

    def __contains__(self, _app: object) -> bool:
        return True

    def __getitem__(self, _app: str) -> None:
        return None


@cache
def _template(dialect: str, *, billing: bool = True, size: Size = SIZE) -> bytes:
    """A database with the panels registered and discovered; made once for each dialect and size.

    ``billing``: BILLmanager too; without it the servers alone.
    """
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
        # A file: discovery works with threads of its own, each with its own connection.
        place = _settings(f"{folder}/template.sqlite3")
        made = DatabaseWrapper(place, "default")
        installation = Installation(Scheduler(0), dialects.load(dialect), Weather(), made, size)
        # Tables as the models say: running the migrations would take longer than many seeds.
        models_alone = override_settings(MIGRATION_MODULES=_NoMigrations())
        with mock.patch.dict(connections.settings, default=place), installation.running():
            with models_alone:
                call_command("migrate", run_syncdb=True, verbosity=0)
            _register(installation.world, billing=billing)
        try:
            return bytes(made.connection.serialize())
        finally:
            made.close()


def register_billing(world: World) -> Panel:
    """Register the world's BILLmanager."""
    login = ("billmanager", "billing", world.address_of("billmanager"), "admin", "admin-sandbox")
    staff = "tasks-sandbox"
    return registration.register(*login, task_username="tasks", task_password=staff)


def _register(world: World, *, billing: bool) -> None:
    address = world.address_of
    panels = [register_billing(world)] if billing else []
    for name in SERVERS:
        login = ("ispmanager", name, address(name), "root", "root-sandbox")
        panels.append(registration.register(*login))
    for panel in panels:
        discovery.discover(panel)
    matcher.match_all()


def install(
    scheduler: Scheduler, dialect: str, weather: Weather, size: Size = SIZE
) -> Installation:
    """A fresh installation with registered and discovered panels, in a world of this size."""
    made = _database(_template(dialect, size=size))
    installation = Installation(scheduler, dialects.load(dialect), weather, made, size)
    installation.world.dials.latency = LATENCY
    return installation


def install_servers(scheduler: Scheduler, dialect: Dialect) -> Installation:
    """A fresh installation that knows its servers, and no BILLmanager yet."""
    made = _database(_template(dialects.DEFAULT, billing=False))
    return Installation(scheduler, dialect, Weather(), made)


def _database(template: bytes) -> DatabaseWrapper:
    made = DatabaseWrapper(_settings(":memory:"), "default")
    made.inc_thread_sharing()
    made.ensure_connection()
    made.connection.deserialize(template)
    return made
