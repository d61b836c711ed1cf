"""A run in which nothing goes wrong, from its start to its end, on simulated time."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.test.utils import override_settings

from integrator.bindings import leases
from integrator.bindings.work import dispatch
from integrator.maintenance import sweep, wake_ups
from integrator.models import Panel, Run
from integrator.models.states import RunState
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.runs import run_start
from integrator.windows.post_checks import closed_window
from panels.sandbox import dialect as dialects
from panels.sandbox.ledger import truth
from panels.sandbox.world.size import Size
from tests.simulation.installation import install
from tests.simulation.network import Weather
from tests.simulation.scheduler import Actor, Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable

ACTOR = "anna"
COLUMNS = ("server", "username", "domain", "client", "plan", "password")
SWEEP_SECONDS, IDLE_SECONDS = 1.0, 60.0
"""Between two sweeps; they come as seldom as the latter where nothing goes on for long."""
WINDOW_LIMIT = 900.0
"""As the product has it; seeds have a shorter one."""
LONGEST = 5 * 86_400.0
"""Seconds of simulated time in which a run must be over."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a calm run goes.

    ``latency`` is in milliseconds a call; ``limit`` how many calls a panel takes at once, which is
    how many workers there are. ``hours`` and ``check_passwords`` as a preview has them.
    """

    accounts: int
    clients: int
    plans: int
    latency: float
    limit: int
    cohort: int = 100
    hours: str = ""
    check_passwords: bool = False
    seed: int = 1


class CalmRun:
    """The actors of one run: workers, and the sweep each second."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.scheduler = Scheduler(setting.seed)
        size = Size(setting.accounts, setting.clients, setting.plans, seed=setting.seed)
        self.installation = install(self.scheduler, dialects.DEFAULT, Weather(), size)
        self.world = self.installation.world
        self.world.dials.latency = setting.latency
        self.installation.network.minds_pace = False
        self._workers: list[Actor] = []
        self._post: list[Callable[[], None]] = []
        self._pause = SWEEP_SECONDS

    def play(self, look: Callable[[Run], None], every: float = 1.0) -> Run:
        """Play it to its end; ``look`` sees the run every so many seconds. The run is returned."""
        limit = override_settings(WINDOW_LIMIT=WINDOW_LIMIT)
        with self.installation.running(), limit:
            Panel.objects.update(max_parallel=self.setting.limit)
            self._set_up()
            run = self._started()

            def over() -> bool:
                run.refresh_from_db()
                look(run)
                return run.state != RunState.RUNNING

            assert self.scheduler.run(over, LONGEST, every=every), "the run did not end"
            assert run.state == RunState.FINISHED, run.why
            return run

    def _set_up(self) -> None:
        database = self.installation.database
        jobs: dict[str, Callable[[int], None]] = {
            "window": dispatch.look_at_window,
            "run": dispatch.prepare_run,
            "recheck": closed_window.look,
        }
        for kind, job in jobs.items():
            wake_ups.register(kind, partial(self._send, job))
        for number in range(self.setting.limit):
            self._workers.append(Actor(self.scheduler, f"worker{number + 1}", database))
        self._beat = Actor(self.scheduler, "beat", database)
        self.scheduler.on_rest = self._deliver
        self._sweep()
        self._keep_leases()

    def _started(self) -> Run:
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for one in truth(self.world)["accounts"]:
            known = (one["server"], one["username"], one["domains"][0], one["email"])
            writer.writerow((*known, one["plan"], one["password"]))
        choices = Choices(
            autoprolong=True,
            cohort=self.setting.cohort,
            hours=self.setting.hours,
            check_passwords=self.setting.check_passwords,
        )
        made = preview.make_from_csv(choices, text.getvalue(), ACTOR)
        assert made.summary["ready"] == self.setting.accounts, made.summary
        return run_start.start(made.pk, ACTOR)

    def _send(self, job: Callable[[int], None], row: int) -> None:
        self.scheduler.after(0.01, lambda: self._arrive(partial(job, row)))

    def _arrive(self, job: Callable[[], None]) -> None:
        if len(self._post) < 64:  # a broker's messages expire
            self._post.append(job)
        self._deliver()

    def _deliver(self) -> None:
        for actor in self._workers:
            if self._post and not actor.busy:
                actor.begin(self._post.pop(0))

    def _sweep(self) -> None:
        if not self._beat.busy:
            self._beat.begin(self._one_sweep)
        busy = any(actor.busy for actor in self._workers)
        self._pause = SWEEP_SECONDS if busy else min(self._pause * 1.2, IDLE_SECONDS)
        self.scheduler.after(self._pause, self._sweep)

    def _one_sweep(self) -> None:
        sweep.sweep()

    def _keep_leases(self) -> None:
        leases._extend_leases()
        self.scheduler.after(settings.LEASE_SECONDS / 4, self._keep_leases)
