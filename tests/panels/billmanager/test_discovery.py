"""Finding out what an installation calls things, without changing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from panels.billmanager import Dialect, discover
from panels.billmanager.dialect.names import Found
from panels.coremanager.errors import LoginRefused, Unreachable
from tests.panels.lists import Canned, Sent, elem

if TYPE_CHECKING:
    from collections.abc import Callable

    from panels.coremanager.documents import Document
    from panels.http.transport import Transport

MISSED = '<error type="missed" object="func"/>'
DENIED = '<error type="access" object="x"/>'


def toolbar(*buttons: tuple[str, str], rows: str = "") -> str:
    shown = "".join(f'<toolbtn name="{name}" func="{func}"/>' for name, func in buttons)
    return (
        f'<metadata type="list" key="id"><toolbar><toolgrp>{shown}</toolgrp></toolbar></metadata>'
        f"{rows}"
    )


def form(**options: dict[str, str]) -> str:
    controls = "".join(f'<select name="{name}"/>' for name in options)
    lists = "".join(
        f'<slist name="{name}">'
        + "".join(f'<val key="{key}">{label}</val>' for key, label in choices.items())
        + "</slist>"
        for name, choices in options.items()
    )
    return f'<metadata type="form"><form>{controls}</form></metadata>{lists}'


FULL: dict[str, str] = {
    "whoami": '<user id="1" level="29"/><mgr version="6.94.1">billmgr</mgr>',
    "itemtype": elem(id=3, name="VPS", intname="vds") + elem(id=84, name="Web", intname="vhost"),
    "processing": elem(id=1, name="I", module="ISPmanager", status="on"),
    "processing.add": form(module={"pmzz": "ISPmanager 6", "pmhand": "Manual processing"}),
    "processing.add.settings": form(department={"2": "Support"}, datacenter={"5": "A"}),
    "pricelist": toolbar(
        ("edit", "pricelist.edit"),
        ("modules", "pricelist.processingmodules"),
        rows=elem(id=7, name="P", itemtype_name=("vhost", "Web"), status="on"),
    ),
    "pricelist.processingmodules": toolbar(
        ("enable", "pricelist.processingmodules.enable"), ("disable", "other.disable")
    ),
    "vhost.filter": form(account={}, account_id={}),
    "user": elem(id=9, account_id="", level=29) + elem(id=10, account_id=4, level=16),
    "v2.vhost.order.param": '<error type="wizard_unavailable" object="pricelist"/>',
    "cart": "<p_elems>0</p_elems>",
    "task.filter": form(type={"postopen": "Open", "postclose": "Close"}, department={"2": "S"}),
    "task": toolbar(("take", "task.assign"), ("start", "task.start"), ("edit", "task.edit")),
    "department": elem(id=2, name="Support"),
}


def found(canned: Canned, known: Dialect | None = None, staff: Canned | None = None) -> Dialect:
    return discover(
        cast("Transport", canned), cast("Transport", staff) if staff else None, known=known
    )


def test_everything_that_lists_and_forms_tell() -> None:
    canned = Canned(FULL)
    dialect = found(canned)
    assert dialect.version == "6.94.1"
    named = {
        name: getattr(dialect, name) and getattr(dialect, name).value
        for name in (
            "order",
            "cart",
            "plan_modules_list",
            "plan_modules_enable",
            "plan_modules_disable",
            "plan_modules_parent",
            "manual_module",
            "itemtype_id",
            "itemtype_name",
            "client_filter",
        )
    }
    assert named == {
        "order": "v2",
        "cart": "cart",
        "plan_modules_list": "pricelist.processingmodules",
        "plan_modules_enable": "pricelist.processingmodules.enable",
        "plan_modules_disable": "other.disable",
        "plan_modules_parent": "elid",
        "manual_module": "pmhand",
        "itemtype_id": "84",
        "itemtype_name": "Web",
        "client_filter": "account_id",
    }
    assert dialect.plan_modules_enable is not None
    assert dialect.plan_modules_enable.sure
    assert dialect.plan_modules_disable is not None
    assert not dialect.plan_modules_disable.sure
    assert dialect.ispmanager_modules == ("pmzz", "ISPmanager")
    assert dialect.departments == ((2, "Support"),)
    assert dialect.datacenters == ((5, "A"),)
    assert dialect.task_departments == ((2, "Support"),)
    assert dialect.task_open_types == ("postopen",)
    assert dialect.task_take is not None
    assert (dialect.task_take.kind, dialect.task_take.name) == ("toolbar", "task.assign")


def test_nothing_is_changed_and_no_group_action_called() -> None:
    canned = Canned(FULL)
    found(canned)
    assert canned.effects == []
    acting = (".resume", ".suspend", ".enable", ".disable", ".delete", ".setpaid", ".start")
    assert all("sok" not in call.params for call in canned.sent)
    assert not [call.func for call in canned.sent if call.func.endswith(acting)]
    assert "task.assign" not in {call.func for call in canned.sent}


def test_client_functions_are_asked_for_as_a_client() -> None:
    canned = Canned(FULL)
    found(canned)
    asked = {c.func: c.su for c in canned.sent if c.func in {"v2.vhost.order.param", "cart"}}
    assert asked == {"v2.vhost.order.param": "10", "cart": "10"}


def test_the_first_generation() -> None:
    answers = FULL | {
        "v2.vhost.order.param": MISSED,
        "vhost.order.param": '<error type="wizard_unavailable"/>',
        "cart": DENIED,
        "basket": '<list name="itemlist"/>',
    }
    dialect = found(Canned(answers))
    assert dialect.order is not None
    assert dialect.order.value == "old"
    assert dialect.cart is not None
    assert dialect.cart.value == "basket"


def test_a_sub_list_that_opens_with_plid() -> None:
    opened = FULL["pricelist.processingmodules"]
    answers: dict[str, object] = {
        **FULL,
        "pricelist.processingmodules": lambda c: (
            opened if "plid" in c.params else '<error type="value" object="elid"/>'
        ),
    }
    dialect = found(Canned(answers))  # type: ignore[arg-type] # text or a function of the call
    assert dialect.plan_modules_parent is not None
    assert dialect.plan_modules_parent.value == "plid"


@pytest.mark.parametrize("gone", sorted(set(FULL) - {"whoami"}))
@pytest.mark.parametrize("answer", [MISSED, DENIED, "<name>some other form</name>"])
def test_what_one_function_withholds_only_leaves_its_entry_open(gone: str, answer: str) -> None:
    dialect = found(Canned(FULL | {gone: answer}))
    assert dialect.version == "6.94.1"


def test_nothing_but_whoami_answers() -> None:
    dialect = found(Canned({"whoami": FULL["whoami"]}))
    assert set(dialect.lacking()) > {"order", "plan_modules_list", "task_close"}


def test_two_candidates_are_no_finding() -> None:
    twice = toolbar(("a", "pricelist.processing"), ("b", "pricelist.processing2"))
    dialect = found(Canned(FULL | {"pricelist": twice}))
    assert dialect.plan_modules_list is None
    hands = form(module={"pmhand": "Manual processing", "pmhand2": "Manual, too"})
    assert found(Canned(FULL | {"processing.add": hands})).manual_module is None


def test_tasks_are_asked_for_as_staff() -> None:
    staff = Canned({"task": FULL["task"], "department": elem(id=8, name="Own")})
    dialect = found(Canned(FULL), staff=staff)
    assert dialect.task_departments == ((8, "Own"),)
    assert {c.func for c in staff.sent} == {"whoami", "task.filter", "task", "department"}


def test_an_open_task_teaches_its_form() -> None:
    rows = elem(id=4, type="postclose", status=0) + elem(id=5, type="postopen", status=("0", "x"))
    page = (
        '<metadata type="form"><form><select name="module"/><input name="login"/>'
        '<input name="passwd"/><button name="finish"/></form></metadata>'
        '<slist name="module"><val key="1">a</val></slist>'
    )
    canned = Canned(FULL | {"task": toolbar(rows=rows), "task.edit": page})
    dialect = found(canned)
    assert dialect.task_module is not None
    assert dialect.task_module.value == "module"
    assert dialect.task_username is not None
    assert dialect.task_username.value == "login"
    assert dialect.task_close is not None
    assert dialect.task_close.name == "finish"
    assert [c.params["elid"] for c in canned.sent if c.func == "task.edit"] == ["5"]


def test_what_is_known_is_kept() -> None:
    known = Dialect(version="6.94.1").with_overrides({"cart": "basket"})
    dialect = found(Canned(FULL), known)
    assert dialect.cart == Found("basket", "set by an administrator")


@pytest.mark.parametrize("error", [Unreachable("down"), None])
def test_a_panel_that_cannot_be_asked_is_no_empty_dialect(error: Unreachable | None) -> None:
    class Down(Canned):
        def read(self, func: str, *args: object, **kwargs: object) -> Document:
            if func == "pricelist":
                if error is not None:
                    raise error
                self.answers = {func: '<error type="auth" object="session"/>'}
            return super().read(func, *args, **kwargs)  # type: ignore[arg-type] # handed through

    with pytest.raises((Unreachable, LoginRefused)):
        found(Down(FULL))


def test_money_is_found_by_lists_or_as_a_client() -> None:
    lists = {
        "paymethod": elem(id=1, name="Bank"),
        "currency": elem(id=126, iso="RUB"),
        "payment.add.method": form(randomnumber={}),
    }
    dialect = found(Canned(FULL | lists))
    assert dialect.paymethods == ((1, "Bank"),)
    assert dialect.currencies == ((126, "RUB"),)
    assert dialect.randomnumber == Found("randomnumber", "payment.add.method form, as a client")

    def whoami(call: Sent) -> str:
        return '<user id="10" currency="EUR" currency_id="153"/>' if call.su else FULL["whoami"]

    told: dict[str, str | Callable[[Sent], str]] = {**FULL, "whoami": whoami}
    dialect = found(Canned(told))
    assert dialect.currencies == ((153, "EUR"),)
    assert dialect.places["currencies"] == "whoami, as a client"


def test_what_is_not_found_says_what_was_looked_for() -> None:
    twice = toolbar(("a", "pricelist.processing"), ("b", "pricelist.processing2"))
    places = found(Canned(FULL | {"pricelist": twice})).places
    assert "pricelist.processing2" in places["plan_modules_list"]
    hands = form(module={"pmhand": "Manual processing", "pmhand2": "Manual, too"})
    places = found(Canned(FULL | {"processing.add": hands})).places
    assert places["manual_module"].endswith("which of these is it? pmhand, pmhand2")


def test_what_depends_on_an_administrators_word_is_looked_for_by_it() -> None:
    hands = form(module={"pmhand": "Manual processing", "pmhand2": "Manual, too"})
    asked = {"processing.add.settings": FULL["processing.add.settings"], "processing.add": hands}
    canned = Canned(FULL | asked)
    words = {"manual_module": "pmhand2"}
    dialect = discover(cast("Transport", canned), overrides=words)
    assert dialect.manual_module is None  # a correction is not a finding
    assert dialect.departments == ((2, "Support"),)
    (call,) = [c for c in canned.sent if c.func == "processing.add.settings"]
    assert call.params["module"] == "pmhand2"


def test_a_wizard_with_another_last_step() -> None:
    answers = {name: text for name, text in FULL.items() if name != "processing.add.settings"}
    page = (
        '<metadata type="form"><form><input name="name"/><select name="department"/>'
        '<button name="ok"/></form></metadata><slist name="department"><val key="2">S</val></slist>'
    )
    dialect = found(Canned(answers | {"processing.add.params": page}))
    assert dialect.module_create == Found(
        "processing.add.params", "processing.add.params form", sure=False
    )
    assert dialect.module_button == Found("ok", "processing.add.params form")


def test_a_group_action_above_the_plans_is_never_opened() -> None:
    shown = (
        '<metadata type="list"><toolbar><toolbtn name="x" func="pricelist.dropmodules"'
        ' type="group"/></toolbar></metadata>'
    )
    canned = Canned(FULL | {"pricelist": shown})
    assert found(canned).plan_modules_list is None
    assert "pricelist.dropmodules" not in {call.func for call in canned.sent}
