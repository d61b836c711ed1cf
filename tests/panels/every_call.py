"""One way through all that the clients can ask of the panels, to see what they send."""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from panels.billmanager import BillManager, discover
from panels.billmanager.discovery.report import report
from panels.billmanager.registers import registers
from panels.billmanager.sale_rules import group_limits
from panels.http.endpoint import Endpoint, Login
from panels.http.sessions import SessionIds
from panels.http.transport import Transport
from panels.ispmanager import IspManager
from panels.sandbox.dialect import load
from panels.sandbox.http.adapter import SandboxAdapter
from panels.sandbox.world import acts
from panels.sandbox.world.generation import generate
from panels.sandbox.world.size import Size
from panels.sandbox.world.world import World
from tests.panels.fakepanel import Notes, Slots

if TYPE_CHECKING:
    import requests

    from panels.billmanager import Task

RESOURCES = ("clients", "modules", "orders", "payments", "plans", "services", "tasks")
SENDS_NOTHING = {
    "orders": {"form_call", "func", "params"},
    "plans": {"is_vhost", "marker"},
    "tasks": {"learn", "needs_password"},
}
"""Public methods that only say what would be sent, or judge what was read."""


class Tour:
    """A world of its own, clients for it, and what these have sent."""

    def __init__(self, dialect: str) -> None:
        self.time = 1_800_000_000.0
        self.world = World(
            servers=("isp1",), dialect=load(dialect), seed=7, clock=lambda: self.time
        )
        self.world.dials.turn({"task_delay": 0.0, "close_delay": 0.0, "open_tries": 1})
        generate(self.world, Size(6, clients=3, plans=2))
        self.notes = Notes()
        self.called: dict[str, set[str]] = defaultdict(set)
        admin = self._transport("billmanager", "admin")
        staff = self._transport("billmanager", "tasks")
        self.root = self._transport("ispmanager", "root")
        self.bm = BillManager(admin, discover(admin, staff), task_transport=staff)
        for name in RESOURCES:
            setattr(self.bm, name, _Watched(getattr(self.bm, name), self.called[name]))
        self.isp = _Watched(IspManager(self.root), self.called["ispmanager"])

    def _transport(self, kind: Any, username: str) -> Transport:
        path = "billmgr" if kind == "billmanager" else "ispmgr"
        login = Login(username, f"{username}-sandbox")
        endpoint = Endpoint(kind, kind, f"http://isp1.example/{path}", allow_insecure=True)

        def mount(session: requests.Session) -> None:
            session.mount("http://", SandboxAdapter(self.world))

        return Transport(
            endpoint, login, limiter=Slots(), journal=self.notes, mount=mount,
            session_store=SessionIds(),
        )  # fmt: skip

    def sent(self) -> dict[tuple[str, str], set[str]]:
        """(panel, function) → the names of all parameters that went with it."""
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        for call in self.notes.calls:
            found[call.panel, call.func] |= set(call.params)
        return found

    def go(self) -> None:
        """Call everything, in an order that works."""
        self._ispmanager()
        self._reads()
        self._money()
        self._binding()
        self._others_do()
        report(self.bm)

    def _ispmanager(self) -> None:
        name = next(a.username for a in self.isp.accounts() if a.level == 16)
        for read in (self.isp.whoami, self.isp.domains, self.isp.presets, self.isp.administrators):
            read()
        self.isp.account(name)
        self.isp.limits(name)
        self.isp.email(name)
        self.isp.password_is_right(name, "wrong")
        self.isp.set_password(name, "Fresh-Passw0rd", send_by=deadline())
        self.root.try_login(Login(name, "Fresh-Passw0rd"))

    def _reads(self) -> None:
        bm, self.user = self.bm, self.bm.clients.users()[0]
        bm.clients.all()
        bm.clients.with_email(self.user.email)
        bm.clients.one(self.user.client_id or 0)
        bm.clients.terms(self.user.client_id or 0)
        form = bm.clients.new_form()
        country = form.countries[0][0] if form.countries else ""
        project = form.projects[0][0] if form.projects else ""
        bm.clients.create("new@mail.example", "New One", "Passw0rd-x", country, project,
                          send_by=deadline())  # fmt: skip
        module = bm.modules.all()[0].id
        bm.modules.url(module)
        bm.modules.department(module)
        bm.modules.form(module)
        bm.modules.creation_form()
        self.plan = bm.plans.all()[0].id
        bm.plans.compared(self.plan)
        bm.plans.limits(self.plan)
        bm.plans.sale(self.plan)
        group_limits(bm.transport)
        registers(bm.transport)
        letter = bm.plans.letter_form(self.plan)
        assert letter
        bm.plans.set_letter(letter, letter.letter, send_by=deadline())
        self.datacenter = bm.plans.offers()[self.plan].datacenters[0][0]
        for read in (bm.services.all, bm.services.newest_id, bm.services.deleted):
            read()
        bm.services.of_plan(self.plan)
        bm.services.in_progress(self.plan)
        bm.services.with_username("nobody")
        bm.services.of_client(self.user.client_id or 0)
        bm.services.seen_by(self.user.id, floor=0)
        bm.clients.owner(self.user.id)

    def _money(self) -> None:
        payments, su = self.bm.payments, self.user.id
        payments.methods()
        payments.methods(su=su)
        draft, who = payments.draft(su), self.bm.whoami(su=su)
        profile = self.bm.clients.profiles(su)[0].id
        made = payments.add(
            su, profile_id=profile, amount=Decimal(900), currency_id=who.currency_id or 0,
            method_id=draft.methods[0].id, randomnumber=draft.randomnumber, send_by=deadline(),
        )  # fmt: skip
        assert made
        payments.set_paid(made, send_by=deadline())
        payments.get(made)
        payments.of_client(self.user.client_id or 0, name="", su=su)
        payments.newer_than(0)
        payments.newest_id()
        payments.newest_expense_id()
        payments.expenses_newer_than(0)

    def _binding(self) -> None:
        bm = self.bm
        (department, _title), *_rest = bm.dialect.task_departments
        bm.modules.create_manual("By hand", self.datacenter, department, 99, send_by=deadline())
        manual = next(one.id for one in bm.modules.all() if one.name == "By hand")
        own = [one.id for one in bm.plans.modules(self.plan) if one.enabled]
        bm.plans.switch_on(self.plan, manual, send_by=deadline())
        for module in own:
            bm.plans.switch_off(self.plan, module, send_by=deadline())
        bm.orders.offers(self.user.id)
        bm.orders.form(self.plan, self.datacenter, 1, self.user.id, domain="a.example")
        self._order("a.example", skip_cart=True)
        self._order("b.example", skip_cart=False)
        (line,) = bm.orders.unpaid_lines(self.user.id)
        bm.orders.pay_line(self.user.id, line, free=False, send_by=deadline())
        for module in own:
            bm.plans.switch_on(self.plan, module, send_by=deadline())
        self.time += 60
        first, second = bm.tasks.openings(self.plan)
        bm.tasks.can_start()
        self._close(first, own[0])
        service = bm.services.form(second.service_id or 0)
        bm.services.set_expiry(service.id, dt.date(2030, 1, 1), send_by=deadline())
        bm.services.set_module(service, own[0], send_by=deadline())

    def _others_do(self) -> None:
        """A task that people left: its operation is run again."""
        self.world.dials.turn({"broken_servers": ["isp1"]})
        acts.perform(self.world, {"act": "order", "plan": self.plan, "datacenter": self.datacenter})
        self.time += 60
        waiting = self.bm.tasks.openings()
        if waiting:
            self.bm.tasks.start(waiting[0].id, send_by=deadline())

    def _order(self, domain: str, *, skip_cart: bool) -> None:
        self.bm.orders.place(
            su=self.user.id, plan_id=self.plan, datacenter_id=self.datacenter, period=1,
            domain=domain, autoprolong=True, remoteid=domain, skip_cart=skip_cart,
            send_by=deadline(),
        )  # fmt: skip

    def _close(self, task: Task, module: int) -> None:
        tasks = self.bm.tasks
        form = tasks.form(task.id)
        form = tasks.form(task.id, tasks.take(form, send_by=deadline()))
        tasks.close(
            form, module_id=module, username="someone", password="Passw0rd", send_by=deadline()
        )


class _Watched:
    """Passes everything on and remembers which methods were called."""

    def __init__(self, inner: object, called: set[str]) -> None:
        self._inner = inner
        self._called = called

    def __getattr__(self, name: str) -> Any:
        self._called.add(name)
        return getattr(self._inner, name)


def deadline() -> float:
    """A moment by which everything here is sent."""
    return time.monotonic() + 600
