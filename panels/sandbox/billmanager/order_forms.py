"""BILLmanager: the order forms of both generations, cart and basket (billmanager.md 4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from panels.sandbox.billmanager import operations, orders, sale_rules
from panels.sandbox.billmanager.order_requests import OrderRequest
from panels.sandbox.billmanager.plans import offered_datacenters
from panels.sandbox.http.amounts import shown
from panels.sandbox.http.call import Function
from panels.sandbox.http.forms import CANCEL, Button, Field, done, form, made, select
from panels.sandbox.http.labels import text
from panels.sandbox.http.lists import Listing, Tool, listing
from panels.sandbox.http.refusals import Refusal, bad_value, missed
from panels.sandbox.http.xml import element, money

if TYPE_CHECKING:
    from panels.sandbox.dialect import Dialect
    from panels.sandbox.http.call import Call
    from panels.sandbox.world.records import Line, Plan


def functions(dialect: Dialect) -> dict[str, Function]:
    """Give the functions of this part, under the names of one generation."""
    found = {
        dialect["order.form"]: Function(_choose),
        dialect["order.pricelist"]: Function(_choose),
        dialect["order.param"]: Function(_param),
        dialect["cart.empty"]: Function(_clear),
    }
    if dialect["cart.kind"] == "cart":
        found[dialect["cart.list"]] = Function(_cart)
        found[dialect["cart.pay"]] = Function(_confirm)
    else:
        found[dialect["cart.list"]] = Function(_basket)
    return found


def _periods(plan: Plan, lang: str) -> tuple[tuple[str, str], ...]:
    return tuple((str(months), f"{months} {text('months', lang)}") for months, _ in plan.prices)


def _choose(call: Call) -> str:
    """Show data centres, periods and the plans that are sold for them."""
    call.need_client()
    world = call.world
    plans = [p for p in world.plans.all() if p.enabled and p.itemtype == "vhost"]
    centres: dict[str, str] = {}
    for plan in plans:
        centres |= {str(key): name for key, name in offered_datacenters(world, plan)}
    periods: dict[str, str] = {}
    for plan in plans:
        periods |= dict(_periods(plan, call.lang))
    datacenter = call.get("datacenter") or next(iter(centres), "")
    period = call.get("period") or next(iter(periods), "")
    rows = ""
    for plan in plans:
        price = dict(plan.prices).get(int(period)) if period.isdigit() else None
        here = {str(key) for key, _ in offered_datacenters(world, plan)}
        if price is not None and datacenter in here:
            cost = shown(call, price)
            rows += (
                f"<elem>{element('pricelist', plan.id)}{element('desc', plan.name)}"
                f"{element('price', cost)}</elem>"
            )
    return form(
        call,
        [
            select("datacenter", datacenter, tuple(centres.items())),
            select("period", period, tuple(periods.items())),
        ],
        (Button("next"), CANCEL),
        f'<list name="tariflist">{rows}</list>',
    )


def _param(call: Call) -> str:
    client = call.need_client()
    sale_rules.need_no_captcha(call.world, "order")
    dialect = call.dialect
    period_field = dialect["order.period_field"]
    for name in ("pricelist", "datacenter", period_field):
        if not call.get(name):
            raise Refusal("wizard_unavailable", name, "", "The order was not begun correctly.")
    wanted = OrderRequest(
        client=client,
        plan=call.number("pricelist"),
        datacenter=call.number("datacenter"),
        period=_period(call, period_field),
        domain=call.get("domain").strip().lower(),
        remoteid=call.get("remoteid"),
        autoprolong=call.get("autoprolong") or "null",
    )
    if call.world.dials.order_profile and not call.world.profiles.find("client", client):
        if call.world.dials.order_profile == "refuse" or call.submitted:
            raise missed("profile")
        other = replace(call, params={**call.params, "func": "profile.add.profiledata"})
        return form(other, [Field("profiletype", "1"), Field("name", "", required=True)])
    if not call.submitted:
        return _param_form(call, wanted)
    _check_order(call, wanted)
    service, line = orders.place(call.world, wanted, skip_cart=call.get("skipbasket") == "on")
    if dialect["order.answers"] == "service":
        key = service.id if service else 0
        return done(made(key) if key else "")
    # The line of an order that skipped the cart is gone already; its number is still returned.
    number = line.id if line else call.world.lines.next_id()
    return done(element("lineitem.id", number))


def _period(call: Call, field: str) -> int:
    """Give the period that is meant: `period` shows another one in the form of some panels.

    Clients of the second generation read the form with it (billmanager.md 4.1); that the plan's
    first period is shown where it is missing is assumed.
    """
    read_by = call.dialect["order.read_period"]
    if call.submitted or field in {"period", read_by}:
        return call.number(field)
    if call.get("period"):
        return call.number("period")
    plan = call.world.plans.get(call.number("pricelist"))
    return plan.prices[0][0] if plan and plan.prices else call.number(field)


def _param_form(call: Call, wanted: OrderRequest) -> str:
    price = orders.check(call.world, wanted)
    plan = call.world.plans[wanted.plan]
    dialect = call.dialect
    if dialect["order.autoprolong"] == "months":
        options = (("null", text("null", call.lang)), *_periods(plan, call.lang))
        prolong = select("autoprolong", "null", options)
    else:
        prolong = Field("autoprolong", "off", "checkbox")
    fields = [
        Field("pricelist", str(plan.id), "hidden"),
        Field("datacenter", str(wanted.datacenter), "hidden"),
        select(dialect["order.period_field"], str(wanted.period), _periods(plan, call.lang)),
        Field("domain", wanted.domain),
        prolong,
        Field("remoteid", "", "hidden"),
        Field("skipbasket", "", "hidden"),
    ]
    if call.world.dials.licence_agreement:
        fields.append(Field("licence_agreement", "off", "checkbox", required=True))
    fields += [Field(name, "", required=True) for name in call.world.dials.order_required]
    if call.world.dials.order_addons:
        fields.append(select("addon_7", "0", (("0", "0 GB"), ("10", "10 GB"))))
    extra = element("price", money(price)) + element("currency", dialect["currency.iso"])
    if dialect.flag("order.sums"):
        extra += _sums(call, operations.price_of(plan, wanted.period) or 0, price)
    if call.world.dials.order_discount:
        extra += element("discount", f"{call.world.dials.order_discount}%")
    return form(call, fields, (Button(dialect["order.button"]), CANCEL), extra)


def _sums(call: Call, listed: int, total: int) -> str:
    """Write the sums at the foot of the form (billmanager.md 4.1); inner names are assumed."""

    def row(label: str, minor: int, before: int) -> str:
        return (
            f"<elem>{element('label', label)}<cost>{element('amount', money(minor))}"
            f"{element('currency', call.dialect['currency.iso'])}"
            f"{element('amount_without_discount', money(before))}</cost></elem>"
        )

    less = listed - total
    lists = {
        "pricelist_summary": row(text("itemtype.vhost", call.lang), listed, listed),
        "discount_summary": row(text("discount", call.lang), -less, -less) if less else "",
        "total_summary": row(text("total", call.lang), total, listed),
    }
    return "".join(f'<list name="{name}">{rows}</list>' for name, rows in lists.items())


def _check_order(call: Call, wanted: OrderRequest) -> None:
    """Refuse fields that only sending the order needs."""
    if call.world.dials.licence_agreement and call.get("licence_agreement") != "on":
        raise missed("licence_agreement")
    for name in call.world.dials.order_required:
        if not call.get(name):
            raise missed(name)
    if call.button and call.button != call.dialect["order.button"]:
        raise bad_value("clicked_button", call.button)
    if wanted.domain and not all(c.isalnum() or c in ".-_" for c in wanted.domain):
        raise bad_value("domain", wanted.domain)
    if call.dialect["order.autoprolong"] == "on_off":
        allowed = {"on", "off", "null"}
    else:
        plan = call.world.plans.get(wanted.plan)
        allowed = {"null", *(str(months) for months, _ in plan.prices)} if plan else {"null"}
    if wanted.autoprolong not in allowed:
        raise bad_value("autoprolong", wanted.autoprolong)


def _cart(call: Call) -> str:
    """List the cart's lines (second generation)."""
    client = call.need_client()
    plans = call.world.plans

    def write(line: Line) -> str:
        return (
            element("id", line.id)
            + element("name", plans[line.plan].name)
            + element("pricelist", line.plan)
            + element("domain", line.domain)
            + element("period", line.period)
            + element("cost", money(line.cost))
            + element("item", line.service or "")
        )

    shape = Listing(
        write,
        ("id", "name", "pricelist", "domain", "period", "cost", "item"),
        tools=(Tool("pay", call.dialect["cart.pay"]), Tool("empty", call.dialect["cart.empty"])),
    )
    return listing(call, shape, call.world.lines.find("client", client))


def _confirm(call: Call) -> str:
    """Pay lines of the cart from the balance: ``paymethod_id=0`` (second generation)."""
    client = call.need_client()
    lines = orders.lines_of(call.world, client, call.ids())
    if not call.submitted:
        methods = (("0", "Account balance"),)
        total = element("total_sum", money(sum(line.cost for line in lines)))
        return form(call, [select("paymethod_id", "0", methods)], extra=total)
    if call.get("paymethod_id", "0") != "0":
        raise bad_value("paymethod_id", call.get("paymethod_id"))
    _afford(call, client, lines)
    paid = [orders.pay_line(call.world, line) for line in lines]
    return done("".join(made(service.id) for service in paid))


def _afford(call: Call, client: int, lines: list[Line]) -> None:
    total = sum(line.cost for line in lines)
    if not call.world.clients[client].affords(total):
        kind, about = call.dialect.error("no_money")
        raise Refusal(kind, about, "", "There is not enough money on the balance.")


def _basket(call: Call) -> str:
    """Show the basket, accept what costs nothing, or lead to payment (first generation)."""
    client = call.need_client()
    lines = call.world.lines.find("client", client)
    if call.submitted:
        return _press(call, client, lines)
    rows = "".join(
        f"<elem>{element('id', line.id)}{element('item.id', line.service)}"
        f"{element('item.type', 'vhost')}{element('name', line.domain)}"
        f"{element('pricelist', line.plan)}{element('cost', money(line.cost))}</elem>"
        for line in lines
    )
    total = sum(line.cost for line in lines)
    number = str(lines[0].billorder) if lines else ""
    buttons = (Button("pay"), Button("free"), Button("delete"), Button("clearbasket"), CANCEL)
    return form(
        call,
        [
            Field("billorder", number, "hidden"),
            Field("total_sum", money(total), readonly=True),
            Field("tax", "0.00", readonly=True),
        ],
        buttons,
        f'<list name="itemlist">{rows}</list>',
    )


def _press(call: Call, client: int, lines: list[Line]) -> str:
    chosen = lines
    if call.get("id"):
        try:
            keys = [int(part) for part in call.get("id").split(",")]
        except ValueError:
            raise bad_value("id", call.get("id")) from None
        chosen = orders.lines_of(call.world, client, keys)
    if not chosen:
        raise missed("billorder")
    if call.button == "free":
        if any(line.cost for line in chosen):
            raise bad_value("total_sum", text="This order is not free of charge.")
        for line in chosen:
            orders.pay_line(call.world, line)
        return done()
    if call.button in {"delete", "clearbasket"}:
        for line in chosen:
            _forget(call, line)
        return done()
    address = f"func=payment.add.method&billorder={chosen[0].billorder}"
    return done(kind="form", address=address)


def _clear(call: Call) -> str:
    client = call.need_client()
    for line in call.world.lines.find("client", client):
        _forget(call, line)
    return done()


def _forget(call: Call, line: Line) -> None:
    """Take a line away, with the unpaid service that it stands for."""
    world = call.world
    service = world.services.get(line.service) if line.service else None
    if service is not None and not service.paid:
        world.services.put(service._replace(status=4, item_status="4"))
    world.lines.drop(line.id)
    world.record("line_forgotten", line=line.id, service=line.service, by=call.actor.real)
