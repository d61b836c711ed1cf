"""One seed: a panel that nobody has seen, an installation that is to bind four accounts on it."""

from __future__ import annotations

import csv
import io
import traceback
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from integrator.bindings.operator import actions
from integrator.bindings.work import dispatch
from integrator.core.errors import Refused
from integrator.maintenance import sweep, wake_ups
from integrator.models import Binding, PreviewRow, Window
from integrator.models.states import BindingState, RowState, RunState
from integrator.panel_setup.checks import panel_check
from integrator.panel_setup.checks.rows import PASSES
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.refresh import discovery
from integrator.runs import launch
from integrator.windows.post_checks import closed_window
from panels.sandbox.billmanager import operations
from panels.sandbox.dialects.drawn_dialect import draw
from panels.sandbox.ledger import ledger, truth
from panels.sandbox.world import records as r
from tests.dialects import administrator
from tests.services.ledger_comparison import other_services
from tests.simulation.installation import install_servers, register_billing
from tests.simulation.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrator.models import Panel, Run
    from integrator.panel_setup.checks.rows import CheckRow

ANNA = "anna"
COUNT = 4
ROUNDS = 12
"""So often the administrator comes to answer."""
MAX_SECONDS = 4 * 3600.0
"""Seconds of the panels' time in which a run comes to rest."""
EMPTY, BROKEN = 19, 20
"""Ids of plans that stand before all others: one without modules, one that cannot be looked at."""


class Failure(Exception):  # noqa: N818 - the verdict on a seed
    """What must not be; the text says what."""


@dataclass(slots=True)
class Verdict:
    """The verdict on a seed. ``answers``: of the administrator; ``failure``: "" if none.

    ``ordered_before``: how many were ordered before the last answer.
    """

    seed: int
    summary: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    ordered_before: int = 0
    failure: str = ""


class Trial:
    """The seed on its way."""

    def __init__(self, seed: int) -> None:
        self.drawn = draw(seed)
        self.verdict = Verdict(seed, self.drawn.summary)
        self.scheduler = Scheduler(seed)
        self.installation = install_servers(self.scheduler, self.drawn.dialect)
        self.world = self.installation.world
        self._post: list[tuple[Callable[[int], None], int]] = []

    def run(self) -> Verdict:
        """Play it to its end."""
        with self.installation.running():
            try:
                self._set_up()
                self._play()
            except Failure as failure:
                self.verdict.failure = str(failure)
            except Exception:  # noqa: BLE001 - whatever it was, it is the verdict
                self.verdict.failure = traceback.format_exc()
        return self.verdict

    # -- the beginning ---------------------------------------------------------------------
    def _set_up(self) -> None:
        world, drawn = self.world, self.drawn
        jobs: dict[str, Callable[[int], None]] = {
            "window": dispatch.look_at_window,
            "run": dispatch.prepare_run,
            "recheck": closed_window.look,
        }
        for kind, job in jobs.items():
            wake_ups.register(kind, partial(self._send, job))
        world.dials.turn({"latency": 5.0, "task_delay": 0.3, "close_delay": 0.2})
        plan = min(world.plans.all(), key=lambda one: one.id)
        if drawn.empty_plan:
            world.plans.put(plan._replace(id=EMPTY, name="Empty", preset="", modules=()))
        if drawn.odd_plan:
            world.plans.put(plan._replace(id=BROKEN, name="Broken", preset=""))
            world.dials.turn({"broken_plans": [BROKEN]})
        if drawn.waiting_task:
            self._leave_task(plan)
        self.accounts = [a for a in truth(world)["accounts"] if a["domains"]][:COUNT]
        if drawn.credit:
            client = world.clients[self.accounts[0]["client"]]
            world.clients.put(client._replace(balance=0))
        self.before = self._plans()

    def _leave_task(self, plan: r.Plan) -> None:
        """A customer's order of yesterday that no module could open waits for people."""
        world = self.world
        client = max(world.clients.rows)
        key = world.services.next_id()
        service = r.Service(
            key, plan.id, client, 1, 1, "waiting.example", r.IN_PROGRESS, "5_open", 0,
            world.now() - 86_400, paid=True, module=min(world.modules.rows), failed=True,
            origin="stranger",
        )  # fmt: skip
        world.services.put(service)
        operations.make_task(world, service, self.drawn.dialect["task.type_open"], 2)

    def _send(self, job: Callable[[int], None], row: int) -> None:
        self._post.append((job, row))

    # -- what goes on ----------------------------------------------------------------------
    def _play(self) -> None:
        panel = register_billing(self.world)
        discovery.discover(panel)
        self._answer(panel)
        run = self._start()
        for _ in range(ROUNDS):
            self._go_on(run)
            if not Binding.objects.exclude(state=BindingState.DONE).exists():
                self._sound()
                return
            self._stopped_well()
            if not self._answer(panel):
                raise Failure(f"stopped, and the check asks nothing: {_where()}")
            actions.retry(Binding.objects.filter(state=BindingState.FAILED), ANNA)
            run.refresh_from_db()
            if run.state == RunState.PAUSED:
                actions.resume(run.pk, ANNA)
        raise Failure(f"never over: {_where()}")

    def _answer(self, panel: Panel) -> bool:
        """Check and answer until nothing is asked any more; whether anything was."""
        for nth in range(ROUNDS):
            panel.refresh_from_db()
            rows = panel_check.check(panel, in_parallel=False).rows
            wrong = [row for row in rows if row.state not in PASSES]
            if not wrong:
                return nth > 0
            if not self._say(panel, wrong):
                raise Failure("; ".join(_told(row) for row in wrong))
        raise Failure("it asks for ever")

    def _say(self, panel: Panel, wrong: list[CheckRow]) -> bool:
        """Set what these rows ask for; False: they ask for nothing new."""
        asked = [row for row in wrong if row.state == "needs choice"]
        said = administrator.answers(asked, self.drawn.truth)
        for row in asked:
            if row.candidates and not administrator.is_among(row, self.drawn.truth):
                raise Failure(f"not among the candidates: {_told(row)}")
        if not set(said) - set(self.verdict.answers):
            return False
        self.verdict.answers |= said
        self.verdict.ordered_before = len(self._ledger()["orders"])
        panel.refresh_from_db()
        panel.overrides = {**panel.overrides, **said}
        panel.save(update_fields=["overrides"])
        discovery.discover(panel)
        return True

    def _start(self) -> Run:
        text = io.StringIO(newline="")
        columns = ("server", "username", "domain", "client", "plan", "password")
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        for a in self.accounts:
            own = {"domain": a["domains"][0], "client": a["email"]}
            writer.writerow({name: own.get(name) or a[name] for name in columns})
        choices = Choices(autoprolong=True)
        if self.drawn.credit:
            choices = replace(choices, payment="credit", paymethod="1")
        made = preview.make_from_csv(choices, text.getvalue(), ANNA)
        left = PreviewRow.objects.filter(preview=made).exclude(state=RowState.READY)
        if left.exists():
            raise Failure(f"not ready: {[row.reasons for row in left]}")
        try:
            return launch.launch(made, ANNA)
        except Refused as refused:
            raise Failure(f"not started: {refused.text} {refused.lines}") from refused

    def _go_on(self, run: Run) -> None:
        """Do what workers do until nothing moves without a person and every window is closed."""
        end, pause = self.scheduler.now + MAX_SECONDS, 0.5
        while self.scheduler.now < end:
            self.scheduler.ring()
            if self._post:
                job, row = self._post.pop(0)
                job(row)
                pause = 0.5
                continue
            run.refresh_from_db()
            if run.state != RunState.RUNNING and not _open_windows():
                return
            sweep.sweep()
            if not self._post:
                self.scheduler.now += pause
                pause = min(pause * 1.5, 30.0)
        raise Failure(f"never at rest: {_where()}")

    # -- what must be ----------------------------------------------------------------------
    def _ledger(self) -> dict[str, Any]:
        return ledger(self.world)

    def _plans(self) -> list[tuple[int, tuple[int, ...], str]]:
        return [(p.id, tuple(sorted(p.modules)), p.opennotify) for p in self.world.plans.all()]

    def _stopped_well(self) -> None:
        """Nothing was harmed by what stopped, and no more than the canary was charged for it."""
        ledger = self._ledger()
        self._harmless(ledger)
        done = Binding.objects.filter(state=BindingState.DONE).count()
        if len(ledger["orders"]) > done + 1 or len(self._charges(ledger)) > done + 1:
            raise Failure(f"{len(ledger['orders'])} orders before it stopped: {_where()}")
        hidden = self.drawn.dialect["task.take"] == "form" or self.drawn.dialect["task.next_button"]
        if self.drawn.waiting_task and not hidden and ledger["orders"]:
            raise Failure(f"could have been seen in the task that waits: {_where()}")

    def _harmless(self, ledger: dict[str, Any]) -> None:
        if ledger["violations"] or ledger["hosting_accounts_created"]:
            raise Failure(f"{ledger['violations']} {ledger['hosting_accounts_created']}")
        if self._plans() != self.before:
            raise Failure(f"plans are {self._plans()}, not {self.before}")

    @staticmethod
    def _charges(ledger: dict[str, Any]) -> list[dict[str, Any]]:
        return [one for one in ledger["charges"] if one["amount"] > 0]

    def _sound(self) -> None:
        """Each account has one service, one order and one charge, and the plans are as before."""
        ledger = self._ledger()
        self._harmless(ledger)
        if not len(ledger["orders"]) == len(self._charges(ledger)) == COUNT:
            raise Failure(f"{len(ledger['orders'])} orders, {len(ledger['charges'])} charges")
        wanted = (
            (one.service_id, {"username": one.account.username, "module_id": one.module_id})
            for one in Binding.objects.select_related("account")
        )
        for sentence in other_services(ledger, wanted):
            raise Failure(sentence)


def _told(row: CheckRow) -> str:
    return f"step {row.step}, {row.what} ({row.func}): {row.state}. {row.text}"


def _open_windows() -> bool:
    return Window.objects.open().exists()


def _where() -> str:
    bindings = Binding.objects.order_by("pk")
    found = [(b.state, b.step, b.waiting_for, b.cause, str(b.cause_text)) for b in bindings]
    windows = [(w.phase, w.held, str(w.cause)) for w in Window.objects.open()]
    return f"{found} {windows}"


def play(seed: int) -> Verdict:
    """Play one seed. Only a process in which Django is set up can."""
    return Trial(seed).run()
