"""What each resource sends, and what it makes of the answers in the facts' shapes."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pytest

from panels.billmanager import BillManager, CartLine, Dialect
from panels.billmanager.dialect.names import Found
from panels.billmanager.sale_rules import SaleRules
from panels.coremanager.errors import Refused, UnexpectedAnswer
from panels.coremanager.forms import FormLacks
from tests.panels.lists import Canned, elem

if TYPE_CHECKING:
    from panels.http.transport import Transport
    from tests.panels.lists import Sent

BY = 1e12
OK = "<ok/>"


def known(**entries: str) -> Dialect:
    defaults = {
        "order": "v2",
        "cart": "cart",
        "plan_modules_list": "pricelist.x",
        "plan_modules_enable": "pricelist.x.on",
        "plan_modules_disable": "pricelist.x.off",
        "plan_modules_parent": "plid",
        "manual_module": "pmhand",
        "itemtype_id": "84",
        "itemtype_name": "Shared hosting",
    }
    found = {name: Found(value, "test") for name, value in (defaults | entries).items()}
    return Dialect(ispmanager_modules=("pmisp",), **found)  # type: ignore[arg-type] # all are Found


def bill(answers: dict[str, object], **entries: str) -> tuple[BillManager, Canned]:
    canned = Canned(answers)  # type: ignore[arg-type] # text or a function of the call
    return BillManager(cast("Transport", canned), known(**entries)), canned


def test_whoami() -> None:
    answer = (
        '<user id="4" name="client" level="16" account="3" email="c@x.example" balance="12.50" '
        'currency="RUB" currency_id="126"/><mgr version="6.94.1-x">billmgr</mgr>'
    )
    b, canned = bill({"whoami": answer})
    who = b.whoami(su=4)
    assert (who.user_id, who.client_id, who.level, who.email) == (4, 3, 16, "c@x.example")
    assert (who.balance, who.currency, who.currency_id) == (Decimal("12.50"), "RUB", 126)
    assert who.version == "6.94.1-x"
    assert canned.sent[0].su == 4
    with pytest.raises(UnexpectedAnswer):
        bill({"whoami": "<user/>"})[0].whoami()


def test_modules() -> None:
    rows = (
        elem(id=1, name="Hand", module="pmhand", datacenter_name="A", orderpriority=9, status="on")
        + elem(id=2, name="I", module="pmisp", datacenter=5, orderpriority="", status="off")
        + elem(id=3, name="J", module=("x", "ISPmanager"), status=("disabled", "Aus"))
        + elem(id=4, name="K", module="Manual processing", status=("enabled", "An"))
        + elem(id=5, name="L", module="pmdnsmgr", status="on")
    )
    b, _ = bill({"processing": rows})
    found = b.modules.all()
    assert [m.kind for m in found] == ["manual", "ispmanager", "other", "manual", "other"]
    assert [m.enabled for m in found] == [True, False, False, True, True]
    assert [m.orderpriority for m in found][:2] == [9, None]
    assert (found[0].datacenter_id, found[0].datacenter_name) == (None, "A")
    assert found[1].datacenter_id == 5


def test_a_modules_address_and_department() -> None:
    form = (
        '<metadata type="form"><form><field><input name="panel_url"/></field></form></metadata>'
        "<panel_url>https://isp.example:1500/ispmgr</panel_url><department>2</department>"
        "<password>hush</password>"
    )
    b, canned = bill({"processing.edit": form})
    assert b.modules.url(7) == "https://isp.example:1500/ispmgr"
    assert b.modules.department(7) == 2
    assert canned.sent[0].params == {"elid": "7"}
    assert bill({"processing.edit": "<name>x</name>"})[0].modules.url(7) is None


def test_making_a_manual_module() -> None:
    b, canned = bill({"processing.add.settings": "<ok/><id>12</id>"})
    assert b.modules.create_manual("By hand", 1, 2, 90, send_by=BY) == 12
    assert canned.effects[0].params == {
        "module": "pmhand",
        "type": "vhost",
        "datacenter": "1",
        "department": "2",
        "name": "By hand",
        "orderpriority": "90",
        "clicked_button": "finish",
        "sok": "ok",
    }
    b, canned = bill({"processing.add.settings": OK})
    assert b.modules.create_manual("By hand", 1, 2, 90, send_by=BY) is None
    b.modules.creation_form()
    assert "sok" not in canned.sent[-1].params


def test_plans_are_those_of_shared_hosting() -> None:
    rows = (
        elem(id=1, name="A", itemtype_name=("vhost", "x"), processingmodules="M, N", status="on")
        + elem(id=2, name="B", itemtype_name="Shared hosting", status="off", project="P")
        + elem(id=3, name="C", itemtype_name=("dnshost", "DNS"), status="on")
        + elem(id=4, name="D", itemtype=84, itemtype_name="?", status="on")
    )
    b, _ = bill({"pricelist": rows})
    plans = b.plans.all()
    assert [(p.id, p.enabled, p.module_names) for p in plans] == [
        (1, True, ("M", "N")),
        (2, False, ()),
        (4, True, ()),
    ]


def test_switching_a_plans_modules() -> None:
    rows = elem(id=1, name="M", active="on", orderpriority=2) + elem(id=2, name="N", active="off")
    answers: dict[str, object] = {"pricelist.x": rows, "pricelist.x.on": OK, "pricelist.x.off": OK}
    b, canned = bill(answers, plan_modules_marker="active")
    assert [(m.id, m.enabled, m.orderpriority) for m in b.plans.modules(5)] == [
        (1, True, 2),
        (2, False, None),
    ]
    assert canned.sent[0].params["plid"] == "5"
    b.plans.switch_on(5, 2, send_by=BY)
    b.plans.switch_off(5, 1, send_by=BY)
    assert [(c.func, c.params) for c in canned.effects] == [
        ("pricelist.x.on", {"plid": "5", "elid": "2"}),
        ("pricelist.x.off", {"plid": "5", "elid": "1"}),
    ]


@pytest.mark.parametrize("name", ["active", "status", "sold"])
def test_a_property_marks_what_is_on(name: str) -> None:
    rows = f"<elem><id>1</id><{name}/></elem><elem><id>2</id></elem>"
    b, _ = bill({"pricelist.x": rows}, plan_modules_marker=name)
    assert [m.enabled for m in b.plans.modules(5)] == [True, False]


def test_modules_without_a_marker_are_told_by_the_list_of_plans_alone() -> None:
    rows = elem(id=1, name="M, of old", active="on") + elem(id=2, name="N", active="on")
    plans = elem(id=4, processingmodules="N") + elem(id=5, processingmodules="M, of old")
    b, _ = bill({"pricelist.x": rows, "pricelist": plans})
    assert [m.enabled for m in b.plans.modules(5)] == [True, False]
    b, _ = bill({"pricelist.x": rows, "pricelist": elem(id=5, name="P")})
    with pytest.raises(FormLacks, match="plan_modules_marker"):
        b.plans.modules(5)


def test_a_code_that_was_never_seen_is_not_guessed() -> None:
    b, _ = bill(
        {"pricelist.x": elem(id=1, name="M", status="Perhaps")}, plan_modules_marker="status=1/2"
    )
    with pytest.raises(UnexpectedAnswer, match="neither on nor off"):
        b.plans.modules(5)


def test_both_places_that_tell_what_is_on_are_compared() -> None:
    rows = "".join(elem(id=n, name=name, status=n % 2) for n, name in enumerate("MNOO"))
    answers: dict[str, object] = {"pricelist.x": rows}
    answers["pricelist"] = elem(id=5, processingmodules="M, N, O")
    b, _ = bill(answers, plan_modules_marker="status")
    both = b.plans.compared(5)
    assert (both.on, both.attached) == (frozenset({1, 3}), frozenset({0, 1}))
    assert both.unclear == {2, 3}
    assert both.disagree == {0}


GROUP_FORM = (
    '<metadata type="form"><form><input type="hidden" name="plid"/>'
    '<input type="hidden" name="stamp"/>{more}</form></metadata><plid>5</plid><stamp>t-1</stamp>'
)


@pytest.mark.parametrize("kind", ["groupform", "group", ""])
def test_a_switch_that_answers_a_form_is_submitted_as_it_stands(kind: str) -> None:
    answers: dict[str, object] = {
        "pricelist.x.on": lambda call: OK if "sok" in call.params else GROUP_FORM.format(more="")
    }
    b, canned = bill(answers)
    b._context.dialect = replace(
        b.dialect, plan_modules_enable=Found("pricelist.x.on", "test", kind=kind)
    )
    b.plans.switch_on(5, 2, send_by=BY)
    sent = {"plid": "5", "elid": "2", "stamp": "t-1", "sok": "ok"}
    assert canned.effects[-1].params == sent
    assert len(canned.effects) == (1 if kind == "groupform" else 2)


def test_a_switch_whose_form_asks_for_something_unknown_is_not_submitted() -> None:
    more = '<input name="reason" required="yes"/>'
    b, canned = bill({"pricelist.x.on": GROUP_FORM.format(more=more)})
    found = Found("pricelist.x.on", "test", kind="groupform")
    b._context.dialect = replace(b.dialect, plan_modules_enable=found)
    with pytest.raises(FormLacks, match="reason") as lacking:
        b.plans.switch_on(5, 2, send_by=BY)
    assert lacking.value.form is not None
    assert canned.effects == []


def test_a_dialect_that_does_not_know_sends_nothing() -> None:
    canned = Canned({})
    b = BillManager(cast("Transport", canned), Dialect())
    for act in (
        lambda: b.plans.modules(1),
        lambda: b.plans.switch_on(1, 2, send_by=BY),
        lambda: b.modules.create_manual("x", 1, 1, 1, send_by=BY),
        lambda: b.orders.unpaid_lines(1),
    ):
        with pytest.raises(FormLacks, match="dialect entry"):
            act()
    assert canned.sent == []


def test_offers() -> None:
    export = (
        "<pricelist><id>1</id><itemtype_info><intname>vhost</intname></itemtype_info>"
        '<price currency="EUR"><period type="month" length="1" cost="3.00"/>'
        '<period type="month" length="3" cost="8.50" setup="1.00"/>'
        '<period type="year" length="1" cost="30"/><period type="day" length="1" cost="1"/></price>'
        "<datacenter><id>4</id><name>A</name></datacenter></pricelist>"
        "<pricelist><id>2</id><itemtype_info><intname>vds</intname></itemtype_info></pricelist>"
    )
    b, _ = bill({"pricelist.export": export})
    (offer,) = b.plans.offers().values()
    assert {months: price.amount for months, price in offer.periods.items()} == {
        1: Decimal("3.00"),
        3: Decimal("8.50"),
        12: Decimal(30),
    }
    assert offer.periods[3].setup == Decimal("1.00")
    assert offer.periods[1].currency == "EUR"
    assert offer.datacenters == ((4, "A"),)


def test_the_opening_letter() -> None:
    letter, rules = bill({"pricelist.edit": "<opennotify>null</opennotify>"})[0].plans.sale(1)
    assert (letter, rules) == ("null", SaleRules())


def test_what_keeps_a_plan_from_being_sold() -> None:
    form = (
        "<opennotify>1</opennotify><archived>on</archived><endoflifedate>2026-02-30</endoflifedate>"
        "<minperiodtype>year</minperiodtype><minperiodlen>1</minperiodlen><itemmax>3</itemmax>"
        "<price_on_request>off</price_on_request><requery_phone>on</requery_phone>"
        "<pricelist_group>0</pricelist_group><access>7</access>"
        '<slist name="access"><val key="7">Partners</val></slist>'
    )
    _letter, rules = bill({"pricelist.edit": form})[0].plans.sale(1)
    assert rules == SaleRules(archived=True, least_months=12, most=3, access="Partners", phone=True)


PLAN_FORM = (
    '<metadata name="pricelist.edit" type="form"><form><page><field><input name="name"/></field>'
    '<field><input name="intname" readonly="yes"/></field>'
    '<field><select name="opennotify"/></field>'
    "</page></form></metadata><name>Start</name><intname>start</intname>"
    "<opennotify>3</opennotify><slist name='opennotify'><val key='null'>-</val><val key='3'>Hello"
    "</val></slist>"
)


def test_a_letter_is_changed_with_all_else_as_it_stood() -> None:
    b, canned = bill({"pricelist.edit": lambda sent: OK if "sok" in sent.params else PLAN_FORM})
    form = b.plans.letter_form(7)
    assert form is not None
    assert (form.letter, form.letters, dict(form.values)) == ("3", ("null", "3"), {"name": "Start"})
    b.plans.set_letter(form, "null", send_by=BY)
    assert canned.sent[-1].params == {
        "elid": "7", "name": "Start", "opennotify": "null", "sok": "ok"
    }  # fmt: skip
    assert bill({"pricelist.edit": "<name>Start</name>"})[0].plans.letter_form(7) is None


def test_what_a_plan_allows() -> None:
    rows = (
        elem(id=1, intname="disc", limit=2048)
        + elem(id=2, intname="webdomainlimit", limit="", value=3)
        + elem(id=3, intname="ip", limit="null")
    )
    assert bill({"pricelist.detail": rows})[0].plans.limits(7) == {
        "disc": 2048,
        "webdomainlimit": 3,
    }


def _client_form(*fields: str) -> str:
    inputs = "".join(f'<field><input name="{name}" required="yes"/></field>' for name in fields)
    return f'<metadata type="form"><form><page>{inputs}</page></form></metadata>'


def test_a_client_is_created_without_its_letter_or_not_at_all() -> None:
    form = _client_form("email", "passwd", "confirm", "realname", "country", "notify")

    def answer(sent: Sent) -> str:
        return "<ok/><id>3050</id>" if "sok" in sent.params else form

    b, canned = bill({"account.edit": answer})
    assert b.clients.create("a@x.example", "A", "pw", "276", "", send_by=BY) == 3050
    assert canned.sent[-1].params["notify"] == "off"
    assert "project" not in canned.sent[-1].params
    for fields, missing in (
        (("email", "passwd"), "notify"),
        (("email", "passwd", "notify", "phone"), "phone"),
    ):
        b, canned = bill({"account.edit": _client_form(*fields)})
        with pytest.raises(FormLacks, match=missing):
            b.clients.create("a@x.example", "A", "pw", "", "", send_by=BY)
        assert all("sok" not in sent.params for sent in canned.sent)


def test_a_client_is_found_by_its_very_e_mail() -> None:
    rows = "".join(
        elem(id=number, account_id=number, email=email, level=16)
        for number, email in ((1, "Anna@x.example"), (2, "joanna@x.example"))
    )
    b, _ = bill({"user": rows, "account": elem(id=1, name="Anna", balance="1.00 EUR")})
    assert [user.id for user in b.clients.with_email("anna@X.example")] == [1]
    assert b.clients.one(2) is None


def test_clients_and_their_users() -> None:
    b, _ = bill(
        {
            "account": elem(
                id=3, name="C", balance=("12.50", "12.50 RUB"), account_status=("2", "ok")
            )
            + elem(id=4, name="D", balance="1.00 EUR", status="x"),
            "user": elem(id=7, account_id=3, account="C", email="a@x.example", level=16)
            + elem(id=8, account=("3", "C"), email="b@x.example", active="off")
            + elem(id=9, account="", email="staff@x.example", level=29),
            "profile": elem(id=5, name="P", profiletype=("1", "Person")),
        }
    )
    first, second = b.clients.all()
    assert (first.balance, first.currency, first.status) == (Decimal("12.50"), "RUB", "2")
    assert (second.balance, second.currency, second.status) == (Decimal("1.00"), "EUR", "x")
    assert [(u.id, u.client_id, u.active) for u in b.clients.users()] == [
        (7, 3, True),
        (8, 3, False),
    ]
    (profile,) = b.clients.profiles(7)
    assert (profile.id, profile.kind) == (5, "1")


def place(b: BillManager, **options: object) -> object:
    wish = {
        "su": 7,
        "plan_id": 1,
        "datacenter_id": 2,
        "period": 3,
        "domain": "a.example",
        "autoprolong": True,
        "remoteid": "i-1",
        "send_by": BY,
    }
    placed = b.orders.place(**(wish | options))  # type: ignore[arg-type] # as place takes them
    return placed.service_id, placed.line_id


@pytest.mark.parametrize(
    "answer", ["<ok/><lineitem.id>41</lineitem.id>", "<lineitem><id>41</id></lineitem>"]
)
def test_an_order_of_the_second_generation(answer: str) -> None:
    b, canned = bill({"v2.vhost.order.param": answer})
    assert place(b) == (None, 41)
    call = canned.effects[0]
    assert call.su == 7
    assert call.params == {
        "pricelist": "1",
        "datacenter": "2",
        "order_period": "3",
        "domain": "a.example",
        "autoprolong": "on",
        "order_count": "1",
        "force_use_new_cart": "on",
        "licence_agreement": "on",
        "remoteid": "i-1",
        "skipbasket": "on",
        "clicked_button": "order",
        "sok": "ok",
    }


def test_an_order_of_the_first_generation() -> None:
    b, canned = bill({"vhost.order.param": "<ok/><id>55</id>"}, order="old", cart="basket")
    assert place(b, autoprolong=False) == (55, None)
    assert canned.effects[0].params == {
        "pricelist": "1",
        "datacenter": "2",
        "period": "3",
        "domain": "a.example",
        "autoprolong": "null",
        "licence_agreement": "on",
        "remoteid": "i-1",
        "skipbasket": "on",
        "clicked_button": "finish",
        "sok": "ok",
    }
    place(b, skip_cart=False)
    assert "skipbasket" not in canned.effects[1].params
    assert canned.effects[1].params["autoprolong"] == "3"


def test_what_an_order_form_asks() -> None:
    form = (
        '<metadata type="form"><form><field><input name="domain" required="yes"/></field>'
        '<field><input name="nameserver1" required="yes"/></field></form></metadata>'
        "<price>3.00</price><currency>EUR</currency>"
    )
    b, canned = bill({"v2.vhost.order.param": form})
    asked = b.orders.form(1, 2, 3, 7)
    assert (asked.price, asked.currency) == (Decimal("3.00"), "EUR")
    assert asked.required_missing == ("nameserver1",)
    assert canned.sent[0].su == 7
    assert canned.effects == []


def test_unpaid_lines_of_a_cart() -> None:
    rows = elem(id=4, pricelist=1, domain="a.example", cost="3.00 EUR", item="")
    b, canned = bill({"cart": rows, "cartorder.create.confirm": OK})
    (line,) = b.orders.unpaid_lines(7)
    assert line == CartLine(4, None, 1, "a.example", Decimal("3.00"))
    b.orders.pay_line(7, line, free=False, send_by=BY)
    assert canned.effects[0].params == {"elid": "4", "paymethod_id": "0", "sok": "ok"}


def basket(*rows: str) -> str:
    return f'<billorder>80</billorder><list name="itemlist">{"".join(rows)}</list>'


def test_unpaid_lines_of_a_basket() -> None:
    row = elem(id=4, item__id=55, cost="3.00")
    b, canned = bill(
        {
            "basket": lambda c: OK if c.send_by else basket(row),
            "payment.add.method": OK,
        },
        cart="basket",
    )
    (line,) = b.orders.unpaid_lines(7)
    assert (line.id, line.service_id, line.billorder) == (4, 55, 80)
    b.orders.pay_line(7, line, free=True, send_by=BY)
    b.orders.pay_line(7, line, free=False, send_by=BY)
    free, paid = canned.effects
    assert (free.func, free.params) == (
        "basket",
        {"id": "4", "clicked_button": "free", "sok": "ok"},
    )
    assert (paid.func, paid.params) == (
        "payment.add.method",
        {"billorder": "80", "clicked_button": "fromsubaccount", "sok": "ok"},
    )


def test_a_basket_with_a_forgotten_line_is_not_paid() -> None:
    rows = basket(elem(id=4, cost="3.00"), elem(id=5, cost="99.00"))
    b, canned = bill({"basket": rows}, cart="basket")
    line = b.orders.unpaid_lines(7)[0]
    with pytest.raises(FormLacks, match="this line alone"):
        b.orders.pay_line(7, line, free=False, send_by=BY)
    assert canned.effects == []


PAYMENT = elem(
    id=6,
    account_name="C",
    status=("4", "Credited"),
    real_status=4,
    create_date="2024-05-07",
    subaccountamount_iso="1.00 RUB",
)


def test_payments() -> None:
    b, canned = bill(
        {
            "payment": PAYMENT + "<p_elems>1</p_elems>",
            "paymethod": elem(id=1, name="Bank", module="pmbank", currency_name="RUB"),
            "payment.add.method": "<randomnumber>r12</randomnumber><list name='methodlist'>"
            + elem(paymethod=1, name="Bank", module="pmbank")
            + "</list>",
            "payment.add": '<ok type="url">/mancgi/pay?x=1&amp;elid=9</ok>',
            "payment.setpaid": OK,
        }
    )
    (payment,) = b.payments.newer_than(5)
    assert (payment.status, payment.amount, payment.currency) == (4, Decimal("1.00"), "RUB")
    assert (payment.client_id, payment.client_name) == (None, "C")
    assert payment.created == dt.date(2024, 5, 7)
    assert b.payments.newer_than(6) == []
    assert b.payments.newest_id() == 6
    assert b.payments.get(6) == payment
    assert b.payments.get(7) is None
    assert b.payments.of_client(7, name="C", su=7) == [replace(payment, client_id=7)]
    assert [m.name for m in b.payments.methods()] == ["Bank"]
    assert [m.id for m in b.payments.methods(su=7)] == [1]
    draft = b.payments.draft(7)
    made = b.payments.add(
        7,
        profile_id=3,
        amount=Decimal("2.5"),
        currency_id=126,
        method_id=1,
        randomnumber=draft.randomnumber,
        send_by=BY,
    )
    assert made == 9
    b.payments.set_paid(9, send_by=BY)
    add, paid = canned.effects
    assert add.su == 7
    assert add.params == {
        "amount": "2.50",
        "payment_currency": "126",
        "paymethod": "1",
        "randomnumber": "r12",
        "profile": "3",
        "sok": "ok",
    }
    assert (paid.su, paid.params) == (None, {"elid": "9"})


def test_a_payment_form_without_a_random_number_is_no_form_to_pay_with() -> None:
    b, _ = bill({"payment.add.method": "<amount/>"})
    with pytest.raises(FormLacks, match="randomnumber"):
        b.payments.draft(7)


def test_charges() -> None:
    rows = elem(
        id=3, locale_name="Start #5", account=("4", "C"), amount=("3.00", "3.00 EUR"), item=5
    )
    b, _ = bill({"expense": rows + "<p_elems>1</p_elems>"})
    (expense,) = b.payments.expenses_newer_than(0)
    assert (expense.client_id, expense.service_id, expense.amount) == (4, 5, Decimal("3.00"))
    assert expense.currency == "EUR"
    assert b.payments.newest_expense_id() == 3


SERVICE = elem(
    id=9,
    pricelist=("1", "Start"),
    account=("4", "C"),
    domain="a.example",
    username="bob",
    processingmodule=("2", "ISP"),
    status=("2", "Active"),
    item_status=("2", "Active"),
    datacentername="7",
    period=3,
    cost="3.00 EUR",
    expiredate="2027-01-31",
    remoteid="i-1",
)


def test_services() -> None:
    b, canned = bill({"vhost": SERVICE + "<p_elems>1</p_elems>"})
    (service,) = b.services.of_plan(1)
    assert (service.plan_id, service.client_id, service.module_id) == (1, 4, 2)
    assert (service.status, service.item_status, service.period) == (2, "2", 3)
    assert (service.cost, service.expires) == (Decimal("3.00"), dt.date(2027, 1, 31))
    assert (service.remoteid, service.datacenter) == ("i-1", "7")
    assert b.services.of_plan(2) == []
    assert b.services.of_plan(1, floor=9) == []
    assert b.services.of_client(4) == [service]
    assert b.services.of_client(5) == []
    assert b.services.all() == [service]
    assert b.services.newest_id() == 9
    assert canned.sent[-3].params["account_id"] == "5"


def test_services_with_titles_alone() -> None:
    row = elem(id=9, pricelist="Start", account="C", processingmodule="", status=5, cost="null")
    b, _ = bill({"vhost": row + "<p_elems>1</p_elems>"})
    (service,) = b.services.of_plan(1)
    assert (service.plan_id, service.plan_name, service.module_id) == (None, "Start", None)
    assert (service.cost, service.expires, service.remoteid) == (None, None, None)
    with pytest.raises(UnexpectedAnswer, match="whose they are"):
        b.services.of_client(4)


def test_a_services_form() -> None:
    form = (
        "<processingmodule>2</processingmodule><username>bob</username><domain>a.example</domain>"
        "<status>2</status><expiredate>2027-01-31</expiredate><password>hush</password>"
    )
    b, canned = bill({"vhost.edit": lambda c: OK if c.send_by else form})
    found = b.services.form(9)
    assert (found.module_id, found.username, found.status) == (2, "bob", 2)
    assert found.expires == dt.date(2027, 1, 31)
    assert found.remoteid is None
    assert "hush" not in repr(found)
    b.services.set_expiry(9, dt.date(2027, 2, 28), send_by=BY)
    assert canned.effects[0].params == {"elid": "9", "expiredate": "2027-02-28", "sok": "ok"}


def test_a_services_form_that_does_not_tell_the_module() -> None:
    b, _ = bill({"vhost.edit": "<username>bob</username>"})
    with pytest.raises(FormLacks, match="processingmodule"):
        b.services.form(9)


def test_refusals_come_through() -> None:
    b, _ = bill({})
    with pytest.raises(Refused):
        b.services.set_expiry(9, dt.date(2027, 2, 28), send_by=BY)


def test_opening_tasks_are_read_in_both_states() -> None:
    def tasks(call: Sent) -> str:
        status = call.params["status"]
        row = elem(
            id=10 + int(status),
            type=("postopen", "Open"),
            item=("9", "Start #9"),
            pricelist=("1", "Start"),
            status=(status, "x"),
            performer="bob" if status == "1" else "",
            opendate="2027-01-01",
        )
        other = elem(id=5, type=("postclose", "Close"), item=9, pricelist=1, status=status)
        closed = elem(id=6, type="postopen", item=9, pricelist=1, status=2)
        foreign = elem(id=7, type="postopen", item=8, pricelist=2, status=status)
        return row + other + closed + foreign

    b, canned = bill({"task": tasks})
    found = b.tasks.openings(1)
    assert [(t.id, t.service_id, t.status, t.performer) for t in found] == [
        (10, 9, 0, ""),
        (11, 9, 1, "bob"),
    ]
    assert [c.params["status"] for c in canned.sent] == ["0", "1"]
    assert {c.params["type"] for c in canned.sent} == {"postopen"}
    assert {t.id for t in b.tasks.openings()} == {7, 10, 11}


def test_tasks_that_do_not_say_what_they_are_for() -> None:
    row = elem(id=1, type="postopen", item="Start", pricelist=1, status=0)
    b, _ = bill({"task": row})
    (task,) = b.tasks.openings()
    assert task.service_id is None
    assert "does not say which service" in str(task.troubles[0])
