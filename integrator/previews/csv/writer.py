"""Writes CSV files: a template to fill in, and a preview with its figures and reasons.

What the panels call things is hostile text: every cell of theirs is defused (design.md, section 7).
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from integrator.core.errors import Refused
from integrator.inventory.lookup import PlanNames
from integrator.matching.plan_map import PlanResolver
from integrator.messages.message import of_json
from integrator.models.states import RowState
from integrator.previews.csv.cell_rules import defused
from integrator.previews.csv.reader import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from django.db.models import QuerySet

    from integrator.models import Account, Plan, Preview, PreviewRow

PREVIEW = (
    "row", "server", "username", "domain", "client", "client_name", "client_email", "plan",
    "period", "price", "currency", "balance_before", "credited", "balance_after", "autoprolong",
    "expires", "suspends_on", "mail", "state", "reasons",
)  # fmt: skip # the head of the file, as it is read


class _Echo:
    """A file object whose ``write`` returns what it was given."""

    def write(self, value: str) -> str:
        return value


def written(rows: Iterable[Iterable[object]], delimiter: str = ",") -> Iterator[str]:
    """The rows as lines of a CSV file, one at a time; every cell is defused."""
    writer = csv.writer(_Echo(), delimiter=delimiter)
    for row in rows:
        yield writer.writerow([defused(cell) for cell in row])


def template(accounts: QuerySet[Account]) -> Iterator[list[object]]:
    """The columns of a file to bind from, and a line for each account as matching proposes it.

    Nobody's password is known, so that column is empty; ``client`` and ``plan`` are empty where
    nothing was proposed, and the file is refused until they are filled in.
    """
    yield list(COLUMNS)
    resolver, plans = PlanResolver(), PlanNames.load()
    rows = accounts.select_related("panel", "client", "plan").order_by("panel__name", "username")
    for account in rows.iterator(chunk_size=2000):
        mapped = resolver.find(account.preset, account.panel_id)
        cells: dict[str, object] = {
            "server": account.panel.name,
            "username": account.username,
            "domain": account.domain,
            "client": account.client.remote_id if account.client else "",
            "plan": _word_for(account.plan, plans) if account.plan else "",
            "period": mapped.period if mapped and mapped.plan == account.plan else "",
        }
        yield [cells.get(column, "") for column in COLUMNS]


def _word_for(plan: Plan, plans: PlanNames) -> str:
    """The plan's name where that alone finds it again, else its id."""
    try:
        if plans.find(plan.name).pk == plan.pk:
            return plan.name
    except Refused:
        pass
    return str(plan.remote_id)


def preview(made: Preview) -> Iterator[list[object]]:
    """The columns of a preview, and each of its rows; ``mail``: the letter that will be sent."""
    yield list(PREVIEW)
    letters = {one["plan"]: one["letter"] for one in made.summary["letters"] if not one.get("held")}
    rows = made.rows.select_related("account__panel", "client", "plan").defer("password")
    for row in rows.iterator(chunk_size=2000):
        yield _cells(row, letters)


def _cells(row: PreviewRow, letters: Mapping[str, object]) -> list[object]:
    return [
        row.number,
        row.account.panel.name,
        row.account.username,
        row.domain,
        row.client.remote_id if row.client else "",
        row.client.name if row.client else "",
        row.client_email,
        row.plan.name if row.plan else "",
        row.period,
        row.price,
        row.currency,
        row.balance_before,
        row.credit,
        row.balance_after,
        "on" if row.autoprolong else "off",
        row.expires,
        row.suspends_on,
        letters.get(row.plan.name, "") if row.plan and row.state == RowState.READY else "",
        row.state,
        " ".join(str(of_json(reason)) for reason in row.reasons),
    ]
