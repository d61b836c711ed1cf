"""The ledger sees every mistake that is planted, and nothing in what is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from panels.sandbox.world import acts
from panels.sandbox.world import records as r
from tests.sandbox.flow import (
    CLIENT,
    ISPMANAGER,
    PLAN,
    SIX,
    close,
    enabled,
    make_manual,
    open_tasks,
    order,
    switch,
    take,
)
from tests.sandbox.sandbox_process import error, rows

if TYPE_CHECKING:
    from tests.sandbox.sandbox_process import Local, Running


def bound(panels: Local, number: int = 0, **dials: object) -> str:
    """Bind the account of this number as one should; give the service."""
    panels.world.dials.turn(dials)
    manual = str(next((m.id for m in panels.world.modules.all() if m.name == "By hand"), ""))
    manual = manual or make_manual(panels)
    switch(panels, SIX, manual, str(ISPMANAGER))
    order(panels, domain=f"site{number}.example", remoteid=f"marker-{number}")
    panels.time += 1
    (task,) = open_tasks(panels)
    switch(panels, SIX, str(ISPMANAGER))
    take(panels, SIX, task["id"])
    account = panels.world.hosting.all()[number]
    close(panels, SIX, ("task.edit", task["id"]), account.name, account.password)
    panels.time += 1
    panels.bill(SIX.disable, plid=PLAN, elid=manual)
    return task["item.orig"]


def violations(panels: Local) -> list[str]:
    found: list[str] = panels.ledger()["violations"]
    return found


def test_what_is_right_is_no_violation(local: Local) -> None:
    bound(local)
    bound(local, 1)
    assert violations(local) == []
    assert enabled(local) == [str(ISPMANAGER)]


def test_a_double_order(local: Local) -> None:
    bound(local)
    order(local, domain="site0.example", remoteid="marker-0", skipbasket="")
    line = local.world.lines.last_id
    assert violations(local) == [
        "remoteid marker-0 was ordered 2 times",
        f"client 3001 has site0.example on plan 21 twice: service 5001, cart line {line}",
    ]


def test_two_services_of_one_mark(local: Local) -> None:
    one = local.world.services[int(bound(local))]
    other = one._replace(id=one.id + 1, domain="other.example", username="", module=0)
    local.world.services.put(other)
    assert violations(local) == [f"remoteid marker-0 has services {one.id}, {other.id}"]
    local.world.services.put(other._replace(status=r.DELETED))
    assert violations(local) == []


def test_a_double_charge(local: Local) -> None:
    service = local.world.services[int(bound(local))]
    expense = local.world.expenses.all()[0]
    local.world.expenses.put(expense._replace(id=local.world.expenses.next_id()))
    assert violations(local) == [f"service {service.id} was charged 2 times"]


def test_a_double_charge_that_was_taken_back_is_forgiven(local: Local) -> None:
    bound(local)
    expense = local.world.expenses.all()[0]
    local.world.expenses.put(expense._replace(id=local.world.expenses.next_id(), amount=0))
    assert violations(local) == []


def test_an_account_made_for_us(local: Local) -> None:
    order(local)
    local.time += 1
    (violation,) = violations(local)
    assert "was created" in violation


def test_an_account_made_for_a_stranger_is_none_of_ours(local: Local) -> None:
    acts.perform(local.world, {"act": "order"})
    local.time += 1
    ledger = local.ledger()
    assert (len(ledger["hosting_accounts_created"]), ledger["violations"]) == (1, [])


def test_two_accounts_for_one_service(local: Local) -> None:
    acts.perform(local.world, {"act": "order"})
    local.time += 1
    assert violations(local) == []
    (created,) = local.world.events.find("kind", "hosting_created")
    local.world.record("hosting_created", **created.data)
    assert violations(local) == [f"service {created.data['service']} got 2 hosting users"]


def test_a_task_closed_twice(local: Local) -> None:
    local.world.dials.turn({"closed_task": "accept"})
    bound(local)
    task = local.world.tasks.all()[0]
    account = local.world.hosting.all()[0]
    switch(local, SIX, "13")
    close(local, SIX, ("task.edit", str(task.id)), account.name, account.password)
    assert violations(local) == [f"task {task.id} was closed 2 times"]


def test_a_password_changed_unasked(local: Local) -> None:
    account = local.world.hosting.all()[0]
    bound(local, close_sets_password=True)
    assert violations(local) == []  # it was the same
    local.world.hosting.put(account._replace(password="older"))
    service = local.world.services.all()[0]
    local.world.services.put(service._replace(status=5, item_status="5_open"))
    local.world.schedule(0, "finish_task", 901, "11", account.name, account.password)
    (violation,) = violations(local)
    assert "was changed unasked" in violation


def test_limits_that_are_pushed_are_told(local: Local) -> None:
    service = bound(local, close_pushes_limits=True)
    assert [push["service"] for push in local.ledger()["limit_pushes"]] == [int(service)]


def test_a_close_that_creates_an_account(local: Local) -> None:
    bound(local, close_opens=True)
    ledger = local.ledger()
    (created,) = ledger["hosting_accounts_created"]
    assert ledger["services"][0]["username"] == created["username"]
    assert len(ledger["violations"]) == 1


def test_a_plan_without_a_module(local: Local) -> None:
    local.bill(SIX.disable, plid=PLAN, elid=ISPMANAGER)
    local.bill(SIX.enable, plid=PLAN, elid=ISPMANAGER)
    (violation,) = violations(local)
    assert violation.startswith("plan 21 had no module")


def test_switching_to_what_already_is_is_no_switch(local: Local) -> None:
    local.bill(SIX.enable, plid=PLAN, elid=ISPMANAGER)
    assert local.ledger()["switches"] == []


def test_a_deleted_account(local: Local) -> None:
    service = bound(local)
    account = local.world.hosting.all()[0]
    local.bill("vhost.delete", elid=service)
    assert account.key not in local.world.hosting.rows
    assert violations(local) == [
        f"hosting user {account.name} on isp1 was deleted by vhost.delete {service}"
    ]


def test_a_colleague_deletes_as_billmanager_does(local: Local) -> None:
    service = int(bound(local))
    account = local.world.hosting.all()[0]
    acts.perform(local.world, {"act": "delete_service", "service": service})
    assert violations(local) == [
        f"hosting user {account.name} on isp1 was deleted by vhost.delete {service}"
    ]
    assert local.ledger()["services_deleted"][0]["by"] == "colleague"


def test_suspending_a_bound_service_stops_the_account(local: Local) -> None:
    service = bound(local)
    local.bill("vhost.suspend", elid=service)
    assert local.world.hosting.all()[0].active is False
    local.bill("vhost.resume", elid=service)
    assert local.world.hosting.all()[0].active is True
    assert rows(local.bill("vhost"))[0]["status.orig"] == "2"


def test_an_account_held_twice_or_not_there(local: Local) -> None:
    bound(local)
    bound(local, 1)
    one, two = local.world.services.all()
    local.world.services.put(two._replace(username=one.username))
    (violation,) = violations(local)
    assert violation == f"isp1/{one.username} is held by services {one.id}, {two.id}"
    local.world.services.put(two._replace(username="nobody"))
    assert violations(local) == [f"service {two.id} names isp1/nobody, which does not exist"]


def test_calls_are_counted(sandbox: Running) -> None:
    sandbox.bill("account")
    sandbox.bill("account")
    ledger = sandbox.ledger()
    assert ledger["calls"]["account"] == 2
    assert ledger["calls_max_parallel"] == 1


def act(sandbox: Running, name: str, **more: object) -> dict[str, object]:
    found: dict[str, object] = sandbox.control("act", {"act": name, **more})
    return found


def test_what_others_do(sandbox: Running) -> None:
    manual = make_manual(sandbox)
    assert act(sandbox, "switch_module", plan=21, module=int(manual), on=True) == {
        "modules": [11, int(manual)]
    }
    act(sandbox, "set_email", user=7001, email="new@mail.example")
    assert error(sandbox.bill("whoami", su="new@mail.example")) is None
    account = sandbox.control("world")["accounts"][0]
    server, name = account["server"], account["username"]
    act(sandbox, "set_email", server=server, username=name, email="other@mail.example")
    assert sandbox.isp("usrparam", su=name).findtext("email") == "other@mail.example"
    act(sandbox, "add_user", client=3001, email="second@mail.example")
    act(sandbox, "set_balance", client=3001, balance=5)
    user = sandbox.bill("whoami", su="second@mail.example").find("user")
    assert user is not None
    assert (user.get("account"), user.get("balance")) == ("3001", "0.05")
    act(sandbox, "forgotten_line", client=3002, plan=21)
    assert len(rows(sandbox.bill("cart", su="client2@mail.example"))) == 1
    act(sandbox, "hosting_user", server=server, username=name, active=False)
    assert sandbox.control("world")["accounts"][0]["active"] is False


def test_a_colleague_takes_our_task(sandbox: Running) -> None:
    manual = make_manual(sandbox)
    switch(sandbox, SIX, manual, str(ISPMANAGER))
    sandbox.control("dials", {"task_delay": 0})
    order(sandbox)
    (task,) = open_tasks(sandbox)
    act(sandbox, "take_task", service=int(task["item.orig"]))
    (row,) = rows(sandbox.bill("task", by="tasks"))
    assert (row["performer"], row["status.orig"]) == ("colleague", "1")


@pytest.mark.parametrize(
    "wrong", [{}, {"act": "dance"}, {"act": "take_task", "task": 5}, {"act": "set_email"}]
)
def test_an_act_that_cannot_be(sandbox: Running, wrong: dict[str, object]) -> None:
    answer = sandbox.session.post(sandbox.base + "act", json=wrong, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_strangers_order_by_themselves(local: Local) -> None:
    local.world.dials.turn({"strangers_every": 10.0})
    local.world.schedule(10, "stranger", 0)
    local.time += 100
    services = local.ledger()["services"]
    assert len(services) == 10
    assert {service["origin"] for service in services} == {"stranger"}
    assert rows(local.bill("vhost", su=CLIENT)) is not None
