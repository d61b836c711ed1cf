"""BILLmanager: charges (billmanager.md 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.billmanager.payments import asked_amount, day
from panels.sandbox.http.amounts import cell
from panels.sandbox.http.call import Function
from panels.sandbox.http.forms import Field, done, form, made
from panels.sandbox.http.lists import Listing, Match, Tool, filter_form, listing
from panels.sandbox.http.refusals import bad_value
from panels.sandbox.http.xml import element, money
from panels.sandbox.world.records import STAFF_LEVEL

if TYPE_CHECKING:
    from panels.sandbox.dialect import Dialect
    from panels.sandbox.http.call import Call
    from panels.sandbox.world.records import Expense


def functions(dialect: Dialect) -> dict[str, Function]:
    """Give the functions of this part."""
    del dialect
    staff = STAFF_LEVEL
    return {
        "expense": Function(_expenses),
        "expense.filter": Function(lambda call: filter_form(call, _shape(call)), staff),
        "expense.edit": Function(_edit, staff),
        "expense.delete": Function(_delete, staff),
    }


def _shape(call: Call) -> Listing:
    world, by_id = call.world, call.dialect["rows.client"] == "id"

    def write(expense: Expense) -> str:
        return (
            element("id", expense.id)
            + element("locale_name", expense.text)
            + element("account", world.clients[expense.client].name)
            + (element("account_id", expense.client) if by_id else "")
            + element("main_item" if not by_id else "item", expense.service)
            + element("realdate", day(expense.created))
            + element("cdate", day(expense.created))
            + cell(call, "amount", expense.amount)
            + element("notpayd", "0.00")
        )

    return Listing(
        write,
        ("id", "locale_name", "account", "account_id", "item", "realdate", "cdate", "amount"),
        filters={
            "id": Match(lambda e: str(e.id)),
            "account_id": Match(lambda e: str(e.client)),
            "locale_name": Match(lambda e: str(e.text), part=True),
        },
        tools=(Tool("edit", "expense.edit", "edit"), Tool("delete", "expense.delete")),
    )


def _expenses(call: Call) -> str:
    world, client = call.world, call.actor.client
    rows = world.expenses.find("client", client) if client else world.expenses.all()
    return listing(call, _shape(call), rows)


def _expense(call: Call, key: int) -> Expense:
    expense = call.world.expenses.get(key)
    if expense is None:
        raise bad_value("elid", str(key))
    return expense


def _edit(call: Call) -> str:
    expense = _expense(call, call.number("elid"))
    if not call.submitted:
        return form(call, [Field("amount", money(expense.amount), required=True)])
    _refund(call, expense, 0 if call.need("amount") in {"0", "0.00"} else asked_amount(call))
    return done(made(expense.id))


def _delete(call: Call) -> str:
    for key in call.ids():
        _refund(call, _expense(call, key), 0)
    return done()


def _refund(call: Call, expense: Expense, amount: int) -> None:
    world = call.world
    client = world.clients[expense.client]
    balance = client.balance + expense.amount - amount
    world.clients.put(client._replace(balance=balance))
    world.expenses.put(expense._replace(amount=amount))
    world.record("refunded", expense=expense.id, amount=amount, by=call.actor.real)
