"""One seed, one run: the product binds accounts while everything happens to it."""

from __future__ import annotations

import hashlib
import traceback
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from unittest import mock

from django.conf import settings

from integrator.bindings import leases
from integrator.bindings.work import dispatch, task_close, writes
from integrator.maintenance import sweep, wake_ups
from integrator.models import Binding, Event, Run
from integrator.models.states import BindingState, Phase, RunState
from integrator.windows.post_checks import closed_window
from panels.sandbox.ledger import truth
from tests.services.secret_search import LOGINS
from tests.simulation import invariants, rare_paths, scenario
from tests.simulation.batch import MIN_PASSWORD, WEAK, WRONG, Batch
from tests.simulation.installation import install
from tests.simulation.people import People, moves, needs_a_person, unfinished
from tests.simulation.scheduler import BEGIN, Actor, Scheduler
from tests.simulation.third_parties import ThirdParties

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from integrator.bindings.claims import Claim
    from integrator.bindings.work.side_by_side import Work
    from panels.billmanager import BillManager

PAUSES = {"walk_in": 0.2, "pay_same": 0.5, "twin_before": 0.1, "switch_in_orders": 0.3}
"""How often others look for an occasion that does not last; for all else every 1.5 seconds."""
SHOWN_BRIEFLY = {"restore_following": 0.2}
"""How often a person looks whether a button is there yet; for all else every three seconds."""
NO_PASSWORD = 1000
"""So long must a password be when no task can be closed."""
ROUNDS = 25
"""So often a person comes by; what is not over then never ends."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a seed.

    ``violations``: of invariants; ``seen``: what it reached, counted; ``digest``: of all that
    happened, equal whenever the seed is played by equal code.
    """

    seed: int
    violations: list[str]
    seen: Counter[str]
    story: list[str]
    scenario: str
    digest: str


class Simulation:
    """The actors of one seed, and the queue that carries wake-ups between them."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.scheduler = Scheduler(seed)
        self.scenario = scenario.draw(self.scheduler.chance, seed)
        self.installation = install(self.scheduler, self.scenario.dialect, self.scenario.weather)
        self.world = self.installation.world
        self.batch = Batch(self.world, self.scenario)
        self.people = People(self.scheduler, self.world, self.batch)
        self.third_parties = ThirdParties(self.scheduler, self.world)
        self.workers: list[Actor] = []
        self._jobs: dict[str, Callable[[int], None]] = {
            "window": dispatch.look_at_window,
            "run": dispatch.prepare_run,
            "recheck": closed_window.look,
        }
        self._post: list[tuple[str, int, bool]] = []
        self._calm = False
        self.poisoned: int | None = None
        """The account whose step 7 ends each process that takes it up."""
        self.charged_in_vain: int | None = None
        """How many of our orders had been charged when tasks could be closed at last."""
        self.let_go_in_vain = 0
        """How often people had let stopped runs go on until then."""
        self._idle = 1.0
        self.memory = invariants.peak_memory()
        """Bytes that this process had at most before."""
        self._passwords = {account["password"] for account in truth(self.world)["accounts"]}

    def run(self, look: Callable[[Simulation], None] = lambda _played: None) -> Verdict:
        """Play it to its end; ``look`` sees the product once it is over."""
        violations: list[str] = []
        jobs = {**dispatch.JOBS, Phase.TASKS: self._closing}
        with (
            self.installation.running(),
            mock.patch.dict(dispatch.JOBS, jobs),
            mock.patch.object(writes, "commit", partial(self._committing, writes.commit)),
        ):
            try:
                self._set_up()
                self._play()
                violations = invariants.violations(self)
                self.scheduler.seen.update(rare_paths.reached())
                look(self)
            except Exception:  # noqa: BLE001 - whatever it was, it is the verdict
                violations = [traceback.format_exc()]
            story = self._story()
        digest = hashlib.sha256(repr(self.scheduler.story).encode()).hexdigest()
        return Verdict(
            self.seed, violations, self.scheduler.seen, story, self.scenario.summary, digest
        )

    def secrets(self) -> set[str]:
        """All that must never be readable anywhere."""
        set_by_us = {user.password for user in self.world.hosting.all()}
        return {*LOGINS, *self._passwords, *set_by_us, WRONG, WEAK, *self.installation.sessions.all}

    # -- the beginning ---------------------------------------------------------------------
    def _set_up(self) -> None:
        chosen, scheduler, world = self.scenario, self.scheduler, self.world
        delays = {"task_delay": chosen.task_delay, "close_delay": chosen.close_delay}
        leaves = chosen.refused_leaves
        world.dials.turn({**delays, "lists_behind": chosen.behind, "refused_leaves": leaves})
        for kind in self._jobs:
            wake_ups.register(kind, partial(self._send, kind))
        for name in range(chosen.workers):
            self.workers.append(Actor(scheduler, f"worker{name + 1}", self.installation.database))
        self.beat = Actor(scheduler, "beat", self.installation.database)
        self.web = Actor(scheduler, "web", self.installation.database)
        scheduler.on_rest = self._deliver
        self._begin_batch()
        if chosen.poison:
            self.poisoned = Binding.objects.order_by("pk").values_list("account_id", flat=True)[0]
        if chosen.closes_refused:
            world.dials.turn({"password_min": NO_PASSWORD})
        self.installation.network.away = chosen.away
        for actor in scheduler.actors:
            actor.yields, actor.deaths, actor.naps = chosen.yields, chosen.deaths, chosen.naps
            actor.lost = actor.kept = chosen.commits / 2
            actor.on_death = self._forget
        self._sweep()
        self._keep_leases()
        for what in chosen.people:
            scheduler.after(self._some_time(), partial(self._press, what))
        for what in chosen.third_parties:
            tries = int(60 / PAUSES.get(what, 1.5))
            scheduler.after(self._some_time(), partial(self._meddle, what, tries))
        for _ in range(chosen.jumps):
            scheduler.after(self._some_time(), self._jump)

    def _begin_batch(self) -> None:
        chosen, clients = self.scenario, self.world.clients
        if chosen.first_csv:
            self.batch.upload_wrongly()
            self.scheduler.seen["CSV that would sell a site twice"] += 1
        for client in clients.all():
            clients.put(client._replace(balance=chosen.balance - chosen.debt))
        self.batch.begin()

    # -- what goes on ----------------------------------------------------------------------
    def _play(self) -> None:
        self.scheduler.run(lambda: not unfinished(), self.scenario.storm)
        self._calm_down()
        for _ in range(ROUNDS):
            self.scheduler.run(self._rests, 600.0)
            if self._is_over():
                # A plan at rest is read once more after five minutes; people press meanwhile, too.
                self.scheduler.run(lambda: False, 400.0)
                if self._is_over():
                    return
            self._ask(self.people.settle)
            self.scheduler.run(lambda: not needs_a_person(), 30.0)

    def _rests(self) -> bool:
        """Whether nothing moves without a person, or something waits for one."""
        if any(actor.busy for actor in self.scheduler.actors):
            return False
        return needs_a_person() or not (moves() or unfinished())

    def _is_over(self) -> bool:
        """Whether neither the product nor a person has anything left to do."""
        return not unfinished() and not self.people.wants_more()

    def _calm_down(self) -> None:
        self.scheduler.tell("— from here on all goes well —")
        self._calm = True
        self.scenario.weather.left = 0
        self.scheduler.put_clock(0.0)
        self.third_parties.give_back()
        self.world.dials.turn({"lists_behind": 0.0})
        self.poisoned = None
        self.installation.network.away = (0.0, 0.0)
        if self.scenario.closes_refused:
            ours = set(Binding.objects.values_list("marker", flat=True))
            expenses = self.world.expenses.all()
            charged = {
                e.service for e in expenses if e.kind == "order"
            } - self.third_parties.touched
            presses = ("resume pressed", "retry pressed", "decide pressed")
            pressed = (*presses, "bound anew after undoing")
            self.let_go_in_vain = sum(self.scheduler.seen[name] for name in pressed)
            self.charged_in_vain = sum(self.world.services[s].remoteid in ours for s in charged)
            self.world.dials.turn({"password_min": MIN_PASSWORD if self.batch.is_strict else 0})
        for actor in self.scheduler.actors:
            actor.deaths = actor.naps = actor.lost = actor.kept = 0.0
            actor.yields = min(actor.yields, 0.05)

    def _ask(self, what: Callable[[], None]) -> None:
        """Have a person do something, and wait until it is done."""
        self.scheduler.run(lambda: not self.web.busy, 3600.0, every=0.1)
        self.web.begin(what)
        self.scheduler.run(lambda: not self.web.busy, 3600.0, every=0.1)

    def _press(self, what: str, left: float = 180.0) -> None:
        """Press a button as soon as the page shows it, within so many seconds."""
        if not self.people.can_press(what):
            if left > 0.0:
                pause = SHOWN_BRIEFLY.get(what, 3.0)
                self.scheduler.after(pause, partial(self._press, what, left - pause))
        elif not self.web.busy:
            self.web.begin(lambda: self.people.press(what))

    def _some_time(self) -> float:
        """Most happens early on, while everything is under way."""
        chance = self.scheduler.chance
        return chance.uniform(1.0, chance.choice((10.0, 30.0, self.scenario.storm)))

    def _meddle(self, what: str, tries: int) -> None:
        """Somebody at the panels acts as soon as there is something to act upon."""
        if not self.third_parties.act(what) and tries and not self._calm:
            pause = PAUSES.get(what, 1.5)
            self.scheduler.after(pause, partial(self._meddle, what, tries - 1))

    def _jump(self) -> None:
        """The database's clock is set, by less than anything waits for."""
        self.scheduler.put_clock(self.scheduler.chance.uniform(-15.0, 15.0))
        self.scheduler.seen["clock jump"] += 1
        self.scheduler.tell(f"the database's clock is now {self.scheduler.skew:+.0f} s off")

    def _sweep(self) -> None:
        if not self.beat.busy:
            self.beat.begin(self._one_sweep)
        busy = any(actor.busy for actor in self.workers)
        self._idle = 5.0 if busy else min(self._idle * 2, 90.0)
        self.scheduler.after(self._idle * self.scheduler.chance.uniform(0.8, 1.2), self._sweep)

    def _closing(self, claimed: Claim, bm: BillManager) -> Work[None]:
        """What step 7 does, unless it ends the process."""
        actor = self.scheduler.current
        if actor is not None and claimed.binding.account_id == self.poisoned:
            self.scheduler.seen["died of what it took up"] += 1
            actor.die()
        yield from task_close.work(claimed, bm)

    def _committing(
        self,
        commit: Callable[[Sequence[writes.Writes]], list[Exception | None]],
        asked: Sequence[writes.Writes],
    ) -> list[Exception | None]:
        """What works on several bindings write, and whether that was of several at once."""
        if sum(one.declared is not None for one in asked) > 1:
            self.scheduler.seen["intents committed together"] += 1
        if sum(one.handed_back is not None for one in asked) > 1:
            self.scheduler.seen["outcomes committed together"] += 1
        return commit(asked)

    def _one_sweep(self) -> None:
        found = sweep.sweep()
        open_questions = Run.objects.filter(
            state=RunState.FINISHED, bindings__state=BindingState.UNDECIDED
        )
        assert not open_questions.exists(), "a run is finished with an undecided binding"
        if found["leases"]:
            self.scheduler.seen["lease taken back"] += found["leases"]

    def _keep_leases(self) -> None:
        """Every process that lives and is not stopped extends its leases."""
        awake = {actor.process for actor in self.scheduler.actors if not actor.asleep}
        held = leases._held
        mine = {token for token in held if token.rpartition("-")[0] in awake}
        if mine:
            leases._held = mine
            leases._extend_leases()
            leases._held = held
        self.scheduler.after(settings.LEASE_SECONDS / 4, self._keep_leases)

    def _forget(self, actor: Actor) -> None:
        """What a process held in memory dies with it."""
        for token in [t for t in leases._held if t.startswith(f"{actor.process}-")]:
            leases._held.discard(token)

    # -- the post --------------------------------------------------------------------------
    def _send(self, kind: str, row: int) -> None:
        scheduler, chance, chosen = self.scheduler, self.scheduler.chance, self.scenario
        copies = 1
        if not self._calm:
            if chance.random() < chosen.dropped:
                scheduler.seen["wake-up lost"] += 1
                return
            if chance.random() < chosen.doubled:
                scheduler.seen["wake-up doubled"] += 1
                copies = 2
        for copy in range(copies):
            arrive = partial(self._arrive, kind, row, again=copy > 0)
            scheduler.after(chance.uniform(0.005, 0.1), arrive)

    def _arrive(self, kind: str, row: int, *, again: bool) -> None:
        if len(self._post) < 64:  # a broker's messages expire
            self._post.append((kind, row, again))
        self._deliver()

    def _deliver(self) -> None:
        for actor in self.workers:
            if not self._post:
                return
            if not actor.busy and actor.wakes <= self.scheduler.now:
                place = self.scheduler.chance.randrange(min(len(self._post), 3))
                kind, row, again = self._post.pop(place)
                actor.begin(partial(self._serve, actor, kind, row, again=again))

    def _serve(self, actor: Actor, kind: str, row: int, *, again: bool) -> None:
        before = actor.calls
        self._jobs[kind](row)
        if again and actor.calls == before:
            self.scheduler.seen["redelivery ignored"] += 1

    # -- the story -------------------------------------------------------------------------
    def _story(self) -> list[str]:
        """What happened, in order, with every change of state."""
        lines = list(self.scheduler.story)
        for event in Event.objects.order_by("id"):
            about = f"b{event.binding_id}" if event.binding_id else (
                f"w{event.window_id}" if event.window_id else f"r{event.run_id}"
            )  # fmt: skip
            change = f"{event.from_state} → {event.to_state}"
            at = event.at.timestamp() - BEGIN
            lines.append((at, event.actor, f"    {about}: {change} ({event.why})"))
        lines.sort(key=lambda line: line[0])
        return [f"{at:9.3f} {who:<12} {what}" for at, who, what in lines]


def simulate(seed: int) -> Verdict:
    """Play one seed."""
    return Simulation(seed).run()
