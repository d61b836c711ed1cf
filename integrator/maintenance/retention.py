"""Retention: deletes old calls, passwords of previews that nobody started, dead processes.

Events, intents and steps stay: they record who did what, and with what proof.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.conf import settings

from integrator.core import clock
from integrator.models import Call, Preview, PreviewRow, WorkerProcess

if TYPE_CHECKING:
    from django.db.models import QuerySet

BATCH = 2000
"""Rows deleted in one transaction, so that nobody waits long for a lock."""
PREVIEW_PASSWORDS = dt.timedelta(days=1)
"""How long a preview that was not started keeps the passwords it was made with."""
PROCESSES = dt.timedelta(days=1)


def delete_expired() -> dict[str, int]:
    """Delete all that is past its retention; how many rows of each kind."""
    now = clock.now()
    old = now - dt.timedelta(days=settings.CALL_RETENTION_DAYS)
    stale = PreviewRow.objects.filter(preview__created_at__lt=now - PREVIEW_PASSWORDS)
    forgotten = Preview.objects.filter(created_at__lt=now - PREVIEW_PASSWORDS)
    forgotten.exclude(wanted="").update(wanted="")
    return {
        "calls": _delete(Call.objects.filter(at__lt=old)),
        "passwords": stale.exclude(password="").update(password=""),
        "processes": _delete(WorkerProcess.objects.filter(seen_at__lt=now - PROCESSES)),
    }


def _delete(rows: QuerySet[Any]) -> int:
    deleted = 0
    while True:
        ids = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not ids:
            return deleted
        rows.filter(pk__in=ids).delete()
        deleted += len(ids)
