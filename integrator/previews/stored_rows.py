"""Conversion of a stored preview's rows to judged ones and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.models.states import RowState
from integrator.previews import balances, confirmable, row_totals
from integrator.previews.checks.judged_rows import Judged

if TYPE_CHECKING:
    from integrator.matching.candidates import Candidate
    from integrator.models import PreviewRow

ABOUT_MONEY = balances.MONEY_KEYS


def judged(row: PreviewRow, candidate: Candidate) -> Judged:
    """One stored row; what ``money.settle`` says anew is left out unless it is blocked.

    What a person has confirmed meanwhile is asked no more.
    """
    found = Judged(
        candidate,
        client=row.client,
        su=row.su,
        email=row.client_email,
        plan=row.plan,
        datacenter_id=row.datacenter_id,
        module_id=row.module_id,
        price=row.price,
        currency=row.currency,
    )
    if row.state == RowState.BLOCKED:
        found.blocks = list(row.reasons)
        return found
    said = [one for one in row.reasons if one["key"] not in ABOUT_MONEY]
    marked = any(one.get("asks") for one in row.reasons)
    for one in said:
        # A row that was stored before there was a mark asks whatever it says.
        asks = row.state == RowState.CHOOSE and (one.get("asks") or not marked)
        if asks and not confirmable.is_said(one, candidate.words):
            found.choose.append(one)
        else:
            found.notes.append({name: one[name] for name in one if name != "asks"})
    return found


CHANGED = (
    "state",
    "reasons",
    "price",
    "currency",
    "balance_before",
    "credit",
    "balance_after",
    "suspends_on",
)
"""The columns that ``update`` may change."""


def update(row: PreviewRow, again: Judged) -> bool:
    """Update the stored row from one that was judged again; whether it must be saved."""
    before = [getattr(row, name) for name in CHANGED]
    row.state, row.reasons = again.state, again.reasons
    row.price, row.currency = again.price, again.currency
    row.balance_before, row.credit, row.balance_after = again.before, again.credit, again.after
    row.suspends_on = row_totals.suspends_on(again)
    return before != [getattr(row, name) for name in CHANGED]
