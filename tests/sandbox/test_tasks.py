"""Tasks of staff: seen, taken, closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.flow import (
    CLIENT,
    ISPMANAGER,
    NAMES,
    PLAN,
    SIX,
    close,
    make_manual,
    odd_dialect,
    open_tasks,
    opened,
    order,
    ready,
    switch,
    take,
)
from tests.sandbox.sandbox_process import Local, error, rows

if TYPE_CHECKING:
    from pathlib import Path


def test_a_task_is_seen_by_its_department_alone() -> None:
    panels = Local()
    manual = make_manual(panels, department=3)
    switch(panels, SIX, manual, str(ISPMANAGER))
    order(panels)
    opened(panels)
    assert open_tasks(panels, by="tasks") == []
    assert open_tasks(panels, by="admin") == []
    (task,) = open_tasks(panels, by="colleague")
    assert error(panels.bill("task.edit", by="tasks", elid=task["id"])) == ("value", "elid")


def test_a_task_login_sees_its_own_departments(local: Local) -> None:
    assert [row["id"] for row in rows(local.bill("department", by="tasks"))] == ["2"]
    assert len(rows(local.bill("department"))) == 3


def test_the_documented_filter_of_tasks() -> None:
    panels, task, _ = ready()
    wanted = {
        "filter": "on",
        "itemtype": "84",
        "status": "0",
        "type": "postopen",
        "itemstatus": "5",
    }
    assert [row["id"] for row in rows(panels.bill("task", pricelist=PLAN, **wanted))] == [task]
    assert rows(panels.bill("task", pricelist=22, **wanted)) == []


@pytest.mark.parametrize("dialect", sorted(NAMES))
def test_a_task_of_somebody_else_cannot_be_taken(dialect: str) -> None:
    panels, task, _ = ready(dialect)
    names = NAMES[dialect]
    take(panels, names, task, by="colleague")
    answer = panels.bill("task.edit", by="tasks", elid=task, clicked_button=names.take, sok="ok")
    assert error(answer) == ("value", "performer")


def test_taking_twice_oneself_is_fine() -> None:
    panels, task, _ = ready()
    take(panels, SIX, task)
    take(panels, SIX, task)
    (row,) = rows(panels.bill("task", by="tasks"))
    assert (row["status.orig"], row["performer"]) == ("1", "tasks")


def test_a_task_that_was_not_taken_cannot_be_closed() -> None:
    panels, task, _ = ready()
    assert error(close(panels, SIX, ("task.edit", task), "u", "p")) == ("access", "performer")


def test_ok_saves_and_closes_nothing() -> None:
    panels, task, service = ready()
    take(panels, SIX, task)
    panels.bill("task.edit", by="tasks", elid=task, processingmodule=11, username="u", sok="ok")
    opened(panels)
    (row,) = rows(panels.bill("vhost", filter="on", id=service))
    assert row["status.orig"] == "5"


def test_closing_on_the_manual_module_leaves_the_service_there() -> None:
    panels, task, service = ready()
    take(panels, SIX, task)
    (row,) = rows(panels.bill("vhost", filter="on", id=service))
    close(panels, SIX, ("task.edit", task), "u", "p", module=row["processingmodule.orig"])
    opened(panels)
    (row,) = rows(panels.bill("vhost", filter="on", id=service))
    assert (row["status.orig"], row["processingmodule"], row["username"]) == ("2", "By hand", "u")


def test_closing_is_asynchronous_and_sets_the_expiry() -> None:
    panels, task, service = ready()
    take(panels, SIX, task)
    account = panels.world.hosting.all()[0]
    close(panels, SIX, ("task.edit", task), account.name, account.password)
    (row,) = rows(panels.bill("vhost", filter="on", id=service))
    assert row["status.orig"] == "5"
    opened(panels)
    (row,) = rows(panels.bill("vhost", filter="on", id=service))
    assert (row["status.orig"], row["expiredate"]) == ("2", "2027-02-15")


def test_a_closed_task_cannot_be_closed_again() -> None:
    panels, task, _ = ready()
    take(panels, SIX, task)
    account = panels.world.hosting.all()[0]
    for expected in (None, ("value", "status")):
        answer = close(panels, SIX, ("task.edit", task), account.name, account.password)
        assert error(answer) == expected
    opened(panels)
    ledger = panels.ledger()
    assert ledger["violations"] == []
    assert ledger["tasks"][0]["refused_closes"] == 1


def test_a_weak_password_is_refused_where_there_are_rules() -> None:
    panels, task, _ = ready()
    panels.world.dials.turn({"password_min": 8, "password_classes": 3})
    take(panels, SIX, task)
    assert error(close(panels, SIX, ("task.edit", task), "u", "short")) == ("value", "password")
    assert error(close(panels, SIX, ("task.edit", task), "u", "LongEnough1")) is None


def test_the_username_can_be_checked() -> None:
    panels, task, _ = ready()
    panels.world.dials.turn({"close_checks_username": True})
    take(panels, SIX, task)
    assert error(close(panels, SIX, ("task.edit", task), "nobody", "p")) == ("value", "username")


def test_the_service_can_be_opened_by_its_own_form() -> None:
    panels, _, service = ready()
    form = panels.bill("vhost.open", elid=service)
    assert {val.get("key") for val in form.iterfind("slist/val")} >= {"11"}
    account = panels.world.hosting.all()[0]
    sent = {"processingmodule": "11", "username": account.name, "password": "p", "sok": "ok"}
    assert error(panels.bill("vhost.open", elid=service, **sent)) is None
    assert len(open_tasks(panels)) == 1
    assert panels.ledger()["services"][0]["status"] == 2


def test_saving_a_bound_service_pushes_limits() -> None:
    panels = Local()
    order(panels, remoteid="")
    opened(panels)
    (row,) = rows(panels.bill("vhost", su=CLIENT))
    answer = panels.bill("vhost.edit", elid=row["id"], expiredate="2030-01-31", sok="ok")
    assert error(answer) is None
    ledger = panels.ledger()
    assert [push["service"] for push in ledger["limit_pushes"]] == [int(row["id"])]
    assert ledger["services"][0]["expires"] == "2030-01-31"
    bad = panels.bill("vhost.edit", elid=row["id"], expiredate="31.01.2030", sok="ok")
    assert error(bad) == ("value", "expiredate")


def test_an_expiry_set_before_activation_stays() -> None:
    panels, task, service = ready()
    panels.bill("vhost.edit", elid=service, expiredate="2031-05-05", sok="ok")
    take(panels, SIX, task)
    account = panels.world.hosting.all()[0]
    close(panels, SIX, ("task.edit", task), account.name, account.password)
    opened(panels)
    ledger = panels.ledger()
    assert (ledger["services"][0]["expires"], ledger["limit_pushes"]) == ("2031-05-05", [])


def one_task(panels: Local) -> str:
    manual = make_manual(panels)
    switch(panels, SIX, manual, str(ISPMANAGER))
    order(panels)
    opened(panels)
    switch(panels, SIX, str(ISPMANAGER))
    return open_tasks(panels)[0]["id"]


def test_a_task_taken_and_closed_by_fields(tmp_path: Path) -> None:
    panels = odd_dialect(
        tmp_path, task__take="field", task__take_button="performer", task__close_kind="field"
    )
    task = one_task(panels)
    form = panels.bill("task.edit", by="tasks", elid=task, out="devel")
    buttons = {node.get("name") for node in form.iterfind("metadata/form/buttons/button")}
    assert buttons == {"ok", "cancel"}
    keys = [val.get("key") for val in form.iterfind("slist[@name='performer']/val")]
    assert keys == ["", "1", "2", "3"]
    other = panels.bill("task.edit", by="tasks", elid=task, performer=3, sok="ok")
    assert error(other) == ("value", "performer")
    assert error(panels.bill("task.edit", by="tasks", elid=task, performer=2, sok="ok")) is None
    (row,) = rows(panels.bill("task", by="tasks"))
    assert (row["status.orig"], row["performer"]) == ("1", "tasks")
    account = panels.world.hosting.all()[0]
    sent = {"processingmodule": "11", "username": account.name, "password": "p", "status": "2"}
    answer = panels.bill("task.edit", by="tasks", elid=task, sok="ok", **sent)
    assert error(answer) is None
    opened(panels)
    assert panels.ledger()["services"][0]["status"] == 2


def test_a_task_taken_from_the_toolbar(tmp_path: Path) -> None:
    panels = odd_dialect(tmp_path, task__take="toolbar", task__take_button="task.assign")
    task = one_task(panels)
    answer = panels.bill("task", by="tasks", out="devel")
    tools = {node.get("func") for node in answer.iterfind("metadata/toolbar//toolbtn")}
    assert "task.assign" in tools
    assert error(panels.bill("task.assign", by="tasks", elid=task)) is None
    (row,) = rows(panels.bill("task", by="tasks"))
    assert (row["status.orig"], row["performer"]) == ("1", "tasks")


def test_failing_openings_become_a_task_after_some_tries(local: Local) -> None:
    local.world.dials.turn({"broken_servers": ["isp1"]})
    order(local)
    opened(local)
    assert rows(local.bill("vhost"))[0]["processingmodule_failed"] == "on"
    for _ in range(2):
        opened(local, 301)
        local.bill("whoami")
    (task,) = open_tasks(local, by="admin")
    assert task["type.orig"] == "postopen"
    assert len(local.ledger()["openings_failed"]) == 2


def test_the_manual_module_makes_tasks_of_other_kinds_too() -> None:
    panels, task, service = ready()
    take(panels, SIX, task)
    (row,) = rows(panels.bill("vhost", filter="on", id=service))
    close(panels, SIX, ("task.edit", task), "u", "p", module=row["processingmodule.orig"])
    opened(panels)
    panels.bill("vhost.suspend", elid=service)
    (other,) = open_tasks(panels)
    assert (other["type.orig"], other["item.orig"]) == ("postsuspend", service)
