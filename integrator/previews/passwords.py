"""The password of a single row of a preview, given by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from integrator.models import Preview, PreviewRow

if TYPE_CHECKING:
    from typing import Any

LACKS = "no_password"


def set_password(preview: Preview, number: int, password: str) -> bool:
    """Keep it, encrypted, and no longer say that none is known.

    False: there is no such row, or the preview was started; bindings are given theirs on their
    own page.
    """
    with transaction.atomic():
        rows = PreviewRow.objects.select_for_update().filter(preview=preview, number=number)
        row = rows.first()
        if row is None or Preview.objects.get(pk=preview.pk).started_at is not None:
            return False
        row.password = password
        row.reasons = [one for one in row.reasons if one["key"] != LACKS]
        row.save(update_fields=["password", "reasons"])
    return True


def lacks_password(row: PreviewRow) -> bool:
    """Whether the row says that no password is known."""
    reasons: list[dict[str, Any]] = row.reasons
    return any(one["key"] == LACKS for one in reasons)
