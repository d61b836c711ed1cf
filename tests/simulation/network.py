"""The network between product and panels: the sandbox in-process, with every fault on the way."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from django.db import connection

from panels.coremanager.errors import LimitTimeout
from panels.http.sessions import Key, SessionIds
from panels.http.transport import Transport
from panels.sandbox.faults import Rule
from panels.sandbox.http.adapter import SandboxAdapter
from tests.simulation.scheduler import BEGIN, Scheduler

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from integrator.panel_access.parallel.urgency import Rank
    from panels.coremanager.documents import Document
    from panels.sandbox.http.protocol import Request, Response
    from panels.sandbox.world.world import World

KINDS = (
    *("refused", "reset_before", "reset_after", "slow_before", "slow_after", "http_500"),
    *("http_500_after", "truncated", "login_page", "locked", "repeat_rows", "access"),
    *("expire_session", "unreachable", "lands_late", "locked_after", "blank", "flood"),
)
"""What can become of a call: the sandbox's faults, no connection, and an effect that comes after
nobody waits for it any more."""

IGNORED = "ignored"
"""Answered *ok*, and nothing happens; of switches alone, and one of a meeting of troubles."""

SWITCHES = {"resume", "suspend", "enable", "disable", "on", "off", "activate", "deactivate"}

AMBIGUOUS = (
    *("reset_before", "reset_after", "slow_before", "slow_after", "lands_late", "locked_after"),
)
"""Faults after which it is unknown from outside whether anything happened."""

GROUPS = {
    "money": ("order", "cart", "basket", "payment"),
    "payments": ("payment",),
    "orders": ("order.param",),
    "letters": ("pricelist.edit",),
    "starts": ("task.start",),
    "services": ("vhost.edit",),
    "switches": ("pricelist.processing", "processing."),
    "tasks": ("task",),
    "all": ("",),
}


@dataclass(slots=True)
class Weather:
    """How bad the network is. ``rate`` per call, of ``kinds``, to functions of ``group``.

    ``effects``: only calls that change something are struck. ``left``: so many faults at most.
    ``slack``: how long after its time-out a call may still land; ``queue``: the same of what must
    not happen twice; ``very_late``: what harms nobody may land minutes later. ``busy``: the chance
    that no place comes free. ``deaths`` and ``naps``: the chances that a process dies just after
    an effect, or stands still just before it.
    """

    rate: float = 0.0
    kinds: tuple[str, ...] = KINDS
    group: str = "all"
    effects: bool = False
    left: int = 0
    slack: float = 15.0
    queue: float = 15.0
    very_late: bool = False
    busy: float = 0.0
    deaths: float = 0.0
    naps: float = 0.0

    def strikes(self, chance: random.Random, trouble: str) -> bool:
        """Whether this trouble comes now; it counts like a fault."""
        share = getattr(self, trouble)
        if not share or self.left <= 0 or chance.random() >= share:
            return False
        self.left -= 1
        return True


class Faults:
    """Stands in for the sandbox's rules: draws each call's fault from the scheduler's chance."""

    rules = (True,)

    def __init__(self, scheduler: Scheduler, weather: Weather) -> None:
        self._scheduler = scheduler
        self.weather = weather

    def draw(self, request: Request) -> Rule | None:
        """The fault that strikes this request; None: it goes well."""
        weather, chance = self.weather, self._scheduler.chance
        actor = self._scheduler.current
        if actor is None or weather.left <= 0:
            return None
        if weather.effects and (actor.send_by is None or request.func == "auth"):
            return None
        if not any(request.func.find(part) >= 0 for part in GROUPS[weather.group]):
            return None
        if chance.random() >= weather.rate:
            return None
        kind = chance.choice(weather.kinds)
        if kind == IGNORED and not (is_switch(request) or weather.group == "orders"):
            return None
        weather.left -= 1
        self._scheduler.seen[f"fault: {kind}"] += 1
        return Rule(kind, seconds=chance.uniform(3.0, 50.0))

    def as_dict(self) -> dict[str, Any]:
        """What the sandbox's control shows."""
        return {"rules": []}


CONNECTS = 3.05
"""Seconds until no connection has come about."""
LOOKED_WITHIN = 10.0
"""So old in seconds the last look at a plan may be when something is ordered on it, and a call."""
MAX_CALLS, PACE = 60, 10.0
"""So many equal calls in so many seconds are a loop, and no patience."""


class Network(SandboxAdapter):
    """The sandbox as an adapter of ``requests``, with the rules of sending."""

    def __init__(self, scheduler: Scheduler, world: World, weather: Weather) -> None:
        super().__init__(world, sleep=scheduler.sleep)
        self._scheduler = scheduler
        self._weather = weather
        self.sent_late: list[str] = []
        self.ignored: dict[tuple[str, ...], list[list[float]]] = defaultdict(lambda: [[]])
        """When switches were answered and ignored, in rows without an equal one that was not."""
        self.landed_late: list[float] = []
        """When switches came to the panel that had been given up, whatever they did there."""
        self.unlooked: list[str] = []
        """Orders of ours that were sent without a fresh look at what is on for their plan."""
        self._looks: dict[str, tuple[float, float]] = {}
        self.away = (0.0, 0.0)
        """From when to when BILLmanager cannot be reached."""
        self.minds_pace = True
        """Whether equal calls one after the other are taken for a loop; many workers make many."""
        self._calls: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=MAX_CALLS))

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Answer a request, or do not; the process may die before the answer is used."""
        assert not connection.in_atomic_block, "a transaction is held across a call"
        scheduler = self._scheduler
        actor = scheduler.current
        if actor is not None:
            actor.calls += 1
        if actor is not None and actor.send_by is not None and not _is_login(request):
            late = scheduler.now - actor.send_by
            if late > 0:
                self.sent_late.append(f"{actor.process} sent {late:.3f} s after send_by")
        try:
            return super().send(request, *args, **kwargs)
        finally:
            if actor is not None and not actor.dead:
                if actor.send_by is not None and self._weather.strikes(scheduler.chance, "deaths"):
                    actor.die()
                actor.point()

    def _work(
        self,
        request: requests.PreparedRequest,
        asked: Request,
        fault: Rule | None,
        limit: float | None,
    ) -> Response:
        said = asked.params
        about = [f"{k}={said[k]}" for k in ("su", "elid", "plid", "sok") if said.get(k)]
        call = f"{asked.panel} {asked.func} {' '.join(about)}"
        self._scheduler.tell(call + (f" ⚡ {fault.kind}" if fault else ""))
        self._mind_pace(call)
        if is_switch(asked):
            self._mind_switch(asked, fault)
        self._mind_looks(asked)
        began, ended = self.away
        if asked.panel == "billmanager" and began <= self._scheduler.now - BEGIN < ended:
            self._scheduler.seen["call while the panel is away"] += 1
            self._scheduler.sleep(CONNECTS)
            raise requests.ConnectTimeout("no connection", request=request)
        if fault is not None and fault.kind == "unreachable":
            raise requests.ConnectTimeout("no connection", request=request)
        if fault is not None and fault.kind == "lands_late":
            self._lands_late(asked, limit or 30.0)
            self._scheduler.sleep(limit or 30.0)
            raise requests.ReadTimeout("read timed out", request=request)
        return super()._work(request, asked, fault, limit)

    def _mind_pace(self, call: str) -> None:
        """Nobody asks the same again and again without a pause: such a seed would never end."""
        if not self.minds_pace:
            return
        times = self._calls[call]
        if len(times) == MAX_CALLS and self._scheduler.now - times[0] < PACE:
            self._scheduler.refused = f"{call}: made {MAX_CALLS} times in less than {PACE:.0f} s"
        times.append(self._scheduler.now)

    def _mind_switch(self, asked: Request, fault: Rule | None) -> None:
        """Count equal switches in a row that were answered *ok* and never showed."""
        switch = tuple(asked.params.get(name, "") for name in ("func", "plid", "elid"))
        if fault is not None and fault.kind == IGNORED:
            self.ignored[switch][-1].append(self._scheduler.now)
        elif fault is None:
            self.ignored[switch].append([])

    def _mind_looks(self, asked: Request) -> None:
        """An order goes out only where its plan was looked at just before."""
        said = asked.params
        if asked.func == self.gateway.world.dialect["plan_modules.list"]:
            plan = said.get("elid") or said.get("plid", "")
            self._looks[plan] = self._scheduler.now, self._scheduler.skew
        if asked.func.endswith("order.param") and said.get("sok"):
            looked, skew = self._looks.get(said.get("pricelist", ""), (0.0, 0.0))
            age = self._scheduler.now - looked
            shown = age + self._scheduler.skew - skew  # all that the product can know of it
            if age > LOOKED_WITHIN and not 0.0 <= shown <= LOOKED_WITHIN:
                self.unlooked.append(f"{asked.func} was sent {age:.0f} s after a look at its plan")

    def _lands_late(self, asked: Request, limit: float) -> None:
        chance = self._scheduler.chance
        queued = self._weather.queue if _once_only(asked) else self._weather.slack
        seconds = limit + chance.uniform(0.0, queued)
        given_up = self._weather.very_late and _harmless_late(asked)
        if given_up:
            seconds = limit + chance.uniform(30.0, 200.0)

        def land() -> None:
            self._scheduler.tell(f"… {asked.func} lands, {seconds:.0f} s late")
            if seconds > 60 and _once_only(asked):
                self._scheduler.seen["landed long after it was given up"] += 1
            if given_up:
                self.landed_late.append(self._scheduler.now)
            self.gateway.work(asked, None)

        self._scheduler.after(seconds, land)


def is_switch(asked: Request) -> bool:
    """Whether this switches a module of a plan; a form of it that is only read does not."""
    known = asked.params.get("plid") and asked.params.get("elid")
    last = asked.func.rpartition(".")[2]
    acts = asked.params.get("out") != "devel"
    return bool(known and acts and last in SWITCHES)


def _is_login(request: requests.PreparedRequest) -> bool:
    """Whether this opens a session: before an effect that may then come too late."""
    body = request.body or b""
    return "func=auth" in (body if isinstance(body, str) else body.decode())


def _once_only(asked: Request) -> bool:
    """Whether a request must not take effect twice, so that it is waited for to the end."""
    money = any(part in asked.func for part in ("order", "cart", "basket", "payment"))
    return money or (asked.func.startswith("task") and "clicked_button" in asked.params)


def _harmless_late(asked: Request) -> bool:
    """What may come after any settle time without a way for anybody to prevent harm.

    Switching an ispmanager module *off* delays openings; *on* would create a hosting account in
    somebody's later window, against which only the panel itself could guard.
    """
    return asked.func in {"pricelist.processing.suspend", "pricelist.processingmodule.disable"}


class Sessions(SessionIds):
    """Session ids of each process; gone with it."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self._scheduler = scheduler
        self.ids: dict[tuple[str, Key], str] = {}
        self.all: set[str] = set()

    def _own(self, key: Key) -> tuple[str, Key]:
        actor = self._scheduler.current
        return (actor.process if actor else "", key)

    def get(self, key: Key) -> str | None:
        """The id this process uses; None: it has not logged in yet."""
        return self.ids.get(self._own(key))

    def renew(self, key: Key, stale: str | None, log_in: Callable[[], str]) -> str:
        """Log in anew."""
        del stale
        self.ids.pop(self._own(key), None)
        found = log_in()
        self.ids[self._own(key)] = found
        self.all.add(found)
        return found


class Limiter:
    """A place is always free, but reaching for it takes a turn, and sometimes too long."""

    def __init__(self, scheduler: Scheduler, weather: Weather) -> None:
        self._scheduler = scheduler
        self._weather = weather

    def is_crowded(self, rank: Rank) -> bool:  # noqa: ARG002 - as the real one
        """Calls of one process are made one after another here."""
        return False

    def wait_for_room(self, rank: Rank, seconds: float) -> bool:  # noqa: ARG002 - the same
        """So there is always room for one."""
        return True

    @contextmanager
    def slot(self, panel: str, timeout: float) -> Iterator[None]:
        """One place for one call."""
        actor = self._scheduler.current
        if actor is not None:
            actor.point()
            if actor.send_by is not None and self._weather.strikes(self._scheduler.chance, "naps"):
                actor.nap()
            if self._weather.strikes(self._scheduler.chance, "busy"):
                self._scheduler.seen["no place"] += 1
                actor.sleep(timeout)
                raise LimitTimeout(f"no free place in {timeout:.0f} s", panel=panel)
        yield


class Observed(Transport):
    """The real transport; the scheduler learns until when an effect may be sent.

    ``costliest``: the most seconds of computing that one call took, and which it was.
    """

    scheduler: Scheduler
    costliest: tuple[float, str] = (0.0, "")

    def perform(
        self, form: dict[str, str], send_by: float | None, *args: Any, **kwargs: Any
    ) -> Document:
        """Make a call, and see what it costs this thread."""
        actor, began = self.scheduler.current, time.thread_time()
        if actor is not None and send_by is not None:
            actor.send_by = send_by + BEGIN
        try:
            return super().perform(form, send_by, *args, **kwargs)
        finally:
            if actor is not None:
                actor.send_by = None
            spent = (time.thread_time() - began, form["func"])
            Observed.costliest = max(Observed.costliest, spent)
