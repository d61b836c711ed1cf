"""One bad cell never loses a list; and rows in the shapes that real panels have."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from panels.billmanager import BillManager, Dialect
from panels.billmanager.dialect.names import Found
from panels.billmanager.services import UNKNOWN
from panels.coremanager.errors import UnexpectedAnswer
from tests.panels.lists import Canned, Sent, elem

BY = 9e9
DIALECT = Dialect(order=Found("v2", "t"), cart=Found("cart", "t"), currencies=((126, "RUB"),))


def bill(answers: dict[str, Any], dialect: Dialect = DIALECT) -> tuple[BillManager, Canned]:
    canned = Canned(answers)
    transport: Any = canned
    return BillManager(transport, dialect), canned


def rows(*found: str) -> str:
    return "".join(found) + f"<p_elems>{len(found)}</p_elems>"


def service(**cells: object) -> str:
    return elem(**{"id": 9, "pricelist_id": 1, "account_id": 4, "status": 2, **cells})


# --- clients -------------------------------------------------------------------------------------


def test_a_balance_that_cannot_be_read_loses_that_balance_alone() -> None:
    b, _ = bill({"account": rows(
        elem(id=1, name="Anna", balance="10.00 ₽"),
        elem(id=2, name="Boris", balance="1,234 ₽"),
        elem(id=3, name="Vera", balance=("-5.00", "−5,00 руб.")),
    )})  # fmt: skip
    found = b.clients.all()
    assert [(c.id, c.balance, c.currency) for c in found] == [
        (1, Decimal("10.00"), "RUB"), (2, None, "RUB"), (3, Decimal("-5.00"), "RUB"),
    ]  # fmt: skip
    (one,) = found.unreadable
    assert (one.func, one.key, one.name, one.column) == ("account", "2", "Boris", "balance")
    assert one.value == "1,234 ₽"
    assert not found.lost
    assert found[1].troubles == (one,)


def test_a_symbol_of_several_currencies_is_the_clients_own_trouble() -> None:
    b, _ = bill({"account": rows(elem(id=1, name="A", balance="5 $"))})
    (client,) = b.clients.all()
    assert (client.balance, client.currency) == (Decimal(5), None)
    assert "currency that is not known: “5 $”" in str(client.troubles[0])
    b, _ = bill({"account": rows(elem(id=1, name="A", balance="5 $"))},
                replace(DIALECT, currencies=((1, "USD"), (2, "EUR"))))  # fmt: skip
    (client,) = b.clients.all()
    assert (client.currency, client.troubles) == ("USD", ())


def test_a_row_that_nothing_can_be_made_of_is_told_and_the_others_are_read() -> None:
    b, _ = bill({"account": rows(
        elem(id=1, name="Anna", balance="1.00"),
        elem(id="x9", name="Odd", balance="1.00"),
        elem(name="Keyless", balance="1.00"),
    )})  # fmt: skip
    found = b.clients.all()
    assert [c.id for c in found] == [1]
    assert [(one.name, one.column) for one in found.lost] == [("Odd", "id"), ("Keyless", "elid")]
    with pytest.raises(UnexpectedAnswer, match="Odd"):
        found.whole()


def test_clients_may_be_keyed_by_elid() -> None:
    b, _ = bill({"account": rows(elem(elid=7, name="A", balance="1.00 RUB"),
                                 elem(elid=8, name="B", balance="1.00 RUB"))})  # fmt: skip
    assert [c.id for c in b.clients.all()] == [7, 8]
    found = b.clients.one(8)
    assert found is not None
    assert found.name == "B"


def test_users_may_name_their_client_by_text_alone() -> None:
    def whoami(call: Sent) -> str:
        return f'<user id="{call.su}" level="16" account="{4 if call.su == 11 else 5}"/>'

    listed = rows(
        elem(id=11, account="Namesake", email="a@x.example", name="a", level=16),
        elem(id=12, account="Namesake", email="b@x.example", name="b", level=16),
        elem(id=1, account="", email="root@x.example", name="root", level=29),
    )
    b, _ = bill({"user": listed, "whoami": whoami})
    assert [(u.id, u.client_id, u.client_name) for u in b.clients.users()] == [
        (11, None, "Namesake"), (12, None, "Namesake"),
    ]  # fmt: skip
    assert [(u.id, u.client_id) for u in b.clients.with_email("B@x.example")] == [(12, 5)]


# --- services ------------------------------------------------------------------------------------

REAL = elem(
    id=5009, name="Start #5009", pricelist="Start", pricelist_id=1, account="Anna",
    pmmodule="pmispmgr6", processingmodule_failed="", module_failed="", status=2,
    item_status=("2", "Активен"), item_real_status=2, period=6, costperiod="Месяц",
    cost="1.80 € / Месяц", item_cost="10.8000", currency_id=978, currency_str="€",
    createdate="2022-07-01", expiredate="Ежедневное списание", real_expiredate="2027-01-31",
    autoprolong="6 мес.", autoprolong_period=6, datacenter=1, datacentername="DC", itemtype=84,
    subaccount=3, intname="vhost", opennotify="", billdaily="on", scheduledclose="",
    specialstatus="", autosuspend="", abusesuspend="", employeesuspend="", transition="off",
    show_changepassword="on", domain="a.example", username="u1",
)  # fmt: skip


def test_a_row_as_a_real_host_has_it() -> None:
    b, _ = bill({"vhost": rows(REAL)})
    (found,) = b.services.all()
    assert (found.id, found.plan_id, found.plan_name) == (5009, 1, "Start")
    assert (found.client_id, found.client_name) == (None, "Anna")
    assert (found.status, found.item_status, found.period) == (2, "2", 6)
    assert (found.cost, found.expires) == (Decimal("1.80"), dt.date(2027, 1, 31))
    assert (found.module_id, found.module_intname, found.datacenter) == (None, "pmispmgr6", "DC")
    assert found.troubles == ()


@pytest.mark.parametrize(
    ("cells", "status", "reason"),
    [
        ({"status": 5, "item_status": ("5_open", "Открывается")}, 5, "5_open"),
        ({"item_status": ("5_open", "Being opened")}, 5, "5_open"),
        ({"item_status": "Being opened", "item_status_orig": "5_open"}, 5, "5_open"),
        ({"item_real_status": "5_open"}, 5, "5_open"),
        ({"item_real_status": 2}, 2, "2"),
        ({"real_status": 3}, 3, ""),
        ({"status": "Активен", "item_status": "Активен", "item_real_status": 2}, 2, "2"),
        ({"status": "Активен"}, UNKNOWN, ""),
        ({"status": 17}, UNKNOWN, ""),
        ({}, UNKNOWN, ""),
    ],
)
def test_where_a_status_is_told(cells: dict[str, object], status: int, reason: str) -> None:
    b, _ = bill(
        {"vhost": rows(elem(id=9, pricelist_id=1, account_id=4, domain="a.example", **cells))}
    )
    (found,) = b.services.of_plan(1)
    assert (found.status, found.item_status) == (status, reason)
    assert [one.column for one in found.troubles] == (["status"] if status == UNKNOWN else [])


def test_what_nobody_needs_of_a_service_is_not_insisted_on() -> None:
    b, _ = bill({"vhost": rows(service(cost="1,234 ?", expiredate="soon", createdate="?"))})
    (found,) = b.services.of_client(4)
    assert (found.cost, found.expires, found.created, found.troubles) == (None, None, None, ())


def test_a_row_that_could_be_the_one_looked_for_stops_the_proof() -> None:
    b, _ = bill({"vhost": rows(service(), service(id="x", domain="odd.example"))})
    with pytest.raises(UnexpectedAnswer, match=r"odd\.example.*column id|odd\.example: id"):
        b.services.of_client(4)
    found = b.services.all()
    assert ([s.id for s in found], len(found.lost)) == ([9], 1)


def test_a_row_that_is_surely_another_clients_stops_nothing() -> None:
    b, _ = bill({"vhost": rows(service(), service(id="x", account_id=5))})
    assert [s.id for s in b.services.of_client(4)] == [9]


def test_services_that_name_clients_by_text_are_those_that_the_client_is_shown() -> None:
    def vhost(call: Sent) -> str:
        own = [elem(id=9, status=2, domain="a.example")]
        others = [elem(id=8, account="Anna", status=2), elem(id=9, account="Anna", status=2)]
        return rows(*(own if call.su == 77 else others))

    b, _ = bill({"vhost": vhost})
    assert [(s.id, s.client_id) for s in b.services.of_client(4, su=77)] == [(9, 4)]
    assert b.services.seen_by(77, floor=8) == {9}
    assert b.services.seen_by(77, floor=9) == set()
    with pytest.raises(UnexpectedAnswer, match="whose they are"):
        b.services.of_client(4)


def test_one_whose_status_cannot_be_read_may_be_in_progress() -> None:
    b, _ = bill({"vhost": rows(service(status=""), service(id=10, status=2))})
    assert [s.id for s in b.services.in_progress(1)] == [9]


# --- payments and charges ------------------------------------------------------------------------


def payment(key: int, **cells: object) -> str:
    return elem(**{"id": key, "status": ("4", "Credited"), "account_id": 4,
                   "subaccountamount_iso": "9.00 ₽", **cells})  # fmt: skip


def test_payments_with_a_symbol_and_one_that_cannot_be_read() -> None:
    b, _ = bill({"payment": rows(payment(2), payment(1, subaccountamount_iso="1,234 ₽"))})
    newest, odd = b.payments.newer_than(0)
    assert (newest.amount, newest.currency) == (Decimal("9.00"), "RUB")
    assert (odd.amount, odd.currency, odd.troubles[0].value) == (None, "RUB", "1,234 ₽")


def test_payments_of_a_client_are_read_as_the_administrator() -> None:
    b, canned = bill({"payment": rows(payment(3, status=8), payment(2, account_id=5), payment(1))})
    assert [p.id for p in b.payments.of_client(4, name="", su=77, floor=1)] == [3]
    assert [call.su for call in canned.sent] == [None]


def test_payments_that_name_clients_by_text_are_told_apart_by_what_the_client_is_shown() -> None:
    def listed(call: Sent) -> str:
        if call.su == 77:
            return rows(payment(4, account_id=""))  # what is initiated is not shown to clients
        named = {"account_id": "", "account_name": "Anna P."}
        return rows(
            payment(6, account_id="", account_name="Boris", status=8),
            payment(5, **named, status=8), payment(4, **named), payment(3, **named),
        )  # fmt: skip

    b, _ = bill({"payment": listed})
    found = b.payments.of_client(4, name="Anna", su=77)
    assert [(p.id, p.client_id) for p in found] == [(5, 4), (4, 4)]


@pytest.mark.parametrize("column", ["payment", "parent", "cashback", "main_payment", "payment_id"])
def test_a_cashback_names_the_payment_that_it_came_of(column: str) -> None:
    b, _ = bill({"payment": rows(payment(2, **{column: 1}), payment(1))})
    assert [(p.id, p.tied_to) for p in b.payments.newer_than(0)] == [(2, 1), (1, None)]


def test_a_pay_methods_name_ties_no_payment() -> None:
    b, _ = bill({"payment": rows(payment(2, paymethod=3, paymethod_name="Bank", payment=2))})
    (found,) = b.payments.newer_than(0)
    assert (found.tied_to, found.method) == (None, "Bank")


def test_a_charge_names_its_service_as_its_main_item() -> None:
    row = elem(id=7, amount=("9.00", "9,00 ₽"), intname="vhost", main_item=5009, account="Anna")
    b, _ = bill({"expense": rows(row)})
    (found,) = b.payments.expenses_newer_than(0)
    assert (found.service_id, found.amount, found.currency) == (5009, Decimal("9.00"), "RUB")


def test_the_limits_of_a_pay_method() -> None:
    form = "<randomnumber>r</randomnumber><list name='methodlist'>" + "".join([
        elem(paymethod=1, name="Bank", minamount="100.00", maxamount="",
             paymethod_currency_iso="RUB"),
        elem(paymethod=2, name="Card", minamount="1", payment_minamount="5,00 €",
             payment_maxamount="1 000,00 €", paymethod_currency_iso="RUB"),
        elem(paymethod=3, name="Odd", minamount="?"),
        elem(paymethod=4, name="Free", minamount="0.00"),
    ]) + "</list>"  # fmt: skip
    b, _ = bill({"payment.add.method": form})
    bank, card, odd, free = b.payments.draft(77).methods
    assert (bank.least, bank.most, bank.limits_in) == (Decimal(100), None, "RUB")
    assert (card.least, card.most, card.limits_in) == (Decimal(5), Decimal(1000), "")
    assert (odd.least, [one.column for one in odd.troubles]) == (None, ["minamount"])
    assert (free.least, free.troubles) == (None, ())


# --- tasks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "service_id"),
    [
        ({"item": "Start #5009"}, 5009),
        ({"item": "#5009"}, 5009),
        ({"name": "Start #5009 a.example"}, 5009),
        ({"item": "Host #1 #5009", "pricelist": "Host #1"}, 5009),
        ({"item": "Host #1 #5009", "pricelist": "Other"}, None),
        ({"item": ("5009", "Start #7")}, 5009),
        ({"item": "Start"}, None),
    ],
)
def test_which_service_a_task_is_for(cells: dict[str, object], service_id: int | None) -> None:
    b, _ = bill({"task": rows(elem(**{"id": 1, "type": "postopen", "status": 0, **cells}))})
    (task,) = b.tasks.openings()
    assert task.service_id == service_id
    assert bool(task.troubles) == (service_id is None)


def test_a_bad_task_hides_no_other() -> None:
    b, _ = bill({"task": rows(
        elem(id=1, type="postopen", status="?", item="#8"),
        elem(id="?", type="postopen", status=0, item="#7"),
        elem(id=2, type="postopen", status=0, item="#9"),
        elem(id=3, type="postclose", status=0, item="#9"),
    )})  # fmt: skip
    found = b.tasks.openings()
    assert {(t.id, t.service_id) for t in found} == {(1, 8), (2, 9)}
    assert {one.column for one in found.unreadable} == {"status", "id"}


# --- orders --------------------------------------------------------------------------------------


def order_form(*lists: str, price: str = "9.00 RUB") -> Any:
    b, canned = bill({"v2.vhost.order.param": f"<price>{price}</price>{''.join(lists)}"})
    form = b.orders.form(1, 2, 3, 77, domain="a.example")
    assert canned.sent[0].params["period"] == canned.sent[0].params["order_period"] == "3"
    return form


def summed(name: str, *found: str) -> str:
    return f"<list name='{name}'>{''.join(found)}</list>"


def test_what_an_order_comes_to_is_its_total() -> None:
    form = order_form(
        summed("pricelist_summary", elem(label="Plan", cost="10.00 RUB")),
        summed("discount_summary", elem(label="Spring", cost="-1.50 RUB")),
        summed("total_summary", elem(label="Subtotal", cost="8.50 RUB"),
               elem(label="VAT", cost="1.70 RUB"), elem(label="Total", cost="10.20 RUB")),
        price="10.00 RUB",
    )  # fmt: skip
    assert (form.price, form.currency) == (Decimal("10.20"), "RUB")
    assert form.discount == "Spring -1.50 RUB"
    assert form.unclear == ""


def test_a_total_in_parts() -> None:
    cost = ("<elem><title>Итого</title><cost><amount>7.65</amount><currency>RUB</currency>"
            "<amount_without_discount>9.00</amount_without_discount></cost></elem>")  # fmt: skip
    form = order_form(summed("total_summary", cost))
    assert (form.price, form.currency) == (Decimal("7.65"), "RUB")


@pytest.mark.parametrize("cost", ["1,234 RUB", "ask us"])
def test_a_total_that_cannot_be_read_is_no_price(cost: str) -> None:
    form = order_form(summed("total_summary", elem(label="Total", cost=cost)))
    assert form.price is None
    assert cost in form.unclear


def test_totals_that_differ_are_no_price() -> None:
    form = order_form(summed("total_summary", elem(label="Total", cost="9.00 RUB"),
                             elem(label="Total", cost="10.00 RUB")))  # fmt: skip
    assert form.price is None
    assert "9.00 RUB" in form.unclear
    assert "10.00 RUB" in form.unclear


def test_a_form_without_sums_shows_its_price() -> None:
    form = order_form()
    assert (form.price, form.currency, form.unclear) == (Decimal("9.00"), "RUB", "")


def test_a_line_of_a_cart_needs_no_cost() -> None:
    b, _ = bill({"cart": rows(elem(id=1, item=9, cost="ask us"), elem(id=2, cost="1,80 €"))})
    assert [(x.id, x.cost) for x in b.orders.unpaid_lines(77)] == [(1, None), (2, Decimal("1.80"))]


# --- when an expiry can be set -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "more", "status", "can"),
    [
        ('<input name="expiredate" type="text"/>', "", 5, True),
        ('<input name="expiredate" type="text" readonly="yes"/>', "", 2, False),
        ("", "", 2, False),
        ('<input name="expiredate" type="text"/>',
         '<textdata name="msg_open_warning" type="msg"/>', 5, False),
        ('<input name="expiredate" type="text"/>',
         '<textdata name="msg_open_warning" type="msg"/>', 2, True),
    ],
)  # fmt: skip
def test_whether_an_expiry_can_be_set_now(field: str, more: str, status: int, *, can: bool) -> None:
    controls = "".join(f'<field name="{name}"><input name="{name}" type="text"/></field>'
                       for name in ("processingmodule", "username", "status"))  # fmt: skip
    written = (
        f'<metadata name="vhost.edit" type="form"><form>{controls}{field}{more}</form></metadata>'
        f"<status>{status}</status><expiredate>Daily charges</expiredate>"
        "<real_expiredate>2027-01-31</real_expiredate>"
    )
    b, _ = bill({"vhost.edit": written})
    found = b.services.form(9)
    assert found.expiry_can_be_set is can
    assert found.expires == dt.date(2027, 1, 31)
