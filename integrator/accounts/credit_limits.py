"""What a payment method takes at least and at most, checked before anything is sent.

BILLmanager refuses a payment below `minamount` or above `maxamount` of its method
(facts-2026-11.md 2.4): a run that credits balances would learn it after the order was prepared.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrator.accounts.reasons import reason
from integrator.models.states import RowState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from integrator.accounts.judging import Judged
    from integrator.models import Panel
    from panels.billmanager import PayMethod

FACT = "paymethod_limits"
"""Among the facts of a discovery: method id → [least, most, currency], "" where there is none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one payment; None: there is none. ``currency`` "": that of the payment itself.

    ``unclear``: a limit is shown that cannot be read, in the panel's words.
    """

    least: Decimal | None
    most: Decimal | None
    currency: str = ""
    unclear: str = ""


def of_method(method: PayMethod) -> Limits:
    """What a payment's form says of this method."""
    unclear = "; ".join(one.value for one in method.troubles)
    return Limits(method.least, method.most, method.limits_in, unclear)


def kept(methods: Iterable[PayMethod]) -> dict[str, list[str]]:
    """These as they are stored among the facts of a discovery."""
    found = {}
    for method in methods:
        own = of_method(method)
        limits = [str(own.least or ""), str(own.most or ""), own.currency, own.unclear]
        if any((own.least, own.most, own.unclear)):
            found[str(method.id)] = limits
    return found


def known(panel: Panel, method_id: int) -> Limits | None:
    """What the last discovery saw of a method, as it is offered to some client."""
    facts: Mapping[str, Any] = panel.discovery.get("facts", {}).get(FACT, {})
    found = facts.get(str(method_id))
    if found is None:
        return None
    least, most, currency, unclear = found
    return Limits(
        Decimal(least) if least else None, Decimal(most) if most else None, currency, unclear
    )


def check(rows: Iterable[Judged], limits: Mapping[int, Limits], method: str) -> bool:
    """Block the rows whose credit the method does not take; whether there are any.

    ``limits``: by the row's number. Limits in another currency than the row's cannot be compared:
    that is said of the row, and so are those that cannot be read.
    """
    blocked = False
    for row in rows:
        own = limits.get(row.candidate.number)
        if own is None or not row.credit or row.state != RowState.READY:
            continue
        about = {"method": method, "amount": f"{row.credit:.2f}", "currency": row.currency}
        if own.unclear or own.currency not in {"", row.currency}:
            shown = own.unclear or f"{own.least or '–'}…{own.most or '–'} {own.currency}"
            row.notes.append(reason("limits_unclear", method=method, shown=shown))
        elif own.least is not None and row.credit < own.least:
            row.blocks.append(reason("credit_below", **about, least=f"{own.least:.2f}"))
            blocked = True
        elif own.most is not None and row.credit > own.most:
            row.blocks.append(reason("credit_above", **about, most=f"{own.most:.2f}"))
            blocked = True
    return blocked
