"""Which module opens a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sandbox.flow import (
    ISPMANAGER,
    NAMES,
    PLAN,
    SIX,
    close,
    enabled,
    make_manual,
    odd_dialect,
    open_tasks,
    opened,
    order,
    ready,
    switch,
    take,
    with_task,
)
from tests.sandbox.sandbox_process import Local, error, rows

if TYPE_CHECKING:
    from pathlib import Path


def test_a_module_that_is_off_is_not_offered() -> None:
    panels, task, _ = ready()
    panels.bill(SIX.disable, plid=PLAN, elid=ISPMANAGER)
    take(panels, SIX, task)
    answer = close(panels, SIX, ("task.edit", task), "u", "p")
    assert error(answer) == ("value", "processingmodule")


def test_the_older_dialect_offers_every_module() -> None:
    panels, task, _ = ready("billmanager5")
    names = NAMES["billmanager5"]
    panels.bill(names.disable, plid=PLAN, elid=ISPMANAGER)
    where = take(panels, names, task)
    account = panels.world.hosting.all()[0]
    assert error(close(panels, names, where, account.name, "p")) is None


def test_the_lowest_orderpriority_opens_while_both_are_on() -> None:
    panels = Local()
    manual = make_manual(panels)
    switch(panels, SIX, manual)
    order(panels)
    opened(panels)
    ledger = panels.ledger()
    assert ledger["tasks"] == []
    assert ledger["services"][0]["module_id"] == ISPMANAGER


def test_the_module_is_chosen_when_the_opening_runs_not_when_it_is_ordered() -> None:
    panels = Local()
    with_task(panels)  # the ispmanager module is on again before the opening has run
    opened(panels)
    ledger = panels.ledger()
    assert len(ledger["hosting_accounts_created"]) == 1
    assert len(ledger["violations"]) == 1


def test_an_opening_without_a_module_waits_and_is_tried_again() -> None:
    panels = Local()
    order(panels)
    panels.bill(SIX.disable, plid=PLAN, elid=ISPMANAGER)
    opened(panels)
    (row,) = rows(panels.bill("vhost"))
    assert (row["item_status.orig"], row["processingmodule_failed"]) == ("5_open", "on")
    panels.bill(SIX.enable, plid=PLAN, elid=ISPMANAGER)
    opened(panels, 301)
    assert rows(panels.bill("vhost"))[0]["status.orig"] == "2"


def test_a_disabled_module_takes_no_new_service_and_keeps_the_old() -> None:
    panels = Local()
    order(panels)
    opened(panels)
    panels.bill("processing.suspend", elid=ISPMANAGER)
    assert rows(panels.bill("vhost"))[0]["status.orig"] == "2"
    assert error(order(panels, domain="b.example", remoteid="")) is not None


def test_each_server_has_its_module_in_its_data_centre() -> None:
    panels = Local(servers=3)
    assert enabled(panels) == ["11", "12", "13"]
    order(panels, datacenter=2)
    opened(panels)
    (created,) = panels.ledger()["hosting_accounts_created"]
    assert created["server"] == "isp2"
    urls = [panels.bill("processing.edit", elid=key).findtext("url") for key in (11, 12, 13)]
    assert urls == [panels.urls[f"isp{n}"] for n in (1, 2, 3)]


def test_a_module_name_is_taken_once(local: Local) -> None:
    make_manual(local)
    sent = {"module": "pmmanual", "name": "By hand", "datacenter": "1", "sok": "ok"}
    assert error(local.bill("processing.add.settings", **sent)) == ("exists", "name")


def test_task_start_lets_the_first_module_open() -> None:
    panels, task, _ = ready()
    panels.bill("task.start", by="tasks", elid=task)
    opened(panels)
    assert len(panels.ledger()["hosting_accounts_created"]) == 1


def test_the_module_can_be_chosen_when_it_is_ordered(tmp_path: Path) -> None:
    panels = odd_dialect(tmp_path, module_chosen="order")
    with_task(panels)  # the ispmanager module is on again before the opening has run
    opened(panels)
    assert panels.ledger()["hosting_accounts_created"] == []
    assert len(open_tasks(panels)) == 1
