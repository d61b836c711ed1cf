"""The steps of the vendor's procedure, as calls, in the words of each dialect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from tests.sandbox.sandbox_process import Local, error, rows

if TYPE_CHECKING:
    from pathlib import Path

    from lxml import etree

    from tests.sandbox.sandbox_process import Panels


class Names(NamedTuple):
    """What a dialect calls things."""

    manual: str
    modules: str
    enable: str
    disable: str
    order: str
    period: str
    button: str
    take: str
    close: str
    module: str
    username: str
    password: str


SIX = Names(
    "pmmanual",
    "pricelist.processing",
    "pricelist.processing.resume",
    "pricelist.processing.suspend",
    "v2.vhost.order.param",
    "order_period",
    "order",
    "take",
    "close",
    "processingmodule",
    "username",
    "password",
)
FIVE = Names(
    "pmmanualprocessing",
    "pricelist.processingmodule",
    "pricelist.processingmodule.enable",
    "pricelist.processingmodule.disable",
    "vhost.order.param",
    "period",
    "finish",
    "ok_get",
    "ok_close",
    "module",
    "param_username",
    "param_password",
)
NAMES = {"billmanager6": SIX, "billmanager5": FIVE}
CLIENT = "client1@mail.example"
PLAN, ISPMANAGER = 21, 11


def enabled(panels: Panels, names: Names = SIX, plan: int = PLAN) -> list[str]:
    """Give the ids of the plan's modules that are on."""
    found = rows(panels.bill(names.modules, elid=plan))
    return [r["id"] for r in found if r.get("active") == "on" or r.get("status.orig") == "enabled"]


def make_manual(panels: Panels, names: Names = SIX, department: int = 2) -> str:
    """Step 1: add the manual module; department 2 is the task login's."""
    answer = panels.bill(
        "processing.add.settings",
        module=names.manual,
        type="vhost",
        name="By hand",
        datacenter=1,
        department=department,
        orderpriority=100,
        clicked_button="finish",
        sok="ok",
    )
    assert error(answer) is None
    return answer.findtext("id", "")


def switch(panels: Panels, names: Names, on: str, off: str = "") -> None:
    """Steps 2, 5 and 8: one module on, another off."""
    assert error(panels.bill(names.enable, plid=PLAN, elid=on)) is None
    if off:
        assert error(panels.bill(names.disable, plid=PLAN, elid=off)) is None


def order(panels: Panels, names: Names = SIX, **more: str | int) -> etree._Element:
    """Steps 3 and 4: order as the first client and pay from the balance."""
    asked: dict[str, str | int] = {
        "su": CLIENT,
        "pricelist": PLAN,
        "datacenter": 1,
        names.period: 1,
        "domain": "site.example",
        "remoteid": "marker-1",
        "skipbasket": "on",
        "clicked_button": names.button,
        "sok": "ok",
    }
    return panels.bill(names.order, **(asked | more))


def open_tasks(panels: Panels, by: str = "tasks") -> list[dict[str, str]]:
    """Step 6: list the open tasks that a staff login sees."""
    return rows(panels.bill("task", by=by, filter="on", status=0))


def take(panels: Panels, names: Names, task: str, by: str = "tasks") -> tuple[str, str]:
    """Step 7, first half: take the task, and give function and id of the form that closes it."""
    answer = panels.bill("task.edit", by=by, elid=task, clicked_button=names.take, sok="ok")
    assert error(answer) is None
    address = answer.findtext("ok")
    if not address:
        return "task.edit", task
    parts = dict(part.split("=") for part in address.split("&"))
    return parts["func"], parts["elid"]


def close(  # noqa: PLR0917 - what the form asks for, in its order
    panels: Panels,
    names: Names,
    where: tuple[str, str],
    username: str,
    password: str,
    module: int | str = ISPMANAGER,
) -> etree._Element:
    """Step 7, second half: name module, username and password, and close the task."""
    sent: dict[str, str | int] = {
        "by": "tasks",
        "elid": where[1],
        names.module: module,
        names.username: username,
        names.password: password,
        "clicked_button": names.close,
        "sok": "ok",
    }
    return panels.bill(where[0], **sent)


def with_task(panels: Panels, names: Names = SIX) -> tuple[str, str]:
    """Do steps 1 to 5 without waiting for the opening; give the manual module and the service."""
    manual = make_manual(panels, names)
    switch(panels, names, manual, str(ISPMANAGER))
    assert error(order(panels, names)) is None
    switch(panels, names, str(ISPMANAGER))
    return manual, rows(panels.bill("vhost", su=CLIENT))[-1]["id"]


def opened(panels: Local, seconds: float = 1.0) -> None:
    """Let enough time pass for what is under way."""
    panels.time += seconds


def ready(dialect: str = "billmanager6") -> tuple[Local, str, str]:
    """Give a sandbox with one open task, its id, and the service's."""
    panels = Local(dialect)
    names = NAMES[dialect]
    manual = make_manual(panels, names)
    switch(panels, names, manual, str(ISPMANAGER))
    order(panels, names)
    opened(panels)
    (task,) = open_tasks(panels)
    switch(panels, names, str(ISPMANAGER))
    return panels, task["id"], rows(panels.bill("vhost"))[0]["id"]


def odd_dialect(folder: Path, **values: str) -> Local:
    """Give a sandbox whose dialect differs from the newer one in these entries."""
    path = folder / "odd.json"
    keys = {key.replace("__", "."): {"value": value} for key, value in values.items()}
    path.write_text(json.dumps({"name": "odd", "extends": "billmanager6", "keys": keys}))
    return Local(str(path))


def pay(panels: Local, amount: str = "10.00", **more: str) -> str:
    """Add a payment and let staff credit it; give its id."""
    iso = panels.world.dialect["currency.id"]
    sent = {"profile": "601", "amount": amount, "payment_currency": iso, "paymethod": "1"} | more
    answer = panels.bill("payment.add", su=CLIENT, sok="ok", **sent)
    assert error(answer) is None
    key = answer.findtext("id", "")
    assert error(panels.bill("payment.setpaid", elid=key)) is None
    return key
