"""Payments that credit a balance, and the charges that use it up (billmanager.md 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from panels.billmanager.context import ref
from panels.cutlists import ByDate
from panels.errors import FormLacks
from panels.listing import number
from panels.paging import all_rows, collect, collect_newer, newest_id

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from panels.billmanager.context import Context, Params
    from panels.documents import Document
    from panels.listing import Row

CREDITED = 4
"""Status of a payment that is on the balance (billmanager.md 5)."""

_AMOUNTS = ("subaccountamount_iso", "subaccountamount", "paymethodamount_iso", "amount")
_PAYMENT_AXES = (ByDate("createdate"),)
"""How a list of payments that the panel cuts is asked for in parts (billmanager.md 1.6)."""
_ELID = re.compile(r"(?:^|[?&;])elid=([0-9]{1,18})(?![0-9])")


@dataclass(frozen=True, slots=True)
class PayMethod:
    """One pay method; `currency` is '' when the list does not show it."""

    id: int
    name: str
    module: str
    currency: str


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment. `client_id` is None when the list shows a name alone.

    `status`: 1 new, 2 being paid, 3 promised, 4 credited, 5 refund pending, 6 refunded,
    7 fraudulent, 8 initiated, 9 cancelled, 100 being deleted. `created` is None when not told.
    """

    id: int
    client_name: str
    client_id: int | None
    status: int
    amount: Decimal
    currency: str
    created: date | None


@dataclass(frozen=True, slots=True)
class Expense:
    """One charge. `client_id` and `service_id` are None when the list does not tell them."""

    id: int
    client_name: str
    client_id: int | None
    text: str
    amount: Decimal
    currency: str
    service_id: int | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A payment's form: `randomnumber` is the panel's token against paying twice."""

    randomnumber: str
    methods: tuple[PayMethod, ...]


class Payments:
    """Reads payments and charges; adds and credits payments."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def methods(self, su: str | int | None = None) -> list[PayMethod]:
        """List the pay methods: all of them, or with `su` those that are offered to a client."""
        if su is not None:
            return list(self.draft(su).methods)
        return [
            PayMethod(row.int("id"), row.get("name"), row.get("module"), row.get("currency_name"))
            for row in all_rows(self._context.transport, "paymethod")
        ]

    def draft(self, su: str | int) -> Draft:
        """Read the form of a payment as the client; nothing is paid.

        Keep its `randomnumber` with the intent: the panel checks it against earlier payments
        (billmanager.md 5, idempotency). Raises `FormLacks` when the form has none.
        """
        form = self._context.transport.read("payment.add.method", su=su).form()
        if not form.value("randomnumber"):
            raise FormLacks(("randomnumber",), form=form, func="payment.add.method")
        methods = tuple(
            PayMethod(row.int("paymethod"), row.get("name"), row.get("module"), "")
            for row in form.lists.get("methodlist", ())
        )
        return Draft(form.value("randomnumber"), methods)

    def newer_than(self, floor_id: int) -> list[Payment]:
        """List all clients' payments with an id above `floor_id`, newest first."""
        return collect_newer(
            self._context.transport, "payment", _payment, floor=floor_id, axes=_PAYMENT_AXES
        )

    def of_client(self, su: str | int) -> list[Payment]:
        """List one client's payments, read as the client."""
        return collect(self._context.transport, "payment", _payment, su=su)

    def newest_id(self) -> int:
        """Give the highest payment id, 0 when there is none."""
        return newest_id(self._context.transport, "payment", axes=_PAYMENT_AXES)

    def get(self, payment_id: int) -> Payment | None:
        """Give one payment; None when the list does not have it."""
        rows = all_rows(
            self._context.transport,
            "payment",
            {"filter": "on", "id": payment_id},
            keep=lambda row: row.int("id") == payment_id,
        )
        return _payment(rows[0]) if rows else None

    def add(
        self,
        su: str | int,
        *,
        profile_id: int | None,
        amount: Decimal,
        currency_id: int,
        method_id: int,
        randomnumber: str,
        send_by: float,
    ) -> int | None:
        """Add a payment as the client; it credits nothing until it is set paid.

        Gives its id, from `id` or from the address of the page that leads to the gateway; None
        when the panel tells neither: look at the list.
        """
        params: Params = {
            "amount": f"{amount:.2f}",
            "payment_currency": currency_id,
            "paymethod": method_id,
            "randomnumber": randomnumber,
            "sok": "ok",
        }
        if profile_id is not None:
            params["profile"] = profile_id
        answer = self._context.transport.act("payment.add", params, send_by=send_by, su=su)
        return _new_id(answer)

    def set_paid(self, payment_id: int, *, send_by: float) -> None:
        """Credit a payment to the client's balance (status 4), as the administrator.

        A group action: it acts when called (billmanager.md 5).
        """
        params = {"elid": payment_id}
        self._context.transport.act("payment.setpaid", params, send_by=send_by)

    def expenses_newer_than(self, floor_id: int) -> list[Expense]:
        """List all clients' charges with an id above `floor_id`, newest first."""
        return collect_newer(self._context.transport, "expense", _expense, floor=floor_id)

    def newest_expense_id(self) -> int:
        """Give the highest id of a charge, 0 when there is none."""
        return newest_id(self._context.transport, "expense")


def _new_id(answer: Document) -> int | None:
    told = number(answer.id)
    if told is not None:
        return told
    match = _ELID.search(answer.ok_text)
    return None if match is None else int(match.group(1))


def _payment(row: Row) -> Payment:
    client = ref(row, "account", "account_name")
    amount = next((name for name in _AMOUNTS if row.get(name)), _AMOUNTS[0])
    return Payment(
        id=row.int("id"),
        client_name=row.get("account_name", "account", "sender_name"),
        client_id=client.id,
        status=row.int("status"),
        amount=row.money(amount),
        currency=row.currency(amount, "currency_iso", "currency") or "",
        created=row.date_or_none("create_date", "createdate"),
    )


def _expense(row: Row) -> Expense:
    client = ref(row, "account", "account_name")
    return Expense(
        id=row.int("id"),
        client_name=client.title or row.get("account"),
        client_id=client.id,
        text=row.get("locale_name", "name"),
        amount=row.money("amount"),
        currency=row.currency("amount", "amount_iso", "currency_iso", "currency") or "",
        service_id=ref(row, "item").id,
    )
