"""Sums up a preview's money: what each client must have, and what would be credited."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import F, Q

from integrator.inventory import unreadable_rows
from integrator.messages.reasons import reason
from integrator.models import Binding, Panel, Step
from integrator.models.states import MOVING, Payment, RowState, StepState
from integrator.previews import confirmable
from integrator.steps import payment_means
from integrator.steps.step4_pay import lacking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from integrator.messages.reasons import Reason
    from integrator.models import Client
    from integrator.previews.checks.judged_rows import Judged

ZERO = Decimal(0)
MONEY_KEYS = frozenset(
    {"debt", "debt_accepted", "balance_unknown", "credited", "may_owe", "limits_unclear"}
)
"""Keys of the reasons that are given here to rows that can be bound; replaced on each settling."""
PAY_STEP = 4
"""The step that charges; a binding before its end has not been paid for yet."""


@dataclass(slots=True)
class Totals:
    """Amounts by currency: what is charged, and what is credited before."""

    charged: dict[str, Decimal] = field(default_factory=dict)
    credited: dict[str, Decimal] = field(default_factory=dict)


def settle(rows: Sequence[Judged], payment: str) -> Totals:
    """Check each client's balance against all of its rows together, and sum up.

    Rows that a balance does not cover are blocked, all of that client: which of them to leave
    out is for a person to say. What bindings of other runs still have to pay counts as spent.
    """
    promised = _promised()
    totals = Totals()
    unread = unreadable_rows.balances(Panel.objects.billmanager())
    for client, own in _by_client(rows).items():
        _settle_client(client, own, payment, promised, totals)
        if client.balance is None and payment != Payment.FREE:
            _unknown(client, own, unread)
    for row in rows:
        if row.state == RowState.READY and row.price is not None:
            totals.charged[row.currency] = totals.charged.get(row.currency, Decimal(0)) + row.price
    return totals


def settle_anew(rows: Sequence[Judged], payment: str) -> Totals:
    """Settle rows again of which some were blocked since; their former reasons are dropped."""
    for row in rows:
        if row.state == RowState.READY:
            row.notes = [one for one in row.notes if one["key"] not in MONEY_KEYS]
        else:
            row.before = row.credit = row.after = None
    return settle(rows, payment)


def _settle_client(
    client: Client,
    rows: list[Judged],
    payment: str,
    promised: Mapping[int, Decimal],
    totals: Totals,
) -> None:
    needed = sum((row.price for row in rows if row.price is not None), ZERO)
    currencies = {row.currency for row in rows}
    who, costs = client.remote_id, bool(needed) and payment != Payment.FREE
    if client.balance is None:
        return
    spoken_for = promised.get(client.pk, ZERO)
    left = client.balance - spoken_for
    if not costs:
        _run_down(client, rows, left, credits_it=False)
        return
    if client.currency and currencies != {client.currency}:
        _block_foreign(rows, client)
        return
    currency = next(iter(currencies))
    credits_it = payment == Payment.CREDIT
    if credits_it:
        rows = _accepted(client, rows, spoken_for, currency)
        if not rows:
            return
        needed = sum((row.price for row in rows if row.price is not None), ZERO)
    short = _lacking(client, needed, client.balance, spoken_for)
    if short > 0 and not credits_it:
        about = {"balance": str(left), "needed": str(needed), "currency": currency}
        _block_short(rows, client, about)
        return
    if credits_it and short:
        totals.credited[currency] = totals.credited.get(currency, ZERO) + short
        _note(rows, reason("credited", client=who, amount=str(short), currency=currency))
    _run_down(client, rows, left, credits_it=credits_it)
    if rows and client.terms and rows[-1].after is not None and rows[-1].after < 0:
        _note_terms(client, rows, currency)


def _accepted(
    client: Client, rows: Sequence[Judged], spoken_for: Decimal, currency: str
) -> list[Judged]:
    """The rows that may be credited: all of them, unless the client is in debt.

    Fresh money pays the debt first (billmanager.md 5.2), so that a row waits until a person has
    said that this is meant.
    """
    assert client.balance is not None  # noqa: S101 - tells the type checker
    debt = payment_means.debt(client, client.balance)
    if not debt:
        return list(rows)
    about = {"client": client.remote_id, "debt": f"{debt:.2f}", "currency": currency}
    needed = sum((row.price for row in rows if row.price is not None), ZERO)
    credit = _lacking(client, needed, client.balance, spoken_for)
    accepted = []
    for row in rows:
        asked = reason("debt", **about, credit=f"{credit:.2f}")
        if confirmable.is_said(asked, row.candidate.words):
            row.notes.append(reason("debt_accepted", **about))
            accepted.append(row)
        else:
            row.choose.append(asked)
            row.notes.append(
                reason(
                    "credited", client=client.remote_id, amount=f"{credit:.2f}", currency=currency
                )
            )
    return accepted


def _block_short(rows: Sequence[Judged], client: Client, about: Mapping[str, str]) -> None:
    """Block the rows that a balance does not cover together."""
    for row in rows:
        said = reason("balance_short", client=client.remote_id, count=len(rows), **about)
        row.blocks.append(said)


def _unknown(client: Client, rows: Sequence[Judged], unread: Mapping[str, str] | None) -> None:
    """Note that the balance is not known; block what costs where its cell cannot be read.

    It may be a debt then, which fresh credit would pay first.
    """
    if not any(row.price for row in rows):
        return
    if unread is None:
        _note(rows, reason("balance_unknown", client=client.remote_id))
        return
    shown = unread.get(str(client.remote_id), "–")
    for row in rows:
        row.blocks.append(reason("balance_unread", client=client.remote_id, shown=shown))


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


def _lacking(client: Client, price: Decimal, balance: Decimal, spoken_for: Decimal) -> Decimal:
    """The credit that this balance needs before so much can be paid; zero for the post-paid."""
    free = payment_means.free(client, balance, spoken_for)
    return ZERO if free is None else lacking(price, free)


def _run_down(client: Client, rows: Iterable[Judged], left: Decimal, *, credits_it: bool) -> None:
    """Set the balance before and after each row, in the order in which they are charged."""
    may_owe = client.may_owe
    debt = payment_means.debt(client, client.balance or ZERO)
    for row in rows:
        price = row.price or ZERO
        free = price if may_owe is None else max(left + may_owe, -debt)
        row.before, row.credit = left, lacking(price, free) if credits_it else ZERO
        left += row.credit - price
        row.after, debt = left, ZERO  # the first credit pays it off


def _note_terms(client: Client, rows: Iterable[Judged], currency: str) -> None:
    """Note by which terms the balance may go below zero, and where that was seen."""
    limit = client.may_owe
    most = "∞" if limit is None else f"{limit:.2f} {currency}"
    source = client.terms["source"]
    _note(rows, reason("may_owe", client=client.remote_id, limit=most, source=source))


def _note(rows: Iterable[Judged], said: Reason) -> None:
    for row in rows:
        row.notes.append(said)


def _by_client(rows: Iterable[Judged]) -> dict[Client, list[Judged]]:
    """The rows that could be bound as they stand, by who pays."""
    groups: dict[Client, list[Judged]] = defaultdict(list)
    for row in rows:
        if row.client is not None and row.state == RowState.READY:
            groups[row.client].append(row)
    return groups


def _promised() -> dict[int, Decimal]:
    """Client → what bindings will still charge, or have charged since its balance was read."""
    paid = Step.objects.filter(number=PAY_STEP, state=StepState.DONE, binding__isnull=False)
    paid_since = paid.filter(finished_at__gt=F("binding__client__seen_at"))
    bindings = Binding.objects.filter(
        Q(state__in=MOVING, step__lte=PAY_STEP) & ~Q(pk__in=paid.values("binding_id"))
        | Q(pk__in=paid_since.values("binding_id"))
    )
    rows = bindings.values_list("client_id", "price", "credited").order_by()
    sums: dict[int, Decimal] = defaultdict(Decimal)
    for client, price, credited in rows.iterator():
        sums[client] += price - (credited or 0)
    return sums
