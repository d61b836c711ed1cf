"""The vendor's eight steps, by hand, on both dialects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.flow import (
    CLIENT,
    ISPMANAGER,
    NAMES,
    close,
    enabled,
    make_manual,
    open_tasks,
    order,
    switch,
    take,
)
from tests.sandbox.sandbox_process import error, rows, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.sandbox_process import Running


@pytest.mark.parametrize("dialect", sorted(NAMES))
def test_eight_steps(launch: Callable[..., Running], dialect: str) -> None:
    sandbox = launch("--dialect", dialect)
    names = NAMES[dialect]
    account = sandbox.control("world")["accounts"][0]
    manual = make_manual(sandbox, names)
    assert enabled(sandbox, names) == [str(ISPMANAGER)]
    switch(sandbox, names, manual, str(ISPMANAGER))
    assert enabled(sandbox, names) == [manual]

    assert error(order(sandbox, names)) is None
    (service,) = rows(sandbox.bill("vhost", su=CLIENT))
    key = service["id"]

    def read() -> dict[str, str]:
        return rows(sandbox.bill("vhost", filter="on", id=key))[0]

    task = until(lambda: open_tasks(sandbox), lambda found: len(found) == 1)[0]
    assert key in {task.get("item.orig"), task["item"]}
    assert (task["type.orig"], task["itemstatus.orig"]) == ("postopen", "5_open")
    assert (read()["status.orig"], read()["item_status.orig"]) == ("5", "5_open")
    assert read()["processingmodule"] == "By hand"

    switch(sandbox, names, str(ISPMANAGER))
    assert enabled(sandbox, names) == [str(ISPMANAGER), manual]

    where = take(sandbox, names, task["id"])
    assert (where == ("task.edit", task["id"])) == (dialect == "billmanager6")
    form = sandbox.bill(where[0], by="tasks", elid=where[1], out="devel")
    buttons = {button.get("name") for button in form.iterfind("metadata/form/buttons/button")}
    assert names.close in buttons
    options = {val.get("key") for val in form.iterfind(f"slist[@name='{names.module}']/val")}
    assert str(ISPMANAGER) in options
    answer = close(sandbox, names, where, account["username"], account["password"])
    assert error(answer) is None

    service = until(read, lambda row: row["status.orig"] == "2")
    assert service["username"] == account["username"]
    assert service["processingmodule"] == "ISPmanager isp1"

    sandbox.bill(names.disable, plid=21, elid=manual)
    assert enabled(sandbox, names) == [str(ISPMANAGER)]

    ledger = sandbox.ledger()
    assert ledger["violations"] == []
    assert ledger["hosting_accounts_created"] == []
    assert [charge["service"] for charge in ledger["charges"]] == [int(key)]
    (closed,) = ledger["tasks"]
    assert (closed["status"], closed["performer"], closed["closes"]) == (2, "tasks", 1)
    (bound,) = ledger["services"]
    assert (bound["module_id"], bound["server"], bound["paid"]) == (ISPMANAGER, "isp1", True)


@pytest.mark.parametrize("dialect", sorted(NAMES))
def test_an_open_ispmanager_module_creates_a_second_account(
    launch: Callable[..., Running], dialect: str
) -> None:
    sandbox = launch("--dialect", dialect)
    account = sandbox.control("world")["accounts"][0]
    domain = account["domains"][0]
    order(sandbox, NAMES[dialect], domain=domain)
    ledger = until(sandbox.ledger, lambda found: bool(found["hosting_accounts_created"]))
    (created,) = ledger["hosting_accounts_created"]
    assert created["username"] == f"{account['username']}1"
    assert created["domain_taken"] is True
    (violation,) = ledger["violations"]
    assert created["username"] in violation
    assert ledger["services"][0]["status"] == 2
    users = {row["name"] for row in rows(sandbox.isp("user"))}
    assert {account["username"], created["username"]} <= users


def test_opening_is_asynchronous(launch: Callable[..., Running]) -> None:
    sandbox = launch("--task-delay", "0.6")
    order(sandbox)
    (service,) = sandbox.ledger()["services"]
    assert (service["item_status"], service["module_id"]) == ("5_open", 0)
    until(sandbox.ledger, lambda found: found["services"][0]["status"] == 2)
