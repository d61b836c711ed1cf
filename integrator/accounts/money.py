"""Sums up a preview's money: what each client must have, and what would be credited."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import F, Q

from integrator.accounts.reasons import reason
from integrator.models import Binding, Step
from integrator.models.states import MOVING, Payment, RowState, StepState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from integrator.accounts.judging import Judged
    from integrator.models import Client

PAY = 4
"""The step that charges; a binding before its end has not been paid for yet."""


@dataclass(slots=True)
class Totals:
    """Amounts by currency: what is charged, and what is credited before."""

    charged: dict[str, Decimal] = field(default_factory=dict)
    credited: dict[str, Decimal] = field(default_factory=dict)


def settle(rows: Sequence[Judged], payment: str) -> Totals:
    """Check the balances over all rows of each client together, and sum up.

    Rows that a balance does not cover are blocked, all of that client: which of them to leave
    out is for a person to say. What bindings of other runs still have to pay counts as spent.
    """
    promised = _promised()
    totals = Totals()
    for client, own in _by_client(rows).items():
        _settle_client(client, own, payment, promised, totals)
    for row in rows:
        if row.state == RowState.READY and row.price is not None:
            totals.charged[row.currency] = totals.charged.get(row.currency, Decimal(0)) + row.price
    return totals


def _settle_client(
    client: Client,
    rows: list[Judged],
    payment: str,
    promised: Mapping[int, Decimal],
    totals: Totals,
) -> None:
    needed = sum((row.price for row in rows if row.price is not None), Decimal(0))
    currencies = {row.currency for row in rows}
    who, costs = client.remote_id, bool(needed) and payment != Payment.FREE
    if client.balance is None:
        if costs:
            _note(rows, "balance_unknown", client=who)
        return
    free = client.balance - promised.get(client.pk, Decimal(0))
    if not costs:
        _run_down(rows, free, credits_it=False)
        return
    if client.currency and currencies != {client.currency}:
        _block_foreign(rows, client)
        return
    currency = next(iter(currencies))
    if client.balance < 0:
        _note(rows, "debt", client=who, debt=str(-client.balance), currency=currency)
    lacking = needed - max(free, Decimal(0))
    if lacking <= 0 or payment == Payment.CREDIT:
        _run_down(rows, free, credits_it=payment == Payment.CREDIT)
    if lacking <= 0:
        return
    if payment == Payment.CREDIT:
        totals.credited[currency] = totals.credited.get(currency, Decimal(0)) + lacking
        _note(rows, "credited", client=who, amount=str(lacking), currency=currency)
        return
    for row in rows:
        row.blocks.append(
            reason(
                "balance_short",
                client=who,
                balance=str(free),
                currency=currency,
                count=len(rows),
                needed=str(needed),
            )
        )


def _block_foreign(rows: Iterable[Judged], client: Client) -> None:
    """Block the rows that are sold in another currency than the client's balance is in."""
    for row in rows:
        if row.currency != client.currency:
            row.blocks.append(
                reason(
                    "currency_differs",
                    client=client.remote_id,
                    currency=row.currency,
                    balance_currency=client.currency,
                )
            )


def _run_down(rows: Iterable[Judged], free: Decimal, *, credits_it: bool) -> None:
    """Say of each row, in the order they are charged, what the balance is before and after it."""
    for row in rows:
        price = row.price or Decimal(0)
        lacking = max(price - max(free, Decimal(0)), Decimal(0)) if credits_it else Decimal(0)
        row.before, row.credit = free, lacking
        free += lacking - price
        row.after = free


def _note(rows: Iterable[Judged], key: str, **params: object) -> None:
    for row in rows:
        row.notes.append(reason(key, **params))


def _by_client(rows: Iterable[Judged]) -> dict[Client, list[Judged]]:
    """The rows that could be bound as they stand, by who pays."""
    groups: dict[Client, list[Judged]] = defaultdict(list)
    for row in rows:
        if row.client is not None and row.state == RowState.READY:
            groups[row.client].append(row)
    return groups


def _promised() -> dict[int, Decimal]:
    """Client → what bindings will still charge, or have charged since its balance was read."""
    paid = Step.objects.filter(number=PAY, state=StepState.DONE, binding__isnull=False)
    paid_since = paid.filter(finished_at__gt=F("binding__client__seen_at"))
    bindings = Binding.objects.filter(
        Q(state__in=MOVING, step__lte=PAY) & ~Q(pk__in=paid.values("binding_id"))
        | Q(pk__in=paid_since.values("binding_id"))
    )
    rows = bindings.values_list("client_id", "price", "credited").order_by()
    sums: dict[int, Decimal] = defaultdict(Decimal)
    for client, price, credited in rows.iterator():
        sums[client] += price - (credited or 0)
    return sums
