"""Switches, lists, task forms and prices are known by what they show, and not by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from panels.billmanager import BillManager, Close, Dialect, Found, Take
from panels.billmanager.dialect.markers import parse
from panels.billmanager.dialect.names import ADMIN, written
from panels.billmanager.discovery.plan_modules import direction_of
from panels.coremanager.documents import parse as document
from panels.coremanager.forms import FormLacks
from panels.coremanager.toolbars import ToolButton
from tests.panels.billmanager.test_discovery import FULL, form, found, toolbar
from tests.panels.lists import Canned, elem

if TYPE_CHECKING:
    from collections.abc import Callable

    from panels.billmanager.dialect.dialect import Dialect as Names
    from panels.http.transport import Transport

OFFERED = {"11": "ISPmanager isp1", "12": "Manual"}
MODULES = ((11, "ISPmanager isp1"), (12, "Manual"))


def page(
    *fields: str, buttons: str = "", options: dict[str, dict[str, str]] | None = None, **labels: str
) -> Any:
    lists = "".join(
        f'<slist name="{name}">'
        + "".join(f'<val key="{key}">{text}</val>' for key, text in some.items())
        + "</slist>"
        for name, some in (options or {}).items()
    )
    told = "".join(f'<msg name="{name}">{text}</msg>' for name, text in labels.items())
    body = (
        f'<doc func="task.edit"><metadata type="form"><form>{"".join(fields)}<buttons>{buttons}'
        f"</buttons></form></metadata><messages>{told}</messages>{lists}</doc>"
    )
    return document(body.encode(), panel="p", func="task.edit").form()


def learnt(form: Any, **known: Any) -> Names:
    return Dialect(modules=MODULES, staff_names=("tasks", "2"), **known).learn_task_form(form)


@pytest.mark.parametrize(
    ("button", "way"),
    [
        (ToolButton("x", "pricelist.q.enable"), True),
        (ToolButton("vykl", "pricelist.q.a"), False),
        (ToolButton("a", "pricelist.q.a", label="Подключить"), True),
        (ToolButton("a", "pricelist.q.a", icon="t-off"), False),
        (ToolButton("a", "pricelist.q.a", hides=(("state", "2"),)), True),
        (ToolButton("a", "pricelist.q.a", hides=(("state", "3"),)), False),
        (ToolButton("a", "pricelist.q.a", hides=(("other", "3"),)), None),
        (ToolButton("log_on", "pricelist.q.log_on", label="Enable the log"), None),
        (ToolButton("enable", "pricelist.q.disable"), None),
        (ToolButton("raise", "pricelist.q.raise", label="Move up"), None),
    ],
)
def test_which_way_a_button_switches(button: ToolButton, way: bool | None) -> None:
    assert direction_of(button, parse("state=2/3")) is way


def shown(*rows: str, tools: tuple[tuple[str, str, str], ...] = ()) -> str:
    buttons = "".join(f'<toolbtn name="{n}" func="{f}" type="{k}"/>' for n, f, k in tools)
    return f'<metadata type="list" key="id"><toolbar>{buttons}</toolbar></metadata>{"".join(rows)}'


SWITCHED = (("zz", "pricelist.zz.on", "group"), ("yy", "pricelist.zz.off", "group"))
MODULE = elem(id=11, name="ISPmanager isp1", active="on")


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (shown(elem(id=1, name="Operation")), "pricelist.zz"),
        (shown(MODULE), "pricelist.zz"),  # nothing above it switches anything
        (shown(MODULE, tools=SWITCHED), None),
    ],
)
def test_the_list_of_modules_is_the_one_whose_rows_are_modules(
    second: str, expected: str | None
) -> None:
    plans = shown(
        elem(id=7, name="P", itemtype_name=("vhost", "Web"), status="on"),
        tools=(
            ("a", "pricelist.modulelog", "list"),
            ("b", "pricelist.zz", "list"),
            ("delete", "pricelist.kill", "group"),
            ("form", "pricelist.askfirst", "groupform"),
        ),
    )
    canned = Canned(
        {
            **FULL,
            "processing": elem(id=11, name="ISPmanager isp1", module="ISPmanager", status="on"),
            "pricelist": plans,
            "pricelist.zz": shown(MODULE, tools=SWITCHED),
            "pricelist.modulelog": second,
        }
    )
    dialect = found(canned)
    assert {call.func for call in canned.sent}.isdisjoint({"pricelist.kill", "pricelist.askfirst"})
    if expected is None:
        assert dialect.plan_modules_list is None
        assert dialect.choices["plan_modules_list"] == ("pricelist.modulelog", "pricelist.zz")
    else:
        assert dialect.plan_modules_list == Found(expected, "toolbar of pricelist")
        assert dialect.plan_modules_enable is not None
        assert dialect.plan_modules_enable.value == "pricelist.zz.on"


def test_an_odd_plan_and_one_without_modules_stop_nothing() -> None:
    plans = toolbar(
        ("modules", "pricelist.zz"),
        rows="".join(
            elem(id=key, name=f"P{key}", itemtype_name=("vhost", "Web"), status="on")
            for key in (7, 8, 9)
        ),
    ).replace('func="pricelist.zz"', 'func="pricelist.zz" type="list"')

    def modules(call: Any) -> str:
        if call.params.get("elid") == "7":
            return '<error type="value" object="elid"/>'
        return shown(*([MODULE] if call.params.get("elid") == "9" else []), tools=SWITCHED)

    processing = elem(id=11, name="ISPmanager isp1", module="ISPmanager", status="on")
    answers: dict[str, str | Callable[[Any], str]] = {
        **FULL,
        "processing": processing,
        "pricelist": plans,
        "pricelist.zz": modules,
    }
    dialect = found(Canned(answers))
    assert dialect.plan_modules_list == Found("pricelist.zz", "toolbar of pricelist")
    assert dialect.plan_modules_parent == Found("elid", "pricelist.zz opens with it")


def test_fields_of_a_task_are_known_by_what_they_offer_and_hide() -> None:
    names = learnt(
        page(
            '<select name="q1"/><select name="module_state"/><input name="ftp_login"/>'
            '<input name="q2"/><input name="q3" type="password"/>',
            buttons='<button name="q4"/><button name="q5"/>',
            options={"q1": OFFERED, "module_state": {"old": "Old"}},
            q2="Имя пользователя", q4="Взять в работу", q5="Закрыть задачу",
        )
    )  # fmt: skip
    told = {n: getattr(names, f"task_{n}").value for n in ("module", "username", "password")}
    assert told == {"module": "q1", "username": "q2", "password": "q3"}
    assert names.task_take == Take("button", "q4", where="the task's form", sure=False)
    assert names.task_close == Close("button", "q5", where="the task's form", sure=False)
    assert names.choices == {}


def test_what_is_not_clear_is_told_with_what_it_could_be() -> None:
    names = learnt(
        page(
            '<select name="processingmodule"/><input name="q2"/><input name="q3" type="password"/>'
            '<select name="status"/>',
            buttons='<button name="q4"/><button name="print"/><button name="ok"/>',
            options={"processingmodule": OFFERED, "status": {"0": "O", "1": "W", "2": "C"}},
        )
    )
    assert names.task_close is None
    assert names.task_take is None
    assert names.choices == {
        "task_username": ("q2",),
        "task_take": ("button:q4", "field:status=1", "save", "none"),
        "task_close": ("button:q4", "field:status=2"),
    }


def test_a_choice_of_performers_is_known_by_our_own_name() -> None:
    names = learnt(
        page(
            '<select name="who"/><select name="state"/>',
            options={"who": {"1": "admin", "2": "tasks"}, "state": {"0": "O", "1": "W", "2": "C"}},
        )
    )
    assert names.task_take == Take("field", "who", where="the task's form", sure=False)
    assert names.task_close == Close("field", "state", "2", where="the task's form", sure=False)


def test_a_status_beside_a_box_that_may_close_is_not_taken_for_what_closes() -> None:
    def seen(box: str) -> Dialect:
        fields = f'<select name="state"/><input name="{box}" type="checkbox"/>'
        return learnt(page(fields, options={"state": {"0": "O", "1": "W", "2": "C"}}))

    asked = seen("yarp")
    assert asked.task_take == Take("field", "state", "1", where="the task's form", sure=False)
    assert asked.task_close is None
    assert asked.choices["task_close"] == ("field:yarp=on", "field:state=2")
    known = seen("notify_client")
    assert known.task_close == Close("field", "state", "2", where="the task's form", sure=False)
    ticked = seen("close_task")
    assert ticked.task_close == Close(
        "field", "close_task", "on", where="the task's form", sure=False
    )


def test_a_form_that_only_takes_says_nothing_of_closing() -> None:
    names = learnt(page("", buttons='<button name="tk42"/>'))
    assert names.choices["task_take"] == ("button:tk42", "save", "none")
    assert not {"task_close", "task_module", "task_username"} & set(names.choices)


def test_a_wizard_is_led_on_and_a_checkbox_closes() -> None:
    first = page('<select name="q1"/>', buttons='<button name="dalee"/>', options={"q1": OFFERED})
    names = learnt(first, task_take=Take("none"))
    assert names.task_close == Close("next", "dalee", where="the task's form", sure=False)
    assert "task_username" not in names.choices  # a later form has it
    second = page('<input name="login"/><input name="x" type="checkbox"/>', x="Closed")
    assert names.learn_task_form(second, second=True).task_username is not None
    unclear = page('<input name="login"/><input name="x" type="checkbox"/>')
    lost = names.learn_task_form(unclear, second=True)
    assert lost.task_close is None
    assert lost.choices["task_close"] == ("button:dalee > field:x=on",)
    assert lost.learn_task_form(first).task_close is None


@pytest.mark.parametrize(
    ("entry", "text", "value"),
    [
        ("task_take", "save", Take("save", where=ADMIN)),
        ("task_take", "save:keep", Take("save", "keep", where=ADMIN)),
        ("task_take", "status=1", Take("field", "status", "1", ADMIN)),
        ("task_close", "field:done=on", Close("field", "done", "on", ADMIN)),
        ("task_close", "status=2", Close("field", "status", "2", ADMIN)),
        ("task_close", "next:dalee", Close("next", "dalee", where=ADMIN)),
        (
            "task_close",
            "button:a > button:b > field:c=on",
            Close("field", "c", "on", ADMIN, before=("a", "b")),
        ),
        (
            "plan_modules_enable",
            "groupform:pricelist.q.on",
            Found("pricelist.q.on", ADMIN, kind="groupform"),
        ),
        ("task_departments", "2=Support, 3", ((2, "Support"), (3, ""))),
        ("currencies", "126=RUB", ((126, "RUB"),)),
        ("module_titles", "pmq=By hand", (("pmq", "By hand"),)),
        ("randomnumber", "token", Found("token", ADMIN)),
    ],
)
def test_every_entry_can_be_set(entry: str, text: str, value: Any) -> None:
    dialect = Dialect().with_overrides({entry: text})
    assert getattr(dialect, entry) == value
    assert Dialect.from_json(dialect.to_json()) == dialect
    if isinstance(value, Take | Close | Found):
        assert getattr(Dialect().with_overrides({entry: written(value)}), entry) == value


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("task_take", "next:x"), ("task_take", "button:"), ("task_take", "none:x"),
        ("task_close", "save"), ("task_close", "field:x"), ("task_close", "field:a=1 > button:b"),
        ("task_close", "button:a >"), ("departments", "Support"), ("module_titles", "pmq"),
        ("version", "6"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(entry: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Dialect().with_overrides({entry: text})


@pytest.mark.parametrize(
    ("listed", "filtered", "ours", "nobodys"),
    [
        (elem(id=2, name="S") + elem(id=3, name="B"), {"2": "S"}, ((2, "S"),), False),
        (elem(id=2, name="S"), {"2": "S", "3": "B"}, ((2, "S"),), False),
        (elem(id=2, name="S"), {}, (), True),
        (elem(id=2, name="S"), {"3": "B"}, (), True),
        (elem(id=2, name="S"), None, ((2, "S"),), False),
        ('<error type="access" object="x"/>', {"3": "B"}, ((3, "B"),), False),
    ],
)
def test_the_narrower_of_two_sources_says_whose_tasks_we_may_handle(
    listed: str, filtered: dict[str, str] | None, ours: tuple[tuple[int, str], ...], nobodys: bool
) -> None:
    more = {} if filtered is None else {"department": filtered}
    answers = {**FULL, "department": listed, "task.filter": form(type={"postopen": "O"}, **more)}
    dialect = found(Canned(answers))
    assert dialect.task_departments == ours
    assert (dialect.places.get("task_departments") == "task.filter form offers no department") is (
        nobodys
    )


def test_modules_are_known_by_the_panel_that_they_drive() -> None:
    edit = (
        '<metadata type="form"><form><input name="addr"/></form></metadata>'
        "<addr>https://isp1.example:1500/ispmgr</addr>"
    )
    answers = {
        **FULL,
        "processing": elem(id=11, name="Web", module="pmq", status="on"),
        "processing.add": form(module={"pmq": "Hosting", "pmhand": "Manual processing"}),
        "processing.edit": edit,
    }
    dialect = found(Canned(answers))
    assert dialect.ispmanager_modules == ("pmq",)
    unknown = found(Canned({**answers, "processing.edit": "<x/>"}))
    assert unknown.ispmanager_modules == ()
    assert unknown.choices["ispmanager_modules"] == ("pmq",)


def test_a_wizard_is_sent_form_by_form_with_what_each_holds() -> None:
    first = (
        '<metadata type="form"><form><select name="q1"/><input name="key_of_step" type="hidden"/>'
        '<buttons><button name="next"/></buttons></form></metadata><key_of_step>s1</key_of_step>'
        '<slist name="q1"><val key="11">ISPmanager isp1</val></slist>'
    )
    second = (
        '<metadata type="form"><form><input name="q1" type="hidden"/><input name="token"'
        ' type="hidden"/><input name="login"/><input name="p" type="password"/>'
        '<select name="why" required="yes"/><buttons><button name="close"/></buttons></form>'
        '</metadata><q1>11</q1><token>s2</token><slist name="why"><val key=""/><val key="std"/>'
        "</slist>"
    )

    def answer(call: Any) -> str:
        return {"next": second, "close": "<ok/>"}.get(call.params.get("clicked_button"), first)

    canned = Canned({"task.edit": answer})
    dialect = Dialect(modules=MODULES, task_take=Take("none"))
    bm = BillManager(cast("Transport", canned), dialect)
    account = {"username": "anna", "password": "secret!"}
    bm.tasks.close(bm.tasks.form(7), module_id=11, send_by=1.0, **account)
    one, two = canned.effects
    assert one.params == {"elid": "7", "sok": "ok", "snext": "ok", "clicked_button": "next",
                          "q1": "11", "key_of_step": "s1"}  # fmt: skip
    assert two.params == {"elid": "7", "sok": "ok", "clicked_button": "close", "q1": "11",
                          "token": "s2", "login": "anna", "p": "secret!", "why": "std"}  # fmt: skip
    assert two.secret == ("p",)


def test_a_task_that_could_not_be_closed_is_not_taken() -> None:
    canned = Canned(
        {
            "task.edit": '<metadata type="form"><form><select name="processingmodule"/>'
            '<input name="q9"/><input name="password" type="password"/><buttons>'
            '<button name="take"/><button name="close"/></buttons></form></metadata>'
            '<slist name="processingmodule"><val key="11">ISPmanager isp1</val></slist>'
        }
    )
    bm = BillManager(cast("Transport", canned), Dialect(modules=MODULES))
    with pytest.raises(FormLacks, match="task_username"):
        bm.tasks.take(bm.tasks.form(7), send_by=1.0)
    assert canned.effects == []


def test_prices_are_read_in_the_form_of_an_order_where_the_price_list_is_silent() -> None:
    def first(call: Any) -> str:
        price = {"1": "5.00 EUR", "12": "1 055,50 €"}.get(call.params.get("period"), "")
        return (
            '<metadata type="form"><form><select name="datacenter"/><select name="period"/></form>'
            '</metadata><slist name="datacenter"><val key="2">Berlin</val></slist>'
            '<slist name="period"><val key="1">1</val><val key="12">12</val></slist>'
            f'<list name="tariflist"><elem><pricelist>21</pricelist><price>{price}</price></elem>'
            "</list>"
        )

    dialect = Dialect(order=Found("old", "x"), currencies=((153, "EUR"),))
    bm = BillManager(cast("Transport", Canned({"vhost.order": first})), dialect)
    (offer,) = bm.orders.offers(9).values()
    assert offer.datacenters == ((2, "Berlin"),)
    told = {months: (str(price.amount), price.currency) for months, price in offer.periods.items()}
    assert told == {1: ("5.00", "EUR"), 12: ("1055.50", "EUR")}


def test_a_property_that_no_row_has_may_be_what_tells() -> None:
    plans = shown(
        elem(id=7, name="P", itemtype_name=("vhost", "Web"), status="on"),
        tools=(("b", "pricelist.zz", "list"),),
    )
    columns = '<coldata><col name="blocked" type="property"/><col name="note" type="data"/>'
    rows = shown(MODULE, tools=SWITCHED).replace("<toolbar>", f"{columns}</coldata><toolbar>")
    processing = elem(id=11, name="ISPmanager isp1", module="ISPmanager", status="on")
    answers = {**FULL, "processing": processing, "pricelist": plans, "pricelist.zz": rows}
    dialect = found(Canned(answers))
    assert dialect.plan_modules_marker is None
    assert dialect.choices["plan_modules_marker"] == ("active", "blocked")
