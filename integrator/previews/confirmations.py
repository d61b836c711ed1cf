"""Confirmations by a person of rows that need one: a debt, a domain that no account has.

What was confirmed stands in ``PreviewRow.words``, with its amount: more than was confirmed asks
again. It is kept when the preview is made anew, holds when it is compared with the panels, and
is read again before a debtor's balance is credited (``steps.means``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from integrator.core.clock import now
from integrator.core.errors import Refused
from integrator.inventory.lookup import billmanager
from integrator.inventory.mirror import portions
from integrator.messages.message import of_json, say
from integrator.messages.reasons import reason
from integrator.models import Event, Preview, PreviewRow
from integrator.models.states import RowState
from integrator.previews import balances, row_totals, stored_rows
from integrator.previews import preview as previews
from integrator.previews.choices import PayMethod
from integrator.previews.confirmable import KINDS, word_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from integrator.messages.reasons import Reason


def confirm(preview: Preview, words: Collection[str], person: str) -> int:
    """Store these words for every row that asks for them; how many rows were given one.

    A debt is confirmed for all rows of its client: it is one debt. Raises Refused when the
    preview was started, or nothing in it asks for these words any more.
    """
    return _keep(preview, person, lambda asked: word_of(asked) in words)


def confirm_all(preview: Preview, kind: str, person: str) -> int:
    """Confirm whatever of this kind (see ``KINDS``) the rows ask; how many rows were given a word.

    Raises Refused when the preview was started; nothing to confirm is none.
    """
    return _keep(preview, person, lambda asked: asked["key"] in KINDS[kind], needed=False)


def _keep(
    preview: Preview, person: str, meant: Callable[[Reason], bool], *, needed: bool = True
) -> int:
    with transaction.atomic():
        held = Preview.objects.select_for_update().get(pk=preview.pk)
        if held.started_at is not None:
            raise Refused(_("This preview was started; nothing can be confirmed in it any more."))
        rows = list(held.rows.select_related("client", "plan").order_by("number"))
        given: list[PreviewRow] = []
        for row in rows:
            asked = [one for one in row.reasons if _open(row, one) and meant(one)]
            if asked:
                row.words = sorted({*row.words, *map(word_of, asked)})
                said = [reason("confirmed", person=person, said=of_json(one)) for one in asked]
                row.reasons = [*row.reasons, *said]
                given.append(row)
        if needed and not given:
            raise Refused(_("Nothing here asks for that any more; look at the rows again."))
        if given:
            PreviewRow.objects.bulk_update(given, ["words", "reasons"], batch_size=500)
            _judge_again(held, rows)
            _write_down(held, given, person)
    preview.refresh_from_db()
    return len(given)


def _open(row: PreviewRow, one: Reason) -> bool:
    return row.state == RowState.CHOOSE and bool(one.get("asks")) and bool(word_of(one))


def _judge_again(preview: Preview, rows: list[PreviewRow]) -> None:
    """Judge the confirmed rows again and sum up anew."""
    candidates = {one.number: one for one in previews.frozen_candidates(preview)}
    judged = [stored_rows.judged(row, candidates[row.number]) for row in rows]
    totals = balances.settle(judged, preview.payment)
    if preview.paymethod_id is not None:
        method = PayMethod(preview.paymethod_id, preview.paymethod_name)
        totals = previews.within_limits(billmanager(), judged, method, totals)
    summary = row_totals.summary(judged, totals, previews.choices_of(preview))
    pairs = zip(rows, judged, strict=True)
    changed = [row for row, again in pairs if stored_rows.update(row, again)]
    for portion in portions(changed):
        PreviewRow.objects.bulk_update(portion, stored_rows.CHANGED)
    preview.summary = {**preview.summary, **summary}
    preview.save(update_fields=["summary"])


def _write_down(preview: Preview, given: list[PreviewRow], person: str) -> None:
    said = sorted({word for row in given for word in row.words})
    lines = ", ".join(str(row.number) for row in given[:20])
    Event.objects.create(
        at=now(),
        actor=person,
        subject="preview",
        to_state="confirmed",
        why=say("preview.confirmed", preview=str(preview), words=", ".join(said[:20]), rows=lines),
    )
