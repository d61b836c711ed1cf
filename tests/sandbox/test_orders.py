"""Orders: what is charged, and what a refusal leaves."""

from __future__ import annotations

import pytest

from tests.sandbox.flow import CLIENT, FIVE, NAMES, SIX, order, pay
from tests.sandbox.sandbox_process import Local, error, rows


def poor(dialect: str = "billmanager6") -> Local:
    panels = Local(dialect)
    client = panels.world.clients[3001]
    panels.world.clients.put(client._replace(balance=100))
    return panels


def test_skipbasket_charges_at_once(local: Local) -> None:
    assert error(order(local)) is None
    assert local.world.clients[3001].balance == 1_000_000 - 300
    (service,) = rows(local.bill("vhost", su=CLIENT))
    assert service["status.orig"] == "5"
    (expense,) = rows(local.bill("expense"))
    assert (expense["amount.orig"], expense["item"], expense["account_id"]) == (
        "3.00",
        service["id"],
        "3001",
    )


def test_remoteid_is_kept_and_readable_where_the_dialect_says_so() -> None:
    for dialect, shown in (("billmanager6", "marker-1"), ("billmanager5", None)):
        panels = Local(dialect)
        order(panels, NAMES[dialect])
        (service,) = rows(panels.bill("vhost"))
        assert service.get("remoteid") == shown
        assert panels.bill("vhost.edit", elid=service["id"]).findtext("remoteid") == "marker-1"


@pytest.mark.parametrize(
    ("dialect", "node"), [("billmanager6", "lineitem.id"), ("billmanager5", "id")]
)
def test_what_an_order_answers(dialect: str, node: str) -> None:
    panels = Local(dialect)
    answer = order(panels, NAMES[dialect])
    assert answer.findtext(node)
    assert len({"lineitem.id", "id"} & {child.tag for child in answer}) == 1


@pytest.mark.parametrize("dialect", sorted(NAMES))
def test_a_refused_order_leaves_an_unpaid_service(dialect: str) -> None:
    panels = poor(dialect)
    assert error(order(panels, NAMES[dialect])) == ("limit", "balance")
    (service,) = rows(panels.bill("vhost", su=CLIENT))
    assert (service["status.orig"], service["item_status.orig"]) == ("1", "1")
    assert rows(panels.bill("expense")) == []
    assert panels.ledger()["violations"] == []


@pytest.mark.parametrize(
    ("leaves", "services", "lines"), [("line", 0, 1), ("nothing", 0, 0), ("service", 1, 1)]
)
def test_what_is_left_is_a_dial(leaves: str, services: int, lines: int) -> None:
    panels = poor()
    panels.world.dials.turn({"refused_leaves": leaves})
    order(panels)
    assert (len(panels.world.services), len(panels.world.lines)) == (services, lines)


@pytest.mark.parametrize("leaves", ["line", "service"])
def test_a_line_is_paid_in_the_cart(leaves: str) -> None:
    panels = poor()
    panels.world.dials.turn({"refused_leaves": leaves})
    order(panels)
    pay(panels)
    (line,) = rows(panels.bill("cart", su=CLIENT))
    params = {"su": CLIENT, "elid": line["id"], "paymethod_id": "0", "sok": "ok"}
    assert error(panels.bill("cartorder.create.confirm", **params)) is None
    (service,) = rows(panels.bill("vhost", su=CLIENT))
    assert service["item_status.orig"] == "5_open"
    assert rows(panels.bill("cart", su=CLIENT)) == []
    assert error(panels.bill("cartorder.create.confirm", **params)) == ("missed", "lineitem")
    ledger = panels.ledger()
    assert len(ledger["charges"]) == 1
    assert [v for v in ledger["violations"] if "hosting user" not in v] == []


def test_a_basket_is_paid_as_one_order_with_what_was_forgotten_in_it() -> None:
    panels = poor("billmanager5")
    order(panels, FIVE)
    order(panels, FIVE, domain="second.example", remoteid="marker-2")
    pay(panels)
    basket = panels.bill("basket", su=CLIENT)
    assert len(basket.findall("list[@name='itemlist']/elem")) == 2
    assert basket.findtext("total_sum") == "6.00"
    number = basket.findtext("billorder", "")
    params = {"su": CLIENT, "billorder": number, "clicked_button": "fromsubaccount", "sok": "ok"}
    assert error(panels.bill("payment.add.method", **params)) is None
    assert len(panels.ledger()["charges"]) == 2


def test_a_basket_that_costs_nothing_is_accepted_by_its_button() -> None:
    panels = Local("billmanager5")
    plan = panels.world.plans[21]
    panels.world.plans.put(plan._replace(prices=((1, 0),)))
    order(panels, FIVE, skipbasket="")
    (line,) = panels.world.lines.all()
    params = {"su": CLIENT, "id": str(line.id), "clicked_button": "free", "sok": "ok"}
    assert error(panels.bill("basket", **params)) is None
    assert panels.ledger()["services"][0]["paid"] is True


def test_a_basket_that_costs_something_is_not_free() -> None:
    panels = Local("billmanager5")
    order(panels, FIVE, skipbasket="")
    params = {"su": CLIENT, "clicked_button": "free", "sok": "ok"}
    assert error(panels.bill("basket", **params)) == ("value", "total_sum")


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"pricelist": 99}, ("value", "pricelist")),
        ({"datacenter": 9}, ("value", "datacenter")),
        ({"order_period": 2}, ("value", "period")),
        ({"domain": "bad domain"}, ("value", "domain")),
        ({"autoprolong": "12"}, ("value", "autoprolong")),
        ({"clicked_button": "finish"}, ("value", "clicked_button")),
    ],
)
def test_a_wrong_order_is_refused_and_leaves_nothing(
    local: Local, change: dict[str, str | int], refused: tuple[str, str]
) -> None:
    assert error(order(local, SIX, **change)) == refused
    assert (len(local.world.services), len(local.world.lines)) == (0, 0)


def test_terms_must_be_agreed_to_where_there_are_any(local: Local) -> None:
    local.world.dials.turn({"licence_agreement": True})
    assert error(order(local)) == ("missed", "licence_agreement")
    assert error(order(local, licence_agreement="on")) is None


def test_without_a_domain_one_is_invented(local: Local) -> None:
    order(local, domain="")
    (service,) = local.ledger()["services"]
    assert service["domain"].endswith(".example")


def test_an_order_without_a_module_is_refused(local: Local) -> None:
    local.bill("pricelist.processing.suspend", plid=21, elid=11)
    assert error(order(local)) == ("no_suitable_module", "processingmodule")
