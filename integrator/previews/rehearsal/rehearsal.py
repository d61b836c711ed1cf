"""The rehearsal of a preview: all eight steps walked by reads alone, against the live panels.

The order form is read *as each client*, so that a missing payer profile, terms, add-ons, discounts,
access limits and debts show here and not in the middle of a run. What only a first binding can
show is named as such. Kept in ``Preview.summary["rehearsal"]``; rows that would fail are blocked
and the sums made anew. Nothing on a panel is changed.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import transaction

from integrator.core.clock import now
from integrator.inventory.mirror import portions
from integrator.messages.message import of_json
from integrator.messages.panel_errors import of_error
from integrator.messages.reasons import reason
from integrator.models import Client, Preview, PreviewRow
from integrator.panel_access import call_log, panel_connections, transports
from integrator.previews import balances, confirmable, row_totals, stored_rows
from integrator.previews import preview as previews
from integrator.previews.checks import credit_checks
from integrator.previews.rehearsal import orders
from integrator.previews.rehearsal.requests import sends
from integrator.previews.rehearsal.steps import Walk, wrong
from panels.coremanager.errors import PanelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from integrator.inventory import payment_limits
    from integrator.models import Panel
    from integrator.previews.checks.judged_rows import Judged
    from integrator.previews.rehearsal.steps import Finding

KEY = "rehearsal"
RUNNING, DONE, FAILED = "running", "done", "failed"
WAITING = "waiting"
"""Asked for; no worker has begun."""
MIN_FORMS_FOR_PROGRESS = 64
"""Order forms from which on the progress is shown."""
WRITE_EVERY = 0.5  # seconds between two writes of the progress


def ask_for(preview: Preview) -> None:
    """Store that the rehearsal was requested; the caller wakes a worker for it."""
    _keep(preview, {"state": WAITING, "at": now().isoformat()})


def rehearse(preview: Preview, tell: Callable[[int, int], None] | None = None) -> dict[str, Any]:
    """Rehearse a preview that was not started yet; the result, which the preview keeps too.

    {"state": "done", "at", "seconds", "forms", "steps": [{"step", "found", "unknown", "wrong"}]}
    with reasons in the lists; or {"state": "failed", "error"} with a message when a panel could
    not be asked.
    ``tell(done, total)`` is called with how many order forms were read.
    """
    begun = time.monotonic()
    rows = list(preview.rows.select_related("account", "client", "plan").order_by("number"))
    candidates = {one.number: one for one in previews.frozen_candidates(preview)}
    judged = [stored_rows.judged(row, candidates[row.number]) for row in rows]
    _share_clients(judged)
    panel = transports.billmanager_panel()
    try:
        with call_log.about():
            findings, forms, limits = _walk(panel, preview, judged, _report_progress(preview, tell))
    except PanelError as error:
        why = of_error(error).to_json()
        return _keep(preview, {"state": FAILED, "error": why, "at": now().isoformat()})
    result = {
        "state": DONE,
        "at": now().isoformat(),
        "seconds": round(time.monotonic() - begun, 1),
        "forms": forms,
        "steps": [finding.to_json() for finding in findings],
        "wrong": len(wrong(findings)),
    }
    _save(preview, rows, judged, result, limits)
    return result


def in_words(preview: Preview) -> dict[str, Any] | None:
    """The stored result with its messages in words; None where no rehearsal was requested."""
    kept: dict[str, Any] | None = preview.summary.get(KEY)
    if kept is None:
        return None
    words = dict(kept)
    if "error" in kept:
        words["error"] = str(of_json(kept["error"]))
    if "steps" in kept:
        words["steps"] = [_step_in_words(step) for step in kept["steps"]]
    return words


def _step_in_words(step: dict[str, Any]) -> dict[str, Any]:
    parts = ("found", "unknown", "wrong")
    lists = {part: [str(of_json(one)) for one in step[part]] for part in parts}
    return {"step": step["step"], **lists}


def json_of(preview: Preview) -> dict[str, Any]:
    """The preview as ``preview.preview_json`` gives it, with what the rehearsal adds.

    ``rehearsal``: as ``in_words`` gives it; in each row ``sends``, see ``rehearsal_sends``.
    """
    bm = panel_connections.billmanager(even_stopped=True)
    printed = previews.preview_json(preview)
    rows = preview.rows.select_related("account", "plan").iterator(2000)
    for row, shown_row in zip(rows, printed["rows"], strict=True):
        shown_row["sends"] = sends(row, preview, bm)
    return {**printed, "rehearsal": in_words(preview)}


def _walk(
    panel: Panel, preview: Preview, judged: list[Judged], tell: Callable[[int, int], None]
) -> tuple[Sequence[Finding], int, dict[int, payment_limits.Limits]]:
    bm = panel_connections.billmanager(panel)
    walk = Walk(bm, preview, judged)
    walk.go()
    if bm.dialect.order is None:
        walk.findings[3].wrong.append(reason("order_unknown"))
        return list(walk.findings.values()), 0, {}
    groups = orders.orders_of(judged)
    tell(0, len(groups))
    seen = orders.read_all(
        bm, groups, preview, panel.max_parallel, lambda done: tell(done, len(groups))
    )
    for order, own in groups.items():
        orders.judge(own, seen[order], preview)
    if groups:
        walk.orders_read(len(groups))
    limits = orders.limits_of(groups, seen, preview.paymethod_id)
    return list(walk.findings.values()), len(groups), limits


def _share_clients(judged: list[Judged]) -> None:
    """Make all rows of a client hold one object, so that a balance that is read applies to all."""
    clients: dict[int, Client] = {}
    for row in judged:
        if row.client is not None:
            row.client = clients.setdefault(row.client.pk, row.client)


def _save(
    preview: Preview,
    rows: list[PreviewRow],
    judged: list[Judged],
    result: dict[str, Any],
    limits: dict[int, payment_limits.Limits],
) -> None:
    """Settle, sum up anew and store, unless the preview was started meanwhile."""
    _load_confirmations(preview, judged)
    totals = balances.settle(judged, preview.payment)
    while credit_checks.check(judged, limits, preview.paymethod_name):
        totals = balances.settle_anew(judged, preview.payment)
    summary = row_totals.summary(judged, totals, previews.choices_of(preview))
    pairs = zip(rows, judged, strict=True)
    changed = [row for row, again in pairs if stored_rows.update(row, again)]
    with transaction.atomic():
        _keep(preview, result, **summary)
        if preview.started_at is None:
            for portion in portions(changed):
                PreviewRow.objects.bulk_update(portion, stored_rows.CHANGED)


def _load_confirmations(preview: Preview, judged: list[Judged]) -> None:
    """Load what was confirmed while the panels were read."""
    words = dict(preview.rows.values_list("number", "words"))
    for row in judged:
        row.candidate = replace(row.candidate, words=tuple(words[row.candidate.number]))
        said = [one for one in row.choose if confirmable.is_said(one, row.candidate.words)]
        row.choose = [one for one in row.choose if one not in said]
        row.notes += said


def _keep(preview: Preview, result: dict[str, Any], **summary: Any) -> dict[str, Any]:
    kept = {**preview.summary, **summary, KEY: result}
    waiting = Preview.objects.filter(pk=preview.pk, started_at=None)
    if waiting.update(summary=kept):
        preview.summary = kept
    else:
        preview.refresh_from_db()
    return result


def _report_progress(
    preview: Preview, tell: Callable[[int, int], None] | None
) -> Callable[[int, int], None]:
    """A function that stores the progress, at most twice a second, and calls ``tell``."""
    written = float("-inf")

    def heard(done: int, total: int) -> None:
        nonlocal written
        if tell is not None:
            tell(done, total)
        if time.monotonic() - written >= WRITE_EVERY:
            written = time.monotonic()
            at = now().isoformat()
            _keep(preview, {"state": RUNNING, "at": at, "done": done, "total": total})

    return heard
