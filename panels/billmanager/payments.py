"""Payments that credit a balance, and the charges that use it up (billmanager.md 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from panels.billmanager.context import ref
from panels.coremanager.cut_lists import ByDate
from panels.coremanager.forms import FormLacks
from panels.coremanager.listing import UNSET, number
from panels.coremanager.partial_lists import Cells, gather_newer
from panels.coremanager.whole_lists import all_rows, newest_id

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from panels.billmanager.context import Context, Params
    from panels.coremanager.documents import Document
    from panels.coremanager.listing import Row
    from panels.coremanager.partial_lists import Unreadable

INITIATED = 8
"""Status of a payment that is begun; clients are not shown it (billmanager.md 5.1)."""
CREDITED = 4
"""Status of a payment that is on the balance (billmanager.md 5)."""
UNKNOWN = 0
"""Stands for a status that cannot be read."""

_AMOUNTS = ("subaccountamount_iso", "subaccountamount", "paymethodamount_iso", "amount")
_PAYMENT_AXES = (ByDate("createdate"),)
"""How a list of payments that the panel cuts is asked for in parts (billmanager.md 1.6)."""
_TIE = re.compile(
    r"^(?!paymethod)(?:(?:main|parent|source|base|related|linked|origin|cashback)_?payment"
    r"|payment_?(?:id|parent|main|source|base|related|linked|origin)?|cashback(?:_?(?:id|for|of))?"
    r"|parent(?:_?id)?)$",
    re.IGNORECASE,
)
"""Columns of a payment that name another one; see `_tied_to`."""
_ELID = re.compile(r"(?:^|[?&;])elid=([0-9]{1,18})(?![0-9])")


@dataclass(frozen=True, slots=True)
class PayMethod:
    """One pay method; `currency` is '' when the list does not show it.

    `least` and `most` limit one payment, in the payment's currency, else in the method's own;
    each None where there is no limit, or none is shown (billmanager.md 5.1). Where a limit is
    shown that cannot be read, `troubles` says so.
    """

    id: int
    name: str
    module: str
    currency: str
    least: Decimal | None = None
    most: Decimal | None = None
    limits_in: str = ""
    troubles: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment. `client_id` is None when the list shows a name alone.

    `status`: 1 new, 2 being paid, 3 promised, 4 credited, 5 refund pending, 6 refunded,
    7 fraudulent, 8 initiated, 9 cancelled, 100 being deleted; 0 it cannot be read. `amount` is
    None when it cannot be read. `created` is None when absent. `method` is the name of the pay
    method, '' when not shown. `tied_to` is the id of the payment that this one came of, as a
    cashback does (billmanager.md 5.2); None where it names none.
    """

    id: int
    client_name: str
    client_id: int | None
    status: int
    amount: Decimal | None
    currency: str
    created: date | None
    method: str = ""
    tied_to: int | None = None
    troubles: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class Expense:
    """One charge. `client_id` and `service_id` are None when the list does not show them.

    `amount` is None when it cannot be read.
    """

    id: int
    client_name: str
    client_id: int | None
    text: str
    amount: Decimal | None
    currency: str
    service_id: int | None
    troubles: tuple[Unreadable, ...] = ()


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
        methods = tuple(map(_offered, form.lists.get("methodlist", ())))
        return Draft(form.value("randomnumber"), methods)

    def newer_than(self, floor_id: int) -> list[Payment]:
        """List all clients' payments with an id above `floor_id`, newest first."""
        return gather_newer(
            self._context.transport, "payment", self._payment, floor=floor_id, axes=_PAYMENT_AXES
        ).whole()

    def of_client(
        self, client_id: int, *, name: str, su: str | int, floor: int = 0
    ) -> list[Payment]:
        """List one client's payments with an id above `floor`, read as the administrator.

        The client himself is not shown those that are only initiated. Where rows name the client
        by text alone, what the client is shown (`su`, his user) are his; an initiated
        one is his then if it bears `name`, or the name that others of his bear.
        """
        found = self.newer_than(floor)
        ours = [payment for payment in found if payment.client_id == client_id]
        unsaid = [payment for payment in found if payment.client_id is None]
        if not unsaid:
            return ours
        own = gather_newer(
            self._context.transport, "payment", self._payment, floor=floor, su=su,
            axes=_PAYMENT_AXES,
        )  # fmt: skip
        seen = {payment.id for payment in own.whole()}
        names = {name, *(payment.client_name for payment in unsaid if payment.id in seen)} - {""}
        his = [
            payment
            for payment in unsaid
            if payment.id in seen
            or (payment.status in {INITIATED, UNKNOWN} and payment.client_name in {"", *names})
        ]
        theirs = [replace(payment, client_id=client_id) for payment in his]
        return sorted([*ours, *theirs], key=lambda payment: payment.id, reverse=True)

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
        return self._payment(rows[0]) if rows else None

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
        when the panel returns neither: read the list then.
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
        return gather_newer(
            self._context.transport, "expense", self._expense, floor=floor_id
        ).whole()

    def newest_expense_id(self) -> int:
        """Give the highest id of a charge, 0 when there is none."""
        return newest_id(self._context.transport, "expense")

    def _payment(self, row: Row) -> Payment:
        cells = Cells(row)
        client = ref(row, "account", "account_name")
        amount = next((name for name in _AMOUNTS if row.get(name)), _AMOUNTS[0])
        key = row.int("id")
        known = self._context.currencies
        return Payment(
            id=key,
            client_name=row.get("account_name", "account", "sender_name"),
            client_id=client.id,
            status=cells.read(lambda: row.int("status"), UNKNOWN),
            amount=cells.read(lambda: row.money(amount), None),
            currency=row.currency(amount, "currency_iso", "currency", known=known) or "",
            created=cells.read(lambda: row.date_or_none("create_date", "createdate"), None),
            method=row.get("paymethod_name", "paymethod"),
            tied_to=_tied_to(row, key),
            troubles=cells.troubles,
        )

    def _expense(self, row: Row) -> Expense:
        cells = Cells(row)
        client = ref(row, "account", "account_name")
        known = self._context.currencies
        return Expense(
            id=row.int("id"),
            client_name=client.title or row.get("account"),
            client_id=client.id,
            text=row.get("locale_name", "name", "intname"),
            amount=cells.read(lambda: row.money("amount"), None),
            currency=row.currency("amount", "amount_iso", "currency_iso", "currency", known=known)
            or "",
            service_id=ref(row, "item", "main_item").id,
            troubles=cells.troubles,
        )


def _new_id(answer: Document) -> int | None:
    created = number(answer.id)
    if created is not None:
        return created
    match = _ELID.search(answer.ok_text)
    return None if match is None else int(match.group(1))


def _offered(row: Row) -> PayMethod:
    """Read one method of a payment's form, with the limits of one payment.

    `payment_minamount` and `payment_maxamount` are in the payment's currency, `minamount` and
    `maxamount` in the method's own (billmanager.md 5.1).
    """
    cells = Cells(row)
    ours = any(row.get(name) not in UNSET for name in ("payment_minamount", "payment_maxamount"))
    mark = "payment_" if ours else ""
    limits: list[Decimal | None] = []
    for name in (f"{mark}minamount", f"{mark}maxamount"):
        limit = cells.read(partial(row.money_or_none, name), None)
        limits.append(limit or None)  # zero is how "no limit" is written
    iso = row.currency("paymethod_currency_iso", "paymethod_currency", f"{mark}minamount")
    return PayMethod(
        row.int("paymethod"),
        row.get("name"),
        row.get("module"),
        iso or "",
        least=limits[0],
        most=limits[1],
        limits_in="" if ours else iso or "",
        troubles=cells.troubles,
    )


def _tied_to(row: Row, own: int) -> int | None:
    """Give the payment that this one came of, by whatever column names one.

    Which column does is not known in public; its name mentions a payment, a parent or a cashback.
    """
    for name in row:
        if _TIE.search(name) and (found := number(row.code_or_none(name))) not in {None, own}:
            return found
    return None
