"""Step 4: “Pay for the order”.

The order of step 3 charges the balance itself. What is left for this step: with ``credit``, to
add beforehand what the balance lacks; afterwards, to find the charge and the paid state; and an
order that stayed unpaid is paid where it lies, never ordered again (design.md, section 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from integrator.messages import panel_errors
from integrator.messages.message import say, several
from integrator.steps import step3_order
from integrator.steps.same_service import same_domain
from integrator.steps.verdicts import Absent, Ambiguous, Failed, Proven, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrator.models import Binding
    from panels.billmanager import BillManager
    from panels.billmanager.orders import CartLine
    from panels.billmanager.payments import Expense, Payment
    from panels.billmanager.services import Service

NUMBER = 4
VERSION = 1
CREDIT = "credit"
SET_PAID = "set_paid"
PAY_LINE = "pay_line"

UNPAID_ORDER = "unpaid_order"
"""Cause: the order lies unpaid, as a service or in the client's cart, and stays so."""

CREDITED = 4
"""Payment state *credited* (billmanager.md 5)."""


def lacking(price: Decimal, balance: Decimal) -> Decimal:
    """What must be added so that the balance covers the price; zero when it does already.

    A balance below zero counts as it stands: fresh money pays a debt first. Whether a debt may be
    paid off so is a person's to say, and the caller's to ask (``means``).
    """
    return max(price - balance, Decimal(0))


@dataclass(frozen=True, slots=True)
class AddPayment:
    """A payment that adds what a balance lacks. ``token``: the panel's *randomnumber*, ours alone.

    ``floor``: the highest id of a payment seen before.
    """

    kind: ClassVar = CREDIT
    number: ClassVar = NUMBER

    bm: BillManager
    binding: Binding
    amount: Decimal
    currency_id: int
    method_id: int
    profile_id: int
    token: str
    floor: int

    def describe(self) -> dict[str, Any]:
        """How much is added for whom, and how."""
        return {
            "su": self.binding.su,
            "amount": str(self.amount),
            "paymethod": self.method_id,
            "randomnumber": self.token,
        }

    def before(self) -> dict[str, Any]:
        """Above which id the payment is looked for, and by which amount."""
        return {"payment": self.floor, "amount": str(self.amount)}

    def apply(self, send_by: float) -> int | None:
        """Add it; its id, None where the panel does not tell. Raises what ``panels`` raises."""
        return self.bm.payments.add(
            self.binding.su,
            profile_id=self.profile_id,
            amount=self.amount,
            currency_id=self.currency_id,
            method_id=self.method_id,
            randomnumber=self.token,
            send_by=send_by,
        )


@dataclass(frozen=True, slots=True)
class MarkPaid:
    """Marks a payment of ours as paid."""

    kind: ClassVar = SET_PAID
    number: ClassVar = NUMBER

    bm: BillManager
    payment: Payment

    def describe(self) -> dict[str, Any]:
        """Which payment."""
        return {"payment": self.payment.id}

    def before(self) -> dict[str, Any]:
        """In which state it was."""
        return {"status": self.payment.status}

    def apply(self, send_by: float) -> None:
        """Mark it. Raises what ``panels`` raises."""
        self.bm.payments.set_paid(self.payment.id, send_by=send_by)


@dataclass(frozen=True, slots=True)
class PayLine:
    """Pays an order where it lies. ``floor``: the highest id of an expense seen before."""

    kind: ClassVar = PAY_LINE
    number: ClassVar = NUMBER

    bm: BillManager
    binding: Binding
    line: CartLine
    floor: int

    def describe(self) -> dict[str, Any]:
        """Which line, of whom."""
        return {"su": self.binding.su, "line": self.line.id}

    def before(self) -> dict[str, Any]:
        """Above which id the charge is looked for."""
        return {"expense": self.floor}

    def apply(self, send_by: float) -> None:
        """Pay it. Raises what ``panels`` raises."""
        free = self.binding.price == 0
        self.bm.orders.pay_line(self.binding.su, self.line, free=free, send_by=send_by)


def payments_since(bm: BillManager, binding: Binding, floor: int) -> list[Payment]:
    """The client's payments with an id above ``floor``, newest first, also those just begun."""
    client = binding.client
    return bm.payments.of_client(client.remote_id, name=client.name, su=binding.su, floor=floor)


def find_credit(
    binding: Binding,
    amount: Decimal,
    floor: int,
    payments: Iterable[Payment],
    method: str = "",
) -> Verdict:
    """The payment that our credit intent made: exactly one new one with the amount.

    What came of another payment, as a cashback does, is none of ours (billmanager.md 5.2). Of
    several the one by our pay method is meant, if there is just one. One whose amount cannot be
    read may be it.
    """
    new = [p for p in payments if p.id > floor and p.tied_to is None and _of_client(p, binding)]
    unread = [p for p in new if p.amount is None]
    if unread:
        return Ambiguous(
            "several_payments",
            several(panel_errors.of_trouble(trouble) for p in unread for trouble in p.troubles),
            {"payments": [p.id for p in new if p.amount in (None, amount)]},
        )
    found = [p for p in new if p.amount == amount]
    if not found:
        return Absent(say("payment.none"))
    if len(found) > 1:
        by_method = [p for p in found if p.method and p.method == method]
        found = by_method if len(by_method) == 1 else found
    if len(found) > 1:
        return Ambiguous(
            "several_payments",
            say("payment.several", count=len(found), amount=amount),
            {"payments": [p.id for p in found]},
        )
    return Proven({"payment": found[0].id, "status": found[0].status, "amount": str(amount)})


def verify(binding: Binding, service: Service, floor: int, expenses: Iterable[Expense]) -> Verdict:
    """Whether the order is paid, and what it cost.

    ``floor``: the newest charge before the order. A free order is proven by the paid state
    alone. A charge that differs from the preview is evidence too: the caller pauses the run.
    """
    if not step3_order.paid(service):
        return Absent(step3_order.state_of(service))
    if binding.price == 0:
        return Proven({"service": service.id, "status": service.status, "charge": None})
    new = [e for e in expenses if e.id > floor]
    # A charge that names the service needs not say whose it is.
    told = [e for e in new if e.service_id == service.id]
    found = [e for e in new if _of_client(e, binding)]
    found = told or [e for e in found if e.service_id is None]
    exact = [e for e in found if e.amount == binding.price]
    if len(exact) == 1 or (not exact and len(found) == 1):
        charge = (exact or found)[0]
        return Proven(
            {
                "service": service.id,
                "status": service.status,
                "charge": charge.id,
                "amount": str(charge.troubles[0].value if charge.amount is None else charge.amount),
                "expected": str(binding.price),
                "differs": charge.amount != binding.price,
            }
        )
    if not found:
        return Absent(say("charge.unlisted", service=service.id))
    return Ambiguous(
        "several_charges",
        say("charge.several", count=len(found)),
        {"charges": [{"id": e.id, "amount": str(e.amount)} for e in found]},
    )


def line_of(binding: Binding, service_id: int, lines: Iterable[CartLine]) -> CartLine | Failed:
    """Our own line in the client's cart or basket; other lines are left alone."""
    found = [line for line in lines if line.service_id == service_id]
    if not found:
        found = [line for line in lines if line.service_id is None and _is_like(line, binding)]
    if len(found) == 1:
        return found[0]
    return Failed(
        UNPAID_ORDER,
        say("line.several", service=service_id, count=len(found)),
    )


def line_like(binding: Binding, lines: Iterable[CartLine]) -> CartLine | None:
    """What an order like this binding's has left in the client's cart; None: nothing."""
    return next((line for line in lines if _is_like(line, binding)), None)


def _is_like(line: CartLine, binding: Binding) -> bool:
    plans = (None, binding.plan.remote_id)
    return line.plan_id in plans and same_domain(line.domain, binding.domain)


def _of_client(row: Payment | Expense, binding: Binding) -> bool:
    if row.client_id is not None:
        return row.client_id == binding.client.remote_id
    return bool(row.client_name) and row.client_name == binding.client.name
