"""The client against the stand-in panels over real HTTP: whole flows, and every fault."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from panels.billmanager import BillManager, Dialect, discover
from panels.coremanager.errors import (
    AccessDenied,
    Busy,
    LoginRefused,
    OutcomeUnknown,
    PanelError,
    Refused,
    UnexpectedAnswer,
)
from panels.coremanager.forms import FormLacks
from panels.http.endpoint import Endpoint, Login
from panels.http.sessions import SessionIds
from panels.http.transport import Transport
from panels.ispmanager import IspManager, PasswordCheck
from panels.sandbox.dialect import load
from panels.sandbox.http.adapter import SandboxAdapter
from panels.sandbox.world.generation import generate
from panels.sandbox.world.size import Size
from panels.sandbox.world.world import World
from tests.panels.fakepanel import Notes, Slots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import requests

    from panels.billmanager import Service
    from tests.services.sandbox import Sandbox

T = TypeVar("T")
DIALECTS = ["billmanager6", "billmanager5"]


def deadline() -> float:
    return time.monotonic() + 60


def eventually(read: Callable[[], T], good: Callable[[T], object]) -> T:
    limit = time.monotonic() + 60
    while not good(found := read()):
        assert time.monotonic() < limit, f"still {found!r}"
        threading.Event().wait(0.02)
    return found


@dataclass
class Site:
    """A sandbox with clients for its panels."""

    sandbox: Sandbox
    bill: BillManager
    isp: IspManager
    notes: Notes
    transports: list[Transport]

    @property
    def account(self) -> dict[str, Any]:
        """The first account of the first server, as it really is."""
        first = self.sandbox.world()["accounts"][0]
        return dict(first)


def transport_to(url: str, username: str, notes: Notes, **options: Any) -> Transport:
    kind: Any = "ispmanager" if url.endswith("ispmgr") else "billmanager"
    endpoint = Endpoint(kind, kind, url, allow_insecure=True)
    login = Login(username, f"{username}-sandbox")
    settings = {"read_timeout": 2.0, "session_store": SessionIds(), **options}
    return Transport(endpoint, login, limiter=Slots(), journal=notes, **settings)


@pytest.fixture
def open_site(start_sandbox: Callable[..., Sandbox]) -> Iterator[Callable[..., Site]]:
    made: list[Transport] = []

    def build(dialect: str = DIALECTS[0], *options: str) -> Site:
        quick = ("--task-delay", "0", "--close-delay", "0")
        sandbox = start_sandbox("--dialect", dialect, "--accounts", "12", *quick, *options)
        notes = Notes()
        admin = transport_to(sandbox.billmanager_url, "admin", notes)
        staff = transport_to(sandbox.billmanager_url, "tasks", notes)
        root = transport_to(sandbox.ispmanager_urls[0], "root", notes)
        made.extend([admin, staff, root])
        bill = BillManager(admin, discover(admin, staff), task_transport=staff)
        return Site(sandbox, bill, IspManager(root), notes, [admin, staff, root])

    yield build
    for transport in made:
        transport.close()


@dataclass
class Window:
    """A plan with its manual module alone switched on, and a client to order it."""

    plan: int
    manual: int
    own: list[int]
    user: int
    client: int
    datacenter: int


def open_window(site: Site) -> Window:
    bill = site.bill
    plan = bill.plans.all()[0]
    datacenter = bill.plans.offers()[plan.id].datacenters[0][0]
    (department, _), *_ = bill.dialect.task_departments
    made = bill.modules.create_manual("By hand", datacenter, department, 99, send_by=deadline())
    manual = made or next(m.id for m in bill.modules.all() if m.name == "By hand")
    own = [module.id for module in bill.plans.modules(plan.id) if module.enabled]
    bill.plans.switch_on(plan.id, manual, send_by=deadline())
    for module in own:
        bill.plans.switch_off(plan.id, module, send_by=deadline())
    user = bill.clients.users()[0]
    return Window(plan.id, manual, own, user.id, user.client_id or 0, datacenter)


def order(site: Site, window: Window, **options: Any) -> Service:
    before = {service.id for service in site.bill.services.of_client(window.client)}
    site.bill.orders.place(
        su=window.user,
        plan_id=window.plan,
        datacenter_id=window.datacenter,
        period=1,
        domain="bound.example",
        autoprolong=False,
        remoteid="i-1",
        send_by=deadline(),
        **options,
    )
    after = site.bill.services.of_client(window.client)
    (new,) = [service for service in after if service.id not in before]
    return new


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_eight_steps(open_site: Callable[..., Site], dialect: str) -> None:
    site = open_site(dialect)
    bill, account = site.bill, site.account
    window = open_window(site)
    states = {m.id: m.enabled for m in bill.plans.modules(window.plan)}
    assert states[window.manual]
    assert not any(states[module] for module in window.own)

    service = order(site, window)
    assert bill.services.form(service.id).module_id in {window.manual, None}
    for module in window.own:
        bill.plans.switch_on(window.plan, module, send_by=deadline())
    (task,) = eventually(
        lambda: [t for t in bill.tasks.openings(window.plan) if t.service_id == service.id], len
    )

    form = bill.tasks.form(task.id)
    address = bill.tasks.take(form, send_by=deadline())
    form = bill.tasks.form(task.id, address)
    assert (form.status, form.performer) == (1, "tasks")
    bill.tasks.close(
        form,
        module_id=window.own[0],
        username=account["username"],
        password=account["password"],
        send_by=deadline(),
    )
    bound = eventually(lambda: bill.services.form(service.id), lambda found: found.status == 2)
    assert (bound.module_id, bound.username) == (window.own[0], account["username"])
    bill.plans.switch_off(window.plan, window.manual, send_by=deadline())

    ledger = site.sandbox.ledger()
    assert ledger["violations"] == []
    assert len(ledger["orders"]) == len(ledger["charges"]) == 1
    assert bill.tasks.openings(window.plan) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_secret_is_told(open_site: Callable[..., Site], dialect: str) -> None:
    site = open_site(dialect)
    account = site.account
    site.isp.set_password(account["username"], "Fresh+Passw0rd&<>", send_by=deadline())
    assert site.isp.password_is_right(account["username"], "Fresh+Passw0rd&<>") == (
        PasswordCheck.RIGHT
    )
    for module in site.bill.modules.all():
        site.bill.modules.form(module.id)
    told = repr(site.notes.calls) + repr(site.transports)
    for secret in ("Fresh", "admin-sandbox", "tasks-sandbox", "root-sandbox", account["password"]):
        assert secret not in told


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_order_that_waits_in_the_cart_is_paid_there(
    open_site: Callable[..., Site], dialect: str
) -> None:
    site = open_site(dialect)
    window = open_window(site)
    placed = site.bill.orders.place(
        su=window.user,
        plan_id=window.plan,
        datacenter_id=window.datacenter,
        period=3,
        domain="later.example",
        autoprolong=True,
        remoteid="i-2",
        send_by=deadline(),
        skip_cart=False,
    )
    (line,) = site.bill.orders.unpaid_lines(window.user)
    assert (line.plan_id, line.cost) == (window.plan, Decimal("9.00"))
    assert {placed.line_id, placed.service_id} & {line.id, line.service_id}
    assert site.sandbox.ledger()["charges"] == []
    site.bill.orders.pay_line(window.user, line, free=False, send_by=deadline())
    assert site.bill.orders.unpaid_lines(window.user) == []
    (service,) = site.bill.services.of_client(window.client)
    assert (service.domain, service.period) == ("later.example", 3)
    (expense,) = site.bill.payments.expenses_newer_than(0)
    assert (expense.service_id, expense.client_id) == (service.id, window.client)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_credit_and_the_token_against_paying_twice(
    open_site: Callable[..., Site], dialect: str
) -> None:
    site = open_site(dialect)
    payments = site.bill.payments
    user = site.bill.clients.users()[0]
    who = site.bill.whoami(su=user.id)
    assert who.client_id == user.client_id
    assert who.balance is not None
    assert who.currency_id is not None
    draft = payments.draft(user.id)
    (profile, *_) = site.bill.clients.profiles(user.id)
    floor = payments.newest_id()
    wish: dict[str, Any] = {
        "profile_id": profile.id,
        "amount": Decimal("7.25"),
        "currency_id": who.currency_id,
        "method_id": draft.methods[0].id,
        "randomnumber": draft.randomnumber,
    }
    made = payments.add(user.id, **wish, send_by=deadline())
    assert made is not None
    with pytest.raises(Refused) as caught:
        payments.add(user.id, **wish, send_by=deadline())
    assert caught.value.type == "exists"
    payments.set_paid(made, send_by=deadline())
    (payment,) = payments.newer_than(floor)
    assert (payment.id, payment.status, payment.amount) == (made, 4, Decimal("7.25"))
    assert payments.get(made) == payment
    listed = payments.of_client(user.client_id or 0, name="", su=user.id, floor=floor)
    assert [p.id for p in listed] == [made]
    assert site.bill.whoami(su=user.id).balance == who.balance + Decimal("7.25")


def test_an_order_without_money_leaves_something_and_says_so(
    open_site: Callable[..., Site],
) -> None:
    site = open_site()
    window = open_window(site)
    site.sandbox.act(act="set_balance", client=window.client, balance=0)
    with pytest.raises(Refused) as caught:
        order(site, window)
    assert type(caught.value) is Refused
    (left,) = site.bill.services.of_client(window.client)
    assert left.status == 1


def test_accounts_and_domains_match_the_truth(open_site: Callable[..., Site]) -> None:
    site = open_site()
    truth = {a["username"]: a for a in site.sandbox.world()["accounts"]}
    accounts = {account.username: account for account in site.isp.accounts()}
    assert set(accounts) == set(truth)
    for name, account in accounts.items():
        assert account.fullname == truth[name]["fullname"]
        assert account.preset == truth[name]["preset"]
        assert account.active == truth[name]["active"]
        assert site.isp.email(name) == (truth[name]["email"] or "")
    owned: dict[str, list[str]] = {}
    for domain in site.isp.domains():
        owned.setdefault(domain.owner, []).append(domain.name)
    assert owned == {name: a["domains"] for name, a in truth.items() if a["domains"]}
    assert site.isp.administrators() >= {"root"}
    assert {p.name for p in site.isp.presets()} >= {a["preset"] for a in truth.values()}


def test_passwords_are_told_apart_from_blocked_logins(open_site: Callable[..., Site]) -> None:
    site = open_site()
    name, password = site.account["username"], site.account["password"]
    assert site.isp.password_is_right(name, password) == PasswordCheck.RIGHT
    assert site.isp.password_is_right(name, "wrong") == PasswordCheck.WRONG
    site.sandbox.dials(two_factor=[f"isp1/{name}", name])
    check = site.isp.password_is_right(name, password)
    assert (check, check.reason) == (PasswordCheck.BLOCKED, "two_factor")
    site.sandbox.dials(two_factor=[], address_bound=[f"isp1/{name}", name])
    check = site.isp.password_is_right(name, password)
    assert (check, check.reason) == (PasswordCheck.BLOCKED, "address")


def test_lists_of_any_page_size_are_whole(open_site: Callable[..., Site]) -> None:
    site = open_site(DIALECTS[0], "--accounts", "60")
    site.sandbox.dials(max_rows=7)
    assert len(site.isp.accounts()) == len(site.sandbox.world()["accounts"])
    users = site.bill.clients.users()
    assert len({user.id for user in users}) == len(users) > 40
    for _ in range(9):
        site.sandbox.act(act="order")
    newest = site.bill.services.all()[-1].id
    plan_of = {service.id: service.plan_id for service in site.bill.services.all()}
    for plan in set(plan_of.values()):
        assert plan is not None
        found = [service.id for service in site.bill.services.of_plan(plan)]
        assert found == sorted((i for i, p in plan_of.items() if p == plan), reverse=True)
        assert site.bill.services.of_plan(plan, floor=newest) == []


def test_repeated_rows_count_once(open_site: Callable[..., Site]) -> None:
    site = open_site(DIALECTS[0], "--accounts", "40")
    site.sandbox.dials(max_rows=5)
    site.sandbox.faults({"func": "user", "kind": "repeat_rows"})
    accounts = [account.username for account in site.isp.accounts()]
    assert sorted(accounts) == sorted(set(accounts))
    assert len(accounts) == len(site.sandbox.world()["accounts"])


def test_a_saved_filter_does_not_shrink_our_lists(open_site: Callable[..., Site]) -> None:
    site = open_site()
    before = len(site.isp.accounts())
    site.isp.transport.act("user.filter", {"name": "zzz", "sok": "ok"}, send_by=deadline())
    assert len(site.isp.accounts()) == before


@pytest.mark.parametrize(
    ("kind", "read", "act"),
    [
        ("refused", Refused, Refused),
        ("access", AccessDenied, AccessDenied),
        ("locked", Busy, OutcomeUnknown),
        ("reset_before", UnexpectedAnswer, OutcomeUnknown),
        ("reset_after", UnexpectedAnswer, OutcomeUnknown),
        ("slow_before", UnexpectedAnswer, OutcomeUnknown),
        ("slow_after", UnexpectedAnswer, OutcomeUnknown),
        ("http_500", UnexpectedAnswer, OutcomeUnknown),
        ("http_500_after", UnexpectedAnswer, OutcomeUnknown),
        ("truncated", UnexpectedAnswer, OutcomeUnknown),
        ("login_page", UnexpectedAnswer, OutcomeUnknown),
    ],
)
def test_every_fault_has_its_error(
    open_site: Callable[..., Site], kind: str, read: type[PanelError], act: type[PanelError]
) -> None:
    site = open_site()
    bill = site.bill
    plan = bill.plans.all()[0].id
    module = bill.plans.modules(plan)[0].id
    rule = {"panel": "billmanager", "kind": kind, "seconds": 30}
    sender = site.transports[0]._sender
    sender._read_timeout = 0.4
    sender._local = threading.local()  # the next call connects with it
    site.sandbox.faults({"func": "vhost", **rule}, {"func": "pricelist.processing.suspend", **rule})
    with pytest.raises(read):
        bill.services.all()
    asked = site.sandbox.ledger()["calls"].get("pricelist.processing.suspend", 0)
    with pytest.raises(act):
        bill.plans.switch_off(plan, module, send_by=deadline())
    calls = site.sandbox.ledger()["calls"]
    assert calls["pricelist.processing.suspend"] == asked + 1
    site.sandbox.faults()
    assert bill.services.all() == []


@pytest.mark.parametrize("html", [True, False])
def test_a_dead_session_is_opened_anew_by_one_of_many_threads(
    open_site: Callable[..., Site], *, html: bool
) -> None:
    site = open_site()
    site.sandbox.dials(dead_session_html=html)
    site.bill.whoami()
    logins = site.sandbox.ledger()["calls"]["auth"]
    site.sandbox.faults({"func": "whoami", "kind": "expire_session", "times": 1})
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: site.bill.whoami().name, range(8)))
    assert found == ["admin"] * 8
    assert site.sandbox.ledger()["calls"]["auth"] == logins + 1


def test_a_wrong_password_is_told_once(open_site: Callable[..., Site]) -> None:
    site = open_site()
    url = site.sandbox.billmanager_url
    endpoint = Endpoint("b", "billmanager", url, allow_insecure=True)
    transport = Transport(
        endpoint,
        Login("admin", "nope"),
        limiter=Slots(),
        journal=Notes(),
        session_store=SessionIds(),
    )
    for _ in range(3):
        with pytest.raises(LoginRefused) as caught:
            transport.read("whoami")
        assert caught.value.reason == "password"
    transport.close()


def test_rights_that_are_missing_leave_entries_open(open_site: Callable[..., Site]) -> None:
    site = open_site()
    site.sandbox.dials(denied={"admin": ["pricelist", "user", "processing.add"]})
    dialect = discover(*site.transports[:2])
    assert dialect.plan_modules_list is None
    assert dialect.order is None
    assert dialect.version == site.bill.dialect.version


def test_discovery_changes_nothing(open_site: Callable[..., Site]) -> None:
    site = open_site()
    before = site.sandbox.ledger()
    discover(*site.transports[:2])
    after = site.sandbox.ledger()
    for part in ("orders", "services", "payments", "tasks", "switches", "plans", "charges"):
        assert before[part] == after[part]


def test_a_task_without_the_module_is_not_closed(open_site: Callable[..., Site]) -> None:
    """Step 5 was not done: the task does not offer the ispmanager module."""
    site = open_site()
    window = open_window(site)
    service = order(site, window)
    (task,) = eventually(
        lambda: [t for t in site.bill.tasks.openings() if t.service_id == service.id], len
    )
    form = site.bill.tasks.form(task.id)
    with pytest.raises(FormLacks, match=f"processingmodule={window.own[0]}"):
        site.bill.tasks.close(
            form, module_id=window.own[0], username="x", password="y", send_by=deadline()
        )
    assert site.sandbox.ledger()["violations"] == []


def variant(folder: Path, **keys: str) -> str:
    """A dialect file of its own, after the second generation."""
    entries = {name.replace("__", "."): {"value": value} for name, value in keys.items()}
    path = folder / "variant.json"
    path.write_text(json.dumps({"name": "variant", "extends": "billmanager6", "keys": entries}))
    return str(path)


@pytest.mark.parametrize(
    "keys",
    [
        {"task__take": "toolbar", "task__take_button": "task.take"},
        {"task__close_kind": "field", "task__take": "none", "task__close_needs_take": "on"},
        {"task__take_button": "assign", "task__close_button": "done"},
        {"plan_modules__parent": "plid", "plan_modules__flag": "status"},
        {"modules__column": "title", "service__row_ids": "none", "task__item": "id"},
        {"task__field__module": "new_module", "task__field__username": "user_name"},
    ],
)
def test_installations_that_call_things_differently(
    open_site: Callable[..., Site], tmp_path: Path, keys: dict[str, str]
) -> None:
    test_the_eight_steps(open_site, variant(tmp_path, **keys))


def test_the_same_panels_mounted_in_process() -> None:
    world = World(servers=("isp1",), dialect=load("billmanager6"), seed=3)
    generate(world, Size(8))

    def mount(session: requests.Session) -> None:
        session.mount("http://", SandboxAdapter(world))

    notes = Notes()
    bill = transport_to("http://bill.example:1500/billmgr", "admin", notes, mount=mount)
    isp = transport_to("http://isp1.example:1500/ispmgr", "root", notes, mount=mount)
    assert BillManager(bill, Dialect()).whoami().name == "admin"
    assert len(IspManager(isp).accounts()) == 8
    world.faults.set({"rules": [{"func": "user", "kind": "reset_before"}]})
    with pytest.raises(UnexpectedAnswer) as caught:
        IspManager(isp).accounts()
    assert caught.value.transient
    world.faults.set({"rules": [{"func": "user.edit", "kind": "slow_after", "seconds": 99}]})
    with pytest.raises(OutcomeUnknown):
        IspManager(isp).set_password("x", "y", send_by=deadline())
