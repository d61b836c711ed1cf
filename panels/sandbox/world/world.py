"""The world: everything that the panels know, on one clock and one source of chance."""

from __future__ import annotations

import heapq
import random
import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from panels.sandbox.dialect import load
from panels.sandbox.dials import Dials
from panels.sandbox.faults import Faults
from panels.sandbox.world import records as r
from panels.sandbox.world.past import Past
from panels.sandbox.world.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from panels.sandbox.dialect import Dialect

BILLMANAGER = "billmanager"


class World:
    """All tables, the clock, chance, dials, faults and counters of one sandbox.

    ``servers`` names the ispmanagers; ``ports`` says where each panel listens, for the addresses
    that modules show.
    """

    def __init__(
        self,
        *,
        servers: tuple[str, ...] = ("isp1",),
        dialect: Dialect | None = None,
        clock: Callable[[], float] = time.time,
        seed: int = 1,
    ) -> None:
        """Make an empty world."""
        self.servers = servers
        self._dialect = dialect or load()
        self._upgraded: tuple[dict[str, str], Dialect] | None = None
        self.clock = clock
        self.random = random.Random(seed)  # noqa: S311 - chance of a rehearsal, no secret
        self.dials = Dials()
        self.faults = Faults()
        self.host = "127.0.0.1"
        self.scheme = "http"
        self.ports: dict[str, int] = {}
        self.calls: Counter[str] = Counter()
        self.busy: Counter[str] = Counter()
        self.most_busy: Counter[str] = Counter()
        self.last_use: dict[str, float] = {}
        self.wrong_passwords: dict[str, list[float]] = {}
        self.moment: float | None = None
        self._due: list[tuple[float, int]] = []
        self._make_tables()
        for table in (self.services, self.lines, self.tasks, self.payments, self.expenses):
            table.past = Past(self.now)

    @property
    def dialect(self) -> Dialect:
        """The dialect of the panels now: an upgrade may have changed it."""
        upgrade = self.dials.upgrade
        if not upgrade:
            return self._dialect
        if self._upgraded is None or self._upgraded[0] is not upgrade:
            self._upgraded = (upgrade, self._dialect.upgraded(upgrade))
        return self._upgraded[1]

    def turn(self, values: dict[str, Any]) -> None:
        """Turn dials; nothing is changed where one cannot be (DialError or DialectError)."""
        if isinstance(upgrade := values.get("upgrade"), dict):
            self._dialect.upgraded(upgrade)
        self.dials.turn(values)

    def _make_tables(self) -> None:
        self.departments: Table[int, r.Department] = Table("departments", r.Department)
        self.datacenters: Table[int, r.Datacenter] = Table("datacenters", r.Datacenter)
        self.clients: Table[int, r.Client] = Table("clients", r.Client, 3001)
        self.users: Table[int, r.User] = Table(
            "users",
            r.User,
            7001,
            login=lambda u: u.login,
            email=lambda u: u.email.lower(),
            client=lambda u: u.client,
        )
        self.modules: Table[int, r.Module] = Table("modules", r.Module, 11)
        self.plans: Table[int, r.Plan] = Table("plans", r.Plan, 21)
        self.services: Table[int, r.Service] = Table(
            "services",
            r.Service,
            5001,
            client=lambda s: s.client,
            plan=lambda s: s.plan,
            remoteid=lambda s: s.remoteid,
            domain=lambda s: s.domain,
        )
        self.lines: Table[int, r.Line] = Table("lines", r.Line, 41, client=lambda x: x.client)
        self.tasks: Table[int, r.Task] = Table(
            "tasks", r.Task, 901, service=lambda t: t.service, status=lambda t: t.status
        )
        self.payments: Table[int, r.Payment] = Table(
            "payments",
            r.Payment,
            71,
            client=lambda p: p.client,
            randomnumber=lambda p: p.randomnumber,
        )
        self.expenses: Table[int, r.Expense] = Table(
            "expenses", r.Expense, 301, client=lambda e: e.client, service=lambda e: e.service
        )
        self.profiles: Table[int, r.Profile] = Table(
            "profiles", r.Profile, 601, client=lambda p: p.client
        )
        self.paymethods: Table[int, r.PayMethod] = Table("paymethods", r.PayMethod)
        self.hosting: Table[str, r.HostingUser] = Table(
            "hosting", r.HostingUser, server=lambda h: h.server
        )
        self.webdomains: Table[str, r.WebDomain] = Table(
            "webdomains",
            r.WebDomain,
            server=lambda d: d.server,
            owner=lambda d: f"{d.server}/{d.owner}",
        )
        self.presets: Table[str, r.Preset] = Table("presets", r.Preset, server=lambda p: p.server)
        self.sessions: Table[str, r.Session] = Table("sessions", r.Session)
        self.keys: Table[str, r.Session] = Table("keys", r.Session)
        self.jobs: Table[int, r.Job] = Table("jobs", r.Job)
        self.filters: Table[str, r.SavedFilter] = Table("filters", r.SavedFilter)
        self.events: Table[int, r.Event] = Table("events", r.Event, kind=lambda e: e.kind)

    def tables(self) -> dict[str, Table[Any, Any]]:
        """Give every table by its name."""
        return {table.name: table for table in vars(self).values() if isinstance(table, Table)}

    def listed(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Give these rows as a list shows them now, which may lag behind what was done."""
        behind = self.dials.lists_behind
        table = next(
            (t for t in self.tables().values() if rows and isinstance(rows[0], t.row)), None
        )
        if not behind or table is None or table.past is None:
            return rows
        shown = (table.past.version(row, behind) for row in rows)
        return [row for row in shown if row is not None]

    def now(self) -> float:
        """Give the time as epoch seconds; while due work is made up for, the time it was due."""
        return self.clock() if self.moment is None else self.moment

    def today(self) -> datetime:
        """Give the time as a date with a time zone."""
        return datetime.fromtimestamp(self.now(), UTC)

    def token(self, length: int = 24) -> str:
        """Draw a word of letters and digits, for session ids and random numbers."""
        return "".join(self.random.choices("abcdefghijkmnpqrstuvwxyz0123456789", k=length))

    def record(self, kind: str, /, **data: object) -> r.Event:
        """Write an effect into the ledger."""
        return self.events.put(r.Event(self.events.next_id(), self.now(), kind, data))

    def schedule(self, delay: float, kind: str, target: int, *args: str) -> r.Job:
        """Let a panel do some work by itself after a delay in seconds."""
        job = r.Job(self.jobs.next_id(), self.now() + delay, kind, target, args)
        heapq.heappush(self._due, (job.due, job.id))
        return self.jobs.put(job)

    def take_due(self) -> r.Job | None:
        """Take the oldest job that is due away and give it, or None when none is due."""
        now = self.clock()
        while self._due and self._due[0][0] <= now:
            _, key = heapq.heappop(self._due)
            job = self.jobs.get(key)
            if job is not None:
                self.jobs.drop(key)
                return job
        return None

    def reload_jobs(self) -> None:
        """Queue the jobs that were read back from a state file.

        Work of the panels is made up for; strangers did not come while nobody was there.
        """
        for job in self.jobs.all():
            if job.kind == "stranger" and job.due < self.now():
                self.jobs.put(job._replace(due=self.now()))
        self._due = [(job.due, job.id) for job in self.jobs.all()]
        heapq.heapify(self._due)

    def address_of(self, panel: str) -> str:
        """Return the address of a panel as a module or a client needs it."""
        port = self.ports.get(panel)
        name = "billmgr" if panel == BILLMANAGER else "ispmgr"
        host = f"{self.host}:{port}" if port else f"{panel}.sandbox.example:1500"
        return f"{self.scheme}://{host}/{name}"
