"""Cash registers: what prints a fiscal receipt when money comes in or is charged.

The list `payment_cash_register` and its column `expense_receipt` were seen in code
(billmanager.md 5.3); whether a payment that staff marks as paid makes a receipt is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from panels.billmanager.dialect.codes import OFF, ON
from panels.billmanager.optional_reads import read_optional_rows

if TYPE_CHECKING:
    from panels.http.transport import Transport

LIST = "payment_cash_register"


@dataclass(frozen=True, slots=True)
class Register:
    """One cash register that is not switched off.

    `charges`: it prints for charges too; None when absent.
    """

    name: str
    charges: bool | None


def registers(transport: Transport) -> list[Register]:
    """List the cash registers that are in use; none where the panel has no such list."""
    found = []
    for row in read_optional_rows(transport, LIST):
        if (row.code_or_none("active", "status") or "on").lower() in OFF:
            continue
        told = row.code_or_none("expense_receipt")
        charges = None if told is None else told.lower() in ON
        found.append(Register(row.get("name") or row.get("id"), charges))
    return found
