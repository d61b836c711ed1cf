"""BILLmanager: payments and pay methods (billmanager.md 5)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from panels.sandbox.billmanager import orders, renewals
from panels.sandbox.http.amounts import shown
from panels.sandbox.http.call import Function
from panels.sandbox.http.forms import CANCEL, Button, Field, done, form, made, select
from panels.sandbox.http.labels import text
from panels.sandbox.http.lists import Listing, Match, Tool, filter_form, listing
from panels.sandbox.http.refusals import Refusal, bad_value, missed
from panels.sandbox.http.xml import coded, element, money
from panels.sandbox.world.records import PAYMENT_CREDITED, PAYMENT_INITIATED, STAFF_LEVEL, Payment

if TYPE_CHECKING:
    from panels.sandbox.dialect import Dialect
    from panels.sandbox.http.call import Call
    from panels.sandbox.world.records import Line, PayMethod
    from panels.sandbox.world.world import World

_RANDOM_LENGTH = 12


def functions(dialect: Dialect) -> dict[str, Function]:
    """Give the functions of this part."""
    del dialect
    staff = STAFF_LEVEL
    return {
        "paymethod": Function(_methods),
        "payment": Function(_list),
        "payment.filter": Function(lambda call: filter_form(call, _shape(call))),
        "payment.add": Function(_add),
        "payment.add.method": Function(_add_method),
        "payment.setpaid": Function(_set_paid, staff),
        "payment.edit": Function(_edit),
        "payment.info": Function(_edit),
        "payment.delete": Function(_delete),
        "account.payment": Function(_of_account, staff),
        "payment_cash_register": Function(_registers, staff),
    }


def day(at: float) -> str:
    """Write a time as a date."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def moment(at: float) -> str:
    """Write a time as date and time."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _methods(call: Call) -> str:
    iso = call.dialect["currency.iso"]

    def write(method: PayMethod) -> str:
        return (
            element("id", method.id)
            + element("name", method.name)
            + element("module", method.module)
            + element("currency_name", iso)
            + element("active", "on")
        )

    shape = Listing(write, ("id", "name", "module", "currency_name", "active"))
    return listing(call, shape, call.world.paymethods.all())


def _registers(call: Call) -> str:
    """List the cash registers (billmanager.md 5.3); that the column is listed is assumed."""

    def write(register: tuple[int, tuple[str, bool]]) -> str:
        key, (name, charges) = register
        return (
            element("id", key)
            + element("name", name)
            + element("active", "on")
            + element("expense_receipt", "on" if charges else "off")
        )

    shape = Listing(write, ("id", "name", "active", "expense_receipt"))
    return listing(call, shape, list(enumerate(call.world.dials.cash_registers.items(), 1)))


def _shape(call: Call) -> Listing:
    world = call.world

    def write(payment: Payment) -> str:
        method = world.paymethods[payment.method]
        amount = shown(call, payment.amount)
        owner = element("account_name", world.clients[payment.client].name)
        if call.dialect["rows.client"] == "id":
            owner += element("account_id", payment.client)
        return (
            element("id", payment.id)
            + element("number", f"pay/{payment.id}")
            + coded("status", payment.status, text(f"payment.{payment.status}", call.lang))
            + element("real_status", payment.status)
            + element("create_date", day(payment.created))
            + element("pay_date", day(payment.paid_at) if payment.paid_at else "")
            + element("sender_name", world.clients[payment.client].name)
            + element("recipient_name", "Example Hosting")
            + (owner if call.staff else "")
            + (element("parent_payment", payment.tied_to) if payment.tied_to else "")
            + element("paymethod_name", method.name)
            + element("paymethod_module", method.module)
            + element("subaccountamount_iso", amount)
            + element("paymethodamount_iso", amount)
            + element("allowrefund", "off")
        )

    return Listing(
        write,
        (
            "id",
            "number",
            "status",
            "real_status",
            "create_date",
            "pay_date",
            "sender_name",
            "account_name",
            "paymethod_name",
            "subaccountamount_iso",
        ),
        filters={
            "id": Match(lambda p: str(p.id)),
            "status": Match(lambda p: str(p.status)),
            "account_id": Match(lambda p: str(p.client)),
        },
        days={"createdate": lambda p: day(p.created)},
        tools=(
            Tool("new", "payment.add", "new"),
            Tool("edit", "payment.edit", "edit"),
            *((Tool("setpaid", "payment.setpaid"),) if call.staff else ()),
            Tool("delete", "payment.delete"),
        ),
    )


def _list(call: Call) -> str:
    world, client = call.world, call.actor.client
    rows = world.payments.find("client", client) if client else world.payments.all()
    if client:
        # Clients are not shown what is only initiated (billmanager.md 5.1).
        rows = [payment for payment in rows if payment.status != PAYMENT_INITIATED]
    return listing(call, _shape(call), rows)


def _of_account(call: Call) -> str:
    rows = call.world.payments.find("client", call.number("elid"))
    return listing(call, _shape(call), rows)


def asked_amount(call: Call) -> int:
    """Give the ``amount`` of a form in minor units; refuse what is no amount above zero."""
    try:
        amount = Decimal(call.need("amount")) * 100
    except InvalidOperation:
        raise bad_value("amount", call.get("amount")) from None
    if amount != amount.to_integral_value() or amount < 1:
        raise bad_value("amount", call.get("amount"))
    return int(amount)


def _checked_profile(call: Call, client: int) -> int:
    profiles = call.world.profiles.find("client", client)
    if call.get("profile"):
        key = call.number("profile")
        if key not in {profile.id for profile in profiles}:
            raise bad_value("profile", call.get("profile"))
        return key
    if call.world.dials.profile_required:
        raise missed("profile")
    return 0


def _fresh_number(call: Call) -> str:
    number = call.get("randomnumber")
    used = call.world.payments.first("randomnumber", number) if number else None
    refuses = call.dialect["payment.randomnumber"] == "refused"
    if used is not None and refuses and call.world.dials.randomnumber_unique:
        kind, about = call.dialect.error("repeated_payment")
        raise Refusal(kind, about, number, "This payment was already made.")
    return number


def _make(call: Call, client: int, profile: int, billorder: int = 0) -> Payment:
    world = call.world
    method = world.paymethods.get(call.number("paymethod"))
    if method is None:
        raise bad_value("paymethod", call.get("paymethod"))
    currency = call.get("payment_currency", call.dialect["currency.id"])
    if currency != call.dialect["currency.id"]:
        raise bad_value("payment_currency", currency)
    amount = asked_amount(call)
    least, most = _limits(world, method)
    if amount < least or (most and amount > most):
        raise bad_value("amount", call.get("amount"))
    payment = Payment(
        id=world.payments.next_id(),
        client=client,
        profile=profile,
        method=method.id,
        amount=amount,
        status=int(call.dialect["payment.new"]),
        randomnumber=_fresh_number(call),
        created=world.now(),
        billorder=billorder,
    )
    return world.payments.put(payment)


def _limits(world: World, method: PayMethod) -> tuple[int, int]:
    """Give the least and the most of one payment (billmanager.md 5.1); 0 for no limit."""
    return max(method.minamount, world.dials.payment_least), world.dials.payment_most


def _add(call: Call) -> str:
    """Create a payment in one call, as public clients do."""
    client = call.need_client()
    if not call.submitted:
        return _add_form(call, client)
    payment = _make(call, client, _checked_profile(call, client))
    return done(made(payment.id))


def _add_form(call: Call, client: int) -> str:
    world = call.world
    profiles = tuple((str(p.id), p.name) for p in world.profiles.find("client", client))
    methods = tuple((str(m.id), m.name) for m in world.paymethods.all())
    currency = (call.dialect["currency.id"], call.dialect["currency.iso"])
    rows = "".join(
        f"<elem>{element('paymethod', m.id)}{element('name', m.name)}"
        f"{element('module', m.module)}{element('paymethod_currency_iso', currency[1])}"
        f"{_limit_cells(call, m)}</elem>"
        for m in world.paymethods.all()
    )
    fields = [
        Field("amount", call.get("amount"), required=True),
        Field("billorder", call.get("billorder"), "hidden"),
        Field("randomnumber", world.token(_RANDOM_LENGTH), "hidden"),
        select("payment_currency", currency[0], (currency,)),
        select("paymethod", "", methods, required=True),
        select("profile", profiles[0][0] if profiles else "", profiles),
    ]
    buttons = (Button("topaysystem"), Button("fromsubaccount"), CANCEL)
    return form(call, fields, buttons, f'<list name="methodlist">{rows}</list>')


def _limit_cells(call: Call, method: PayMethod) -> str:
    names = ("minamount", "maxamount")
    pairs = zip(names, _limits(call.world, method), strict=True)
    return "".join(element(name, shown(call, limit) if limit else "") for name, limit in pairs)


def _add_method(call: Call) -> str:
    """Create a payment through the wizard's form, or pay an order from the balance."""
    client = call.need_client()
    if not call.submitted:
        return _add_form(call, client)
    billorder = call.number("billorder") if call.get("billorder") else 0
    lines = [x for x in call.world.lines.find("client", client) if x.billorder == billorder]
    if billorder and not lines:
        raise bad_value("billorder", str(billorder))
    if call.button == "fromsubaccount":
        return _from_balance(call, client, lines)
    profile = _checked_profile(call, client) if call.get("profile") else 0
    payment = _make(call, client, profile, billorder)
    return done(kind="url", address=f"/mancgi/bankpayment?elid={payment.id}")


def _from_balance(call: Call, client: int, lines: list[Line]) -> str:
    """Pay every line of the basket, forgotten ones too: it is one order."""
    if not lines:
        raise missed("billorder")
    _fresh_number(call)
    total = sum(line.cost for line in lines)
    if not call.world.clients[client].affords(total):
        kind, about = call.dialect.error("no_money")
        raise Refusal(kind, about, "", "There is not enough money on the balance.")
    for line in lines:
        orders.pay_line(call.world, line)
    return done()


def _one(call: Call) -> Payment:
    payment = call.world.payments.get(call.number("elid"))
    mine = payment is not None and call.actor.client in {0, payment.client}
    if payment is None or not mine:
        raise bad_value("elid", call.get("elid"))
    return payment


def _edit(call: Call) -> str:
    payment = _one(call)
    if call.submitted:
        return done(made(payment.id))
    states = tuple((str(n), text(f"payment.{n}", call.lang)) for n in (1, 2, 4, 9))
    return form(
        call,
        [
            select("status", str(payment.status), states),
            Field("amount", money(payment.amount), readonly=True),
            Field("account", str(payment.client), "hidden"),
            Field("paymethod", str(payment.method), "hidden"),
            Field("create_date", day(payment.created), readonly=True),
            Field("randomnumber", payment.randomnumber, "hidden"),
        ],
    )


def _delete(call: Call) -> str:
    for key in call.ids():
        payment = call.world.payments.get(key)
        if payment is None or call.actor.client not in {0, payment.client}:
            raise missed("payment")
        if payment.status == PAYMENT_CREDITED:
            raise bad_value("status", str(payment.status))
        call.world.payments.drop(key)
    return done()


def _set_paid(call: Call) -> str:
    for key in call.ids():
        payment = call.world.payments.get(key)
        if payment is None:
            raise missed("payment")
        if payment.status == PAYMENT_CREDITED:
            if call.dialect["payment.setpaid_twice"] == "refused":
                raise bad_value("status", str(payment.status), "The payment is already credited.")
            continue
        credit(call.world, payment, call.actor.real)
    return done()


def credit(world: World, payment: Payment, by: str) -> None:
    """Put a payment on the client's balance and pay the order that it was made for."""
    world.payments.put(payment._replace(status=PAYMENT_CREDITED, paid_at=world.now()))
    client = world.clients[payment.client]
    world.clients.put(client._replace(balance=client.balance + payment.amount))
    world.record("credited", payment=payment.id, client=client.id, amount=payment.amount, by=by)
    for line in world.lines.find("client", client.id):
        if payment.billorder and line.billorder == payment.billorder:
            orders.pay_line(world, line)
    _cash_back(world, payment, by)
    renewals.charge_suspended(world, client.id)


def _cash_back(world: World, payment: Payment, by: str) -> None:
    """Give a part of a payment back: a second payment, tied to the first (billmanager.md 5.2).

    That it appears when the first one is credited, and is credited at once, is assumed.
    """
    amount = payment.amount * world.dials.cashback // 100
    if not amount or payment.tied_to:
        return
    given = payment._replace(
        id=world.payments.next_id(), amount=amount, randomnumber="", created=world.now(),
        billorder=0, tied_to=payment.id,
    )  # fmt: skip
    credit(world, given, by)
