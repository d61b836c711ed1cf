"""Blocks rows whose credit a payment method does not take, before anything is sent.

BILLmanager refuses a payment below `minamount` or above `maxamount` of its method
(billmanager.md 5.1): a run that credits balances would learn it after the order was prepared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.messages.reasons import reason
from integrator.models.states import RowState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from integrator.inventory.payment_limits import Limits
    from integrator.previews.checks.judged_rows import Judged


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
