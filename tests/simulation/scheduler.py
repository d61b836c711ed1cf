"""The scheduler: one clock, one source of chance, actors of whom exactly one runs at a time.

An actor is a real thread that holds the baton from one *point* to the next: before a statement
outside of a transaction, before and after a call to a panel, while it waits. At a point it may
lose its turn, fall asleep with its whole process, or die as by ``kill -9``. Who goes on is drawn
from the seed, so that one seed is one run, to be replayed as often as one likes.
"""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import random
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

from django.db import connections

from integrator.core.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

BEGIN = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC).timestamp()
"""When every simulation begins: a fixed moment, so that no run depends on the day."""
STANDS_STILL = 120.0
"""Seconds of the real clock within which an actor gives its turn back."""
GRAIN = 0.001
"""Seconds that pass at a point, so that no two of them are at the same time."""


class Crash(BaseException):
    """The process has died. Not an ``Exception``: nothing catches it, as nothing catches a kill."""


class Scheduler:
    """Time, chance and turns of one run.

    ``story`` is what happened, as (seconds, who, what); ``seen`` counts by name what was reached.
    ``refused``: why the run is not to go on; "" as long as it may.
    """

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = BEGIN
        self.skew = 0.0
        self.steps: list[tuple[dt.datetime, dt.timedelta]] = []
        self.current: Actor | None = None
        self.actors: list[Actor] = []
        self.story: list[tuple[float, str, str]] = []
        self.seen: Counter[str] = Counter()
        self.refused = ""
        self.on_rest: Callable[[], None] = lambda: None
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._turn = threading.Semaphore(0)

    def tell(self, what: str) -> None:
        """Write a line of the story, in the name of the running actor."""
        who = self.current.process if self.current else "·"
        self.story.append((self.now - BEGIN, who, what))

    def at(self, when: float, do: Callable[[], None]) -> None:
        """Have something done at a time, while no actor moves."""
        heapq.heappush(self._events, (when, next(self._order), do))

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Have something done so many seconds from now."""
        self.at(self.now + seconds, do)

    def put_clock(self, skew: float) -> None:
        """Put the database's clock; ``steps``: when it was set ahead, as it showed then."""
        if skew > self.skew:
            shown = dt.datetime.fromtimestamp(self.now + self.skew, dt.UTC)
            self.steps.append((shown, dt.timedelta(seconds=skew - self.skew)))
        self.skew = skew

    def sleep(self, seconds: float) -> None:
        """Let time pass for the running actor; others run meanwhile."""
        if self.current is None:
            self.now += seconds
        else:
            self.current.sleep(seconds)

    def run(self, over: Callable[[], bool], seconds: float, every: float = 5.0) -> bool:
        """Let things happen until ``over`` (asked every few seconds) or so many seconds passed.

        True: it is over.
        """
        end = self.now + seconds
        ask = self.now
        while self.now < end:
            if self.now >= ask:
                if over():
                    return True
                ask = self.now + every
            self._one(end)
        return over()

    def _one(self, end: float) -> None:
        if self.refused:
            raise AssertionError(self.refused)
        ready = [actor for actor in self.actors if actor.busy and actor.wakes <= self.now]
        if ready:
            actor = ready[0] if len(ready) == 1 else self.chance.choice(ready)
            self.current = actor
            actor.baton.release()
            if not self._turn.acquire(timeout=STANDS_STILL):
                raise AssertionError(f"{actor.name} waits for another one outside of the scheduler")
            self.current = None
            if actor.failure is not None:
                raise actor.failure
            if not actor.busy:
                self.on_rest()
            return
        self.now = max(self.now, min(end, self.next_time()))
        self.ring()

    def ring(self) -> None:
        """Have all done whose time has come."""
        while self._events and self._events[0][0] <= self.now:
            heapq.heappop(self._events)[2]()

    def next_time(self) -> float:
        """When the next thing happens by itself; infinity: never."""
        times = [actor.wakes for actor in self.actors if actor.busy and actor is not self.current]
        if self._events:
            times.append(self._events[0][0])
        return min(times, default=float("inf"))

    def give_back(self) -> None:
        """The moving actor hands the baton back. Called in its thread."""
        self._turn.release()

    def close(self) -> None:
        """End all threads; whatever they were doing dies with them."""
        for actor in self.actors:
            actor.end()


class SimulatedClock(Clock):
    """The product's clock: the scheduler's time, with the database's clock off by ``skew``."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self._scheduler = scheduler
        self._steps = scheduler.steps

    def now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._scheduler.now + self._scheduler.skew, dt.UTC)

    def monotonic(self) -> float:
        return self._scheduler.now - BEGIN


class Actor:
    """One thread of one process that may die and come back.

    ``yields``, ``naps`` and ``deaths`` are the chances, at each point, of losing the turn, of the
    process standing still and of its end; ``lost`` and ``kept`` those of its end at a COMMIT: just
    before it, so that all of the transaction is lost, and just after it, before anything follows.
    ``calls``: how many calls to panels it has made.
    """

    def __init__(self, scheduler: Scheduler, name: str, database: Any) -> None:
        self.scheduler = scheduler
        self.name = name
        self.database = database
        self.life = 1
        self.dead = False
        self.asleep = False
        self.busy = False
        self.calls = 0
        self.wakes = scheduler.now
        self.baton = threading.Semaphore(0)
        self.failure: BaseException | None = None
        self.send_by: float | None = None
        self.on_death: Callable[[Actor], None] = lambda _actor: None
        self.yields = self.naps = self.deaths = 0.0
        self.lost = self.kept = 0.0
        self._job: Callable[[], None] | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)
        self._thread.start()
        scheduler.actors.append(self)

    @property
    def process(self) -> str:
        """The name of its process in this life."""
        return f"{self.name}.{self.life}"

    def begin(self, job: Callable[[], None]) -> None:
        """Give it something to do, from its next turn on."""
        assert not self.busy
        self._job, self.busy, self.wakes = job, True, self.scheduler.now

    def point(self) -> None:
        """A place where others may come between, or the process may sleep or die."""
        if self.dead:
            raise Crash
        scheduler = self.scheduler
        scheduler.now += GRAIN
        draw = scheduler.chance.random()
        if draw < self.deaths:
            self.die()
        draw -= self.deaths
        if draw < self.naps:
            self.nap()
        elif draw < self.naps + self.yields:
            self.sleep(0.0)

    def commit(self, really: Callable[[], None], undo: Callable[[], None]) -> None:
        """A transaction of this process ends well, unless the process dies at this very moment."""
        if self.dead:
            undo()
            raise Crash
        draw = self.scheduler.chance.random()
        if draw < self.lost:
            self.scheduler.seen["crash at commit, before it"] += 1
            undo()
            self.die()
        really()
        if draw >= 1.0 - self.kept:
            self.scheduler.seen["crash at commit, after it"] += 1
            self.die()

    def die(self) -> None:
        """End this process here. Raises Crash."""
        self.scheduler.seen["crash"] += 1
        self.scheduler.tell("dies")
        self.dead = True
        self.on_death(self)
        raise Crash

    def nap(self) -> None:
        """The process is stopped for longer than its leases; then it goes on as if nothing was."""
        seconds = self.scheduler.chance.uniform(6.0, 90.0)
        self.scheduler.seen["nap"] += 1
        self.scheduler.tell(f"stands still for {seconds:.0f} s")
        self.asleep = True
        self.sleep(seconds)
        self.asleep = False
        self.scheduler.tell("goes on")

    def sleep(self, seconds: float) -> None:
        """Wait; another one moves meanwhile."""
        if self.dead:
            raise Crash
        scheduler = self.scheduler
        until = scheduler.now + seconds
        if seconds and scheduler.next_time() > until:
            scheduler.now = until  # nobody would move meanwhile: the baton stays
            return
        self.wakes = until
        scheduler.give_back()
        self.baton.acquire()
        if self._closing:
            self.dead = True
            raise Crash

    def _live(self) -> None:
        connections["default"] = self.database
        self.baton.acquire()
        while not self._closing:
            job = self._job
            assert job is not None
            try:
                job()
            except Crash:  # the process is gone, its thread serves the next one
                pass
            except BaseException as error:  # noqa: BLE001 - shown by the scheduler
                self.failure = error
            if not self._closing:
                self._rest()
                self.scheduler.give_back()
                self.baton.acquire()

    def _rest(self) -> None:
        self.busy = False
        self.asleep = False
        if self.dead:  # its supervisor starts another one
            self.dead = False
            self.life += 1
            self.wakes = self.scheduler.now + self.scheduler.chance.uniform(0.5, 8.0)

    def end(self) -> None:
        """End its thread wherever it stands."""
        self._closing = True
        self.baton.release()
        self._thread.join(10)
