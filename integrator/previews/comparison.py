"""Compares a frozen preview with the panels as they are now (design.md, section 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrator.core.errors import Refused
from integrator.messages.message import of_json
from integrator.models.states import RowState
from integrator.previews import balances, freshness, row_totals
from integrator.previews.checks.row_checks import Judge
from integrator.previews.preview import choices_of, frozen_candidates
from integrator.previews.rehearsal.orders import expect_seen_price

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrator.models import Preview, PreviewRow
    from integrator.previews.checks.judged_rows import Judged


CHANGE_KEYS = ("suspended", "foreign_module", "may_owe", "plan_for_groups", "phone_wanted")
"""Keys of notes that a person must have seen before the row is bound."""


class PreviewOutdated(Refused):
    """The panels have changed since the preview was made; nothing has been started.

    ``lines`` are the differences.
    """


def compare(preview: Preview) -> None:
    """Read the panels again and compare the ready rows with what they would do now.

    Raises PreviewOutdated with every difference, and PanelError when they cannot
    be read; either way nothing has been started.
    """
    freshness.reread(preview)
    lines = list(_differences(preview))
    if lines:
        text = _("The panels have changed since this preview was made; nothing was started:")
        raise PreviewOutdated(text, lines)


def _differences(preview: Preview) -> Iterator[str]:
    choices = choices_of(preview)
    frozen = {row.number: row for row in preview.rows.filter(state=RowState.READY)}
    candidates = frozen_candidates(preview, RowState.READY)
    judge = Judge(candidates, choices)
    rows = [judge.judge(candidate) for candidate in candidates]
    for row in rows:
        expect_seen_price(row, frozen[row.candidate.number])
    totals = balances.settle(rows, choices.payment)
    for row in rows:
        for text in _of_row(frozen[row.candidate.number], row):
            yield _("line %(line)d, %(account)s: %(text)s") % {
                "line": row.candidate.number,
                "account": row.candidate.account.username,
                "text": text,
            }
    now = row_totals.summary(rows, totals, choices)
    yield from _of_money(preview, now["credits"])
    if now["receipts"] != preview.summary.get("receipts", {}):
        yield _("which fiscal receipts BILLmanager prints has changed")
    if now["letters"] != preview.summary["letters"]:
        yield _("opening letters: %(before)s before, %(after)s now") % {
            "before": _letters(preview.summary["letters"]),
            "after": _letters(now["letters"]),
        }


def _of_row(before: PreviewRow, row: Judged) -> Iterator[str]:
    """The differences of one row that was ready."""
    if row.state != RowState.READY:
        yield " ".join(str(of_json(one)) for one in [*row.blocks, *row.choose])
        return
    if (before.price, before.currency) != (row.price, row.currency):
        yield _("the price was %(before)s and is %(after)s") % {
            "before": f"{before.price} {before.currency}",
            "after": f"{row.price} {row.currency}",
        }
    if (before.module_id, before.datacenter_id) != (row.module_id, row.datacenter_id):
        yield _("its server is served by another module or data centre now")
    known = {reason["key"] for reason in before.reasons}
    for note in row.notes:
        if note["key"] in CHANGE_KEYS and note["key"] not in known:
            yield str(of_json(note))
    if before.su != row.su:
        yield _("it would be ordered as %(after)s instead of %(before)s") % {
            "before": before.client_email or before.su,
            "after": row.email or row.su,
        }


def _of_money(preview: Preview, credits_now: list[dict[str, str]]) -> Iterator[str]:
    if credits_now != preview.summary["credits"]:
        yield _("credited first: %(before)s before, %(after)s now") % {
            "before": _amounts(preview.summary["credits"]),
            "after": _amounts(credits_now),
        }


def _amounts(sums: list[dict[str, str]]) -> str:
    return ", ".join(f"{one['amount']} {one['currency']}" for one in sums) or _("nothing")


def _letters(letters: list[dict[str, object]]) -> str:
    named = [f"{one['plan']}: {one['letter']} × {one['count']}" for one in letters]
    return ", ".join(named) or _("none")
