"""Reads the order form of each client as that client, and what its balance is now.

One form for all accounts of a client with the same plan, data centre and period. As many calls at
a time as half of the panel's limit: customers use the panel meanwhile.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from django.db import connection

from integrator.inventory import payment_limits
from integrator.messages.message import params_of, say
from integrator.messages.panel_errors import of_error
from integrator.messages.reasons import reason
from integrator.models.states import Payment, RowState
from integrator.panel_access import call_log
from panels.coremanager import errors
from panels.coremanager.rule_refusals import BLOCKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from integrator.models import Preview, PreviewRow
    from integrator.previews.checks.judged_rows import Judged
    from panels.billmanager import BillManager, OrderForm, PayMethod, Whoami
    from panels.coremanager.rule_refusals import Block

BLOCKED: dict[Block, str] = {block: f"blocked_{block}" for block in BLOCKS}
"""The reason that each rule of the provider is, which a refusal speaks of."""
PORTION = 64
"""Order forms between two looks at how far it is; the journal is written in between."""


class Order(NamedTuple):
    """The parameters by which one order form is read."""

    su: int
    plan: int
    datacenter: int
    period: int


@dataclass(slots=True)
class Seen:
    """The answer for one client and order; errors are in ``failed``."""

    form: OrderForm | None = None
    who: Whoami | None = None
    methods: tuple[PayMethod, ...] = ()
    profiles: int | None = None
    failed: errors.PanelError | None = None


def orders_of(rows: Iterable[Judged]) -> dict[Order, list[Judged]]:
    """The rows that are ready, by the order form that shows them all."""
    groups: dict[Order, list[Judged]] = {}
    for row in rows:
        known = row.su is not None and row.plan is not None and row.datacenter_id is not None
        if row.state == RowState.READY and known:
            assert row.su is not None  # noqa: S101 - tells the type checker
            assert row.plan is not None  # noqa: S101 - the same
            assert row.datacenter_id is not None  # noqa: S101 - the same
            order = Order(row.su, row.plan.remote_id, row.datacenter_id, row.candidate.period)
            groups.setdefault(order, []).append(row)
    return groups


def read_all(
    bm: BillManager,
    groups: dict[Order, list[Judged]],
    preview: Preview,
    parallel: int,
    tell: Callable[[int], None],
) -> dict[Order, Seen]:
    """Read every form; ``tell`` is called with how many are done.

    Raises PanelError when the panel cannot be asked at all or lets nobody in.
    """
    asked = list(groups)
    found: dict[Order, Seen] = {}

    def read(order: Order) -> Seen:
        try:
            return _read(bm, order, groups[order][0], preview)
        finally:
            connection.close()  # this thread's own

    with ThreadPoolExecutor(max(1, parallel // 2)) as pool:
        for begin in range(0, len(asked), PORTION):
            portion = asked[begin : begin + PORTION]
            tries = [pool.submit(copy_context().run, read, order) for order in portion]
            found |= {order: one.result() for order, one in zip(portion, tries, strict=True)}
            call_log.flush()
            tell(len(found))
    return found


def _read(bm: BillManager, order: Order, row: Judged, preview: Preview) -> Seen:
    seen = Seen()
    try:
        seen.who = bm.whoami(su=order.su)
        seen.form = bm.orders.form(
            order.plan, order.datacenter, order.period, order.su, domain=row.candidate.domain
        )
        if preview.payment == Payment.CREDIT:
            seen.profiles = len(bm.clients.profiles(order.su))
            seen.methods = bm.payments.draft(order.su).methods
    except (errors.NotSent, errors.LoginRefused):
        raise
    except errors.PanelError as error:
        seen.failed = error
    return seen


def judge(rows: Sequence[Judged], seen: Seen, preview: Preview) -> None:
    """Add to the rows what their order form has shown."""
    for row in rows:
        if seen.who is not None and seen.who.balance is not None and row.client is not None:
            row.client.balance = seen.who.balance
        if seen.failed is not None:
            _failed(row, seen.failed)
        elif seen.form is not None:
            _form(row, seen.form)
            _credit(row, seen, preview)


def _failed(row: Judged, error: errors.PanelError) -> None:
    client = row.client.remote_id if row.client else 0
    block = error.block if isinstance(error, errors.Refused) else None
    if block is not None:
        about = {"client": client, "said": error.message}
        named = {name: about[name] for name in params_of(BLOCKED[block])}
        row.blocks.append(reason(BLOCKED[block], **named))
    elif isinstance(error, errors.AccessDenied):
        row.blocks.append(reason("order_closed", client=client, said=error.message))
    elif isinstance(error, errors.Refused) and error.object == "profile":
        row.blocks.append(reason("profile_missing", client=client))
    elif isinstance(error, errors.Refused) and not isinstance(error, errors.Busy):
        row.blocks.append(reason("order_refused", said=of_error(error)))
    else:
        row.notes.append(reason("not_rehearsed", said=of_error(error)))


def _form(row: Judged, form: OrderForm) -> None:
    client = row.client.remote_id if row.client else 0
    if form.captcha:
        row.blocks.append(reason("blocked_captcha", said=say("order.captcha")))
    if form.profile_first:
        row.blocks.append(reason("profile_missing", client=client))
        return
    if form.required_missing:
        row.blocks.append(reason("order_needs", fields=", ".join(form.required_missing)))
    if form.terms:
        row.notes.append(reason("terms", fields=", ".join(form.terms)))
    if form.addons:
        row.notes.append(reason("addons", fields=", ".join(form.addons)))
    if form.discount:
        row.notes.append(reason("discount", said=form.discount))
    if form.unclear:
        listed = f"{row.price:.2f} {row.currency}"
        row.choose.append(reason("price_unclear", said=form.unclear, listed=listed))
        return
    _price(row, form.price, form.currency or row.currency)


def limits_of(
    groups: dict[Order, list[Judged]], seen: dict[Order, Seen], method_id: int | None
) -> dict[int, payment_limits.Limits]:
    """Row number → what the chosen method takes of that row's client."""
    found: dict[int, payment_limits.Limits] = {}
    for order, rows in groups.items():
        for method in seen[order].methods:
            if method.id == method_id:
                limits = payment_limits.of_method(method)
                found |= {row.candidate.number: limits for row in rows}
    return found


def _price(row: Judged, price: Decimal | None, currency: str) -> None:
    """Set the row's price to the form's: the price list does not know this client's discounts.

    A difference is for a person to accept.
    """
    if price is None:
        row.notes.append(reason("price_hidden"))
        return
    listed = row.plan.periods.get(str(row.candidate.period), {}) if row.plan else {}
    # Whether the form's price holds the set-up fee is not known, so both readings are expected.
    if str(price) == listed.get("amount") or (price == row.price and currency == row.currency):
        return
    row.choose.append(
        reason(
            "other_price",
            price=f"{price:.2f}",
            currency=currency,
            listed=f"{row.price:.2f} {row.currency}",
        )
    )
    row.price, row.currency = price, currency


def expect_seen_price(row: Judged, before: PreviewRow) -> None:
    """Let a row that is judged by the price list again expect what its order form said."""
    for one in before.reasons:
        if one["key"] == "other_price" and row.price is not None:
            seen = one["params"]
            if seen["listed"] == f"{row.price:.2f} {row.currency}":
                row.price, row.currency = Decimal(seen["price"]), seen["currency"]


def _credit(row: Judged, seen: Seen, preview: Preview) -> None:
    client = row.client.remote_id if row.client else 0
    if preview.payment != Payment.CREDIT or row.blocks:
        return
    if seen.profiles == 0:
        row.blocks.append(reason("profile_missing", client=client))
    elif seen.methods and preview.paymethod_id not in {one.id for one in seen.methods}:
        method = preview.paymethod_name or preview.paymethod_id
        row.blocks.append(reason("method_not_offered", client=client, method=method))
