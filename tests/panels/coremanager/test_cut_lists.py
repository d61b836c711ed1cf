"""Lists that the panel cuts near 5,000 rows are made whole, or said not to be. Over real HTTP."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from panels.billmanager import BillManager
from panels.billmanager.discovery.discovery import discover
from panels.coremanager.errors import UnexpectedAnswer
from panels.coremanager.pages import CUT
from panels.http.endpoint import Endpoint, Login
from panels.http.sessions import SessionIds
from panels.http.transport import Transport
from panels.ispmanager import IspManager
from panels.sandbox.dialect import load
from panels.sandbox.ispmanager.hosting import user_key
from panels.sandbox.world import records as r
from panels.sandbox.world.generation import generate
from panels.sandbox.world.size import Size
from panels.sandbox.world.world import World
from tests.panels.fakepanel import Notes, Slots
from tests.services.in_process_sandbox import served
from tests.services.slow_cases import first_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAY = 86_400
START = 1_700_000_000.0
TASK_TYPE = "postopen"


@dataclass
class Big:
    """A BILLmanager with as many rows as a test says, and clients for it and its server."""

    world: World
    bill: BillManager
    isp: IspManager
    notes: Notes

    def calls(self, func: str) -> int:
        return sum(call.func == func for call in self.notes.calls)

    def services(self, count: int, *, plans: int | None = None) -> set[int]:
        """Have so many services, spread over the first so many plans; gives all ids."""
        world, now = self.world, START
        sold, clients = world.plans.all()[:plans], world.clients.all()
        for number in range(count):
            world.services.put(
                r.Service(
                    world.services.next_id(), sold[number % len(sold)].id,
                    clients[number % len(clients)].id, 1, 1, f"d{number}.example", r.ACTIVE,
                    "2_active", 100, now + number * 600, username=f"u{number}", paid=True,
                    expires="2030-01-01", module=1,
                )
            )  # fmt: skip
        return {service.id for service in world.services.all()}

    def clients(self, count: int) -> set[int]:
        """Have so many clients, each with a user; gives all clients' ids."""
        world = self.world
        for number in range(count):
            client = world.clients.next_id()
            world.clients.put(r.Client(client, f"Client No {number}", 1, 0, "active", START))
            user = world.users.next_id()
            email = f"c{number}@mail.example"
            world.users.put(r.User(user, client, email, email, "A B", "x", r.CLIENT_LEVEL))
        return {client.id for client in world.clients.all()}

    def payments(self, count: int) -> set[int]:
        """Have so many payments, some a day; gives all ids."""
        world = self.world
        client = world.clients.all()[0].id
        for number in range(count):
            key = world.payments.next_id()
            at = START + number * 9_000
            world.payments.put(r.Payment(key, client, 0, 1, 100, 4, f"r{number}", at))
        return {payment.id for payment in world.payments.all()}

    def expenses(self, count: int) -> set[int]:
        """Have so many charges; gives all ids."""
        world = self.world
        client = world.clients.all()[0].id
        for number in range(count):
            key = world.expenses.next_id()
            world.expenses.put(r.Expense(key, client, 0, 100, f"charge {number}", START + number))
        return {expense.id for expense in world.expenses.all()}

    def tasks(self, count: int) -> set[int]:
        """Have so many open activation tasks; gives their ids."""
        world = self.world
        service = world.services.all()[0].id
        department = next(u for u in world.users.all() if u.login == "tasks").departments[0]
        made = set()
        for _ in range(count):
            key = world.tasks.next_id()
            world.tasks.put(r.Task(key, TASK_TYPE, service, department, 0, 0, 0, START))
            made.add(key)
        return made


@pytest.fixture
def big() -> Iterator[Callable[..., Big]]:
    with ExitStack() as stack:

        def make(**dials: object) -> Big:
            world = World(servers=("isp1",), dialect=load(), clock=time.time)
            generate(world, Size(accounts=4))
            urls = stack.enter_context(served(world))
            notes = Notes()

            def to(panel: str, username: str) -> Transport:
                kind = "billmanager" if panel == "billmanager" else "ispmanager"
                transport = Transport(
                    Endpoint(kind, kind, urls[panel], allow_insecure=True),  # type: ignore[arg-type] # one of the two
                    Login(username, f"{username}-sandbox"),
                    limiter=Slots(),
                    journal=notes,
                    session_store=SessionIds(),
                )
                stack.callback(transport.close)
                return transport

            admin = to("billmanager", "admin")
            staff = to("billmanager", "tasks")
            bill = BillManager(admin, discover(admin, staff), task_transport=staff)
            isp = IspManager(to("isp1", "root"))
            world.dials.turn({"list_cut": 5_001, **dials})
            notes.calls.clear()
            return Big(world, bill, isp, notes)

        yield make


@pytest.mark.parametrize("cut", sorted(CUT))
@pytest.mark.parametrize("tells_all", first_of([False, True]))
def test_services_that_both_ends_reach(
    big: Callable[..., Big], cut: int, *, tells_all: bool
) -> None:
    b = big(list_cut=cut, list_cut_tells_all=tells_all)
    ids = b.services(5_400)
    assert {service.id for service in b.bill.services.all()} == ids
    assert b.calls("vhost") < 60


@pytest.mark.slow
def test_services_that_lie_between_both_ends_are_asked_for_by_id(big: Callable[..., Big]) -> None:
    b = big()
    ids = b.services(10_300)
    found = [service.id for service in b.bill.services.all()]
    assert found == sorted(ids)
    assert any("idlist" in call.params for call in b.notes.calls)


@pytest.mark.parametrize("first", first_of([False, True]))
def test_services_are_asked_for_by_plan_where_the_panel_does_not_know_ids(
    big: Callable[..., Big], *, first: bool
) -> None:
    b = big(ignored_filters=["idlist"], list_cut_first=first)
    ids = b.services(10_300)
    assert {service.id for service in b.bill.services.all()} == ids


@pytest.mark.slow
def test_services_that_no_filter_shows_are_never_taken_for_whole(big: Callable[..., Big]) -> None:
    b = big(ignored_filters=["idlist", "pricelist"])
    b.services(10_300)
    with pytest.raises(UnexpectedAnswer, match="cuts this list at 5001 rows") as caught:
        b.bill.services.all()
    assert caught.value.func == "vhost"
    assert not caught.value.transient


def test_a_plans_services_are_whole(big: Callable[..., Big]) -> None:
    b = big()
    b.services(5_400, plans=1)
    plan = b.world.plans.all()[0].id
    ids = {service.id for service in b.world.services.find("plan", plan)}
    assert len(ids) > max(CUT)
    assert {service.id for service in b.bill.services.of_plan(plan)} == ids


def test_the_newest_services_are_found_where_the_list_is_sorted_first(
    big: Callable[..., Big],
) -> None:
    b = big()
    ids = b.services(10_300)
    newest = max(ids)
    assert b.bill.services.newest_id() == newest
    before = len(b.notes.calls)
    assert b.bill.services.newest_id() == newest
    assert len(b.notes.calls) - before == 1  # the panel's way of sorting is known by then


def test_the_newest_are_found_where_the_list_is_cut_before_it_is_sorted(
    big: Callable[..., Big],
) -> None:
    b = big(list_cut_first=True, ignored_filters=["idlist"])
    ids = b.services(10_300)
    assert b.bill.services.newest_id() == max(ids)


def test_the_newest_are_not_guessed(big: Callable[..., Big]) -> None:
    b = big(list_cut_first=True)
    b.expenses(5_400)
    with pytest.raises(UnexpectedAnswer, match="cuts this list"):
        b.bill.payments.newest_expense_id()
    with pytest.raises(UnexpectedAnswer, match="cuts this list"):
        b.bill.payments.expenses_newer_than(5_300)


@pytest.mark.slow
def test_charges(big: Callable[..., Big]) -> None:
    b = big()
    ids = b.expenses(5_400)
    assert b.bill.payments.newest_expense_id() == max(ids)
    newer = b.bill.payments.expenses_newer_than(max(ids) - 3)
    assert [charge.id for charge in newer] == [max(ids), max(ids) - 1, max(ids) - 2]
    # Further down than the panel goes.
    assert {charge.id for charge in b.bill.payments.expenses_newer_than(0)} == ids


@pytest.mark.slow
@pytest.mark.parametrize("first", [False, True])
def test_payments_are_asked_for_by_date(big: Callable[..., Big], *, first: bool) -> None:
    b = big(list_cut_first=first)
    ids = b.payments(10_300)
    assert b.bill.payments.newest_id() == max(ids)
    assert {payment.id for payment in b.bill.payments.newer_than(0)} == ids


def test_clients_and_users(big: Callable[..., Big]) -> None:
    b = big()
    ids = b.clients(5_400)
    assert {client.id for client in b.bill.clients.all()} == ids
    assert {user.client_id for user in b.bill.clients.users()} == ids


@pytest.mark.slow
def test_clients_beyond_both_ends_are_never_taken_for_whole(big: Callable[..., Big]) -> None:
    b = big()
    b.clients(10_300)
    for read in (b.bill.clients.all, b.bill.clients.users):
        with pytest.raises(UnexpectedAnswer, match="cuts this list at 5001 rows"):
            read()


def test_tasks(big: Callable[..., Big]) -> None:
    b = big()
    b.services(1)
    ids = b.tasks(5_200)
    assert {task.id for task in b.bill.tasks.openings()} >= ids


def test_accounts_of_a_server(big: Callable[..., Big]) -> None:
    b = big()
    some = b.world.hosting.all()[0]
    for number in range(5_200):
        name = f"z{number}"
        b.world.hosting.put(some._replace(key=user_key("isp1", name), name=name))
    names = {user.name for user in b.world.hosting.all()}
    assert {account.username for account in b.isp.accounts()} == names


def test_a_long_list_that_is_not_cut_costs_no_more(big: Callable[..., Big]) -> None:
    b = big(list_cut=0)
    ids = b.services(5_400)
    assert {service.id for service in b.bill.services.all()} == ids
    assert b.calls("vhost") == -(-len(ids) // 500)
    assert b.bill.services.newest_id() == max(ids)
