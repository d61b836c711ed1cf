"""Sums of an order of the second generation, at the foot of its form.

The form has three inner lists, `pricelist_summary`, `discount_summary` and `total_summary`, whose
rows have a label and a cost with its amount, its currency and the amount before the discount. How
the inner keys are spelled was not seen in public (billmanager.md 4.1), so that a cost is found by
what its name says, and a form that says it in two ways is *unclear*.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from panels import amounts

if TYPE_CHECKING:
    from collections.abc import Collection
    from decimal import Decimal

    from panels.coremanager.forms import Form
    from panels.coremanager.listing import Row

TOTAL, DISCOUNT = "total_summary", "discount_summary"
_COST = re.compile(r"amount|cost|price|total|sum", re.IGNORECASE)
_BEFORE = re.compile(r"before|old|without|full|origin|base|disc", re.IGNORECASE)
"""In the name of what would be paid without the discount."""
_CURRENCY = re.compile(r"currency|iso", re.IGNORECASE)
_LABEL = re.compile(r"label|name|title|desc|text|msg", re.IGNORECASE)
_WHOLE = re.compile(r"total|to pay|amount due|итог|всего|к оплате", re.IGNORECASE)
_ONLY_PART = re.compile(
    r"sub-?total|without|excl|без|tax|vat|ндс|налог|скидк|discount", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Total:
    """The sum to pay. `amount` is None where it is not clear, and `unclear` then says why."""

    amount: Decimal | None
    currency: str | None
    unclear: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    label: str
    amounts: tuple[Decimal, ...]
    currency: str | None
    shown: str


def total(form: Form, known: Collection[str] = ()) -> Total | None:
    """Give the sum to pay; None where the form does not sum up."""
    lines = [_line(row, known) for row in form.lists.get(TOTAL, ())]
    lines = [line for line in lines if line.shown]
    if not lines:
        return None
    whole = [line for line in lines if _WHOLE.search(line.label)]
    whole = [line for line in whole if not _ONLY_PART.search(line.label)] or whole
    meant = whole or lines
    found = {(amount, line.currency) for line in meant for amount in line.amounts}
    if len(found) == 1:
        return Total(*found.pop())
    return Total(None, None, "; ".join(f"{line.label} {line.shown}".strip() for line in lines))


def discount(form: Form) -> str:
    """Give what the form says of discounts, in its own words; '' when nothing is taken off."""
    lines = [_line(row, ()) for row in form.lists.get(DISCOUNT, ())]
    told = [line for line in lines if line.shown and set(line.amounts) != {0}]
    return "; ".join(f"{line.label} {line.shown}".strip() for line in told)


def _line(row: Row, known: Collection[str]) -> _Line:
    """Read one row: its label, and the amounts that its cost can be, most often one."""
    label, iso, shown = "", None, ""
    costs: list[Decimal] = []
    for name, text in row.leaves():
        if _LABEL.search(name) and not _COST.search(name):
            label = label or text
        elif _CURRENCY.search(name) and not _COST.search(name):
            iso = iso or amounts.currency(text, known)
        elif _COST.search(name) and text:
            found = amounts.read(text, known)
            if not _BEFORE.search(name):
                shown = shown or text
                costs += [] if found is None else [found.value]
                iso = iso or amounts.currency(text, known)
    return _Line(label, tuple(dict.fromkeys(costs)), iso, shown)
