"""Sums up the rows of a preview: money, dates, mails, exposed plans, calls."""

from __future__ import annotations

import calendar
from collections import Counter
from typing import TYPE_CHECKING, Any

from integrator.core.clock import now
from integrator.inventory import sale_rules
from integrator.inventory.lookup import billmanager
from integrator.models.states import RowState
from integrator.previews import confirmable, exposure

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from integrator.previews.balances import Totals
    from integrator.previews.checks.judged_rows import Judged
    from integrator.previews.choices import Choices


OVERUSE_KEYS = ("over_disk", "over_sites")
"""Keys of notes on accounts that use more than the plan allows."""


def summary(rows: Sequence[Judged], totals: Totals, choices: Choices) -> dict[str, Any]:
    """Counts, totals, mails and windows of the rows, as ``Preview.summary`` keeps them.

    ``asks``: kind (``confirmable.KINDS``) → how many rows wait for a person's word of it.
    ``over_use``: how many accounts use more than their plan allows. ``charges``: how many
    services are charged for. ``receipts``: see ``_receipts``. ``letters``: the opening letters
    by plan, held back or not; ``mails``: how many will be sent. ``first_suspension``: the first
    day on which a site could be suspended if nobody pays; None when nothing is ready. ``calls`` and
    ``seconds``: how many requests a run will make and how long it will take, estimated.
    """
    ready = [row for row in rows if row.state == RowState.READY]
    states = [row.state for row in rows]
    letters = _letters(ready, held=choices.hold_letters)
    days = [day for row in ready if (day := suspends_on(row)) is not None]
    windows = exposure.estimate(ready, choices.cohort)
    workload = exposure.workload(ready, choices, windows)
    return {
        "ready": len(ready),
        "choose": states.count(RowState.CHOOSE),
        "blocked": states.count(RowState.BLOCKED),
        "totals": _amounts(totals.charged),
        "credits": _amounts(totals.credited),
        "asks": _asks(rows),
        "over_use": sum(1 for row in ready if any(one["key"] in OVERUSE_KEYS for one in row.notes)),
        "charges": sum(1 for row in ready if row.price),
        "receipts": _receipts(ready, totals),
        "mails": sum(letter["count"] for letter in letters if not letter["held"]),
        "letters": letters,
        "windows": [
            {
                "plan": one.plan,
                "cohorts": list(one.cohorts),
                "manual_only_seconds": one.manual_only_seconds,
            }
            for one in windows
        ],
        "calls": workload.calls,
        "seconds": workload.seconds,
        "first_suspension": min(days).isoformat() if days else None,
    }


def _asks(rows: Sequence[Judged]) -> dict[str, int]:
    counts = Counter(
        kind
        for row in rows
        if row.state == RowState.CHOOSE
        for kind in {confirmable.of_kind(one["key"]) for one in row.choose}
        if kind
    )
    return dict(sorted(counts.items()))


def suspends_on(row: Judged) -> dt.date | None:
    """The first day on which the row's site could be suspended; None: it is not ready."""
    if row.state != RowState.READY:
        return None
    return first_suspension(row.candidate.expires, row.candidate.period)


def first_suspension(expires: dt.date | None, period: int, start: dt.date | None = None) -> dt.date:
    """The first day on which the site could be suspended if nobody pays.

    That is the expiry date that will be set, else the end of the period that is paid for.
    ``start`` None: today.
    """
    return expires or months_later(start or now().date(), period)


def months_later(begin: dt.date, months: int) -> dt.date:
    """The same day so many months later; in a shorter month its last day."""
    years, month = divmod(begin.month - 1 + months, 12)
    year, month = begin.year + years, month + 1
    return begin.replace(
        year=year, month=month, day=min(begin.day, calendar.monthrange(year, month)[1])
    )


def _amounts(sums: Mapping[str, Decimal]) -> list[dict[str, str]]:
    return [{"currency": name, "amount": f"{sums[name]:.2f}"} for name in sorted(sums)]


def _receipts(ready: Sequence[Judged], totals: Totals) -> dict[str, Any]:
    """The fiscal receipts that BILLmanager's cash registers may print for these rows.

    {} where it has none, or nothing is paid. ``charges`` and ``payments``: for how many;
    ``certain``: whether the register says that it prints for charges. Whether a payment that is
    marked as paid by hand makes one is not known (billmanager.md 5.3).
    """
    charged = sum(1 for row in ready if row.price)
    registers = sale_rules.registers(billmanager())
    found = [one for one in registers if one[1] is not False]
    payments = sum(1 for row in ready if row.credit) if totals.credited else 0
    if not registers or (not (charged and found) and not payments):
        return {}
    return {
        "names": [name for name, _charges in registers],
        "charges": charged if found else 0,
        "certain": any(charges for _name, charges in found),
        "payments": payments,
    }


def _letters(ready: Sequence[Judged], *, held: bool) -> list[dict[str, Any]]:
    """The opening letters that BILLmanager sends to clients, by plan (billmanager.md 10)."""
    known = billmanager().discovery.get("facts", {}).get("letters", {})
    counts: dict[tuple[str, str], int] = {}
    for row in ready:
        letter = known.get(str(row.plan.remote_id), "") if row.plan else ""
        if row.plan and letter:
            counts[row.plan.name, letter] = counts.get((row.plan.name, letter), 0) + 1
    return [
        {"plan": plan, "letter": letter, "count": count, "held": held}
        for (plan, letter), count in sorted(counts.items())
    ]
