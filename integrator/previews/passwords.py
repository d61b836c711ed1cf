"""Passwords of single rows of a preview, set by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from integrator.models import Preview, PreviewRow

if TYPE_CHECKING:
    from typing import Any

REASON_KEY = "no_password"
"""The key of the reason that blocks a row without a password."""


def set_password(preview: Preview, number: int, password: str) -> bool:
    """Store the row's password, encrypted, and drop the reason that none is known.

    False: there is no such row, or the preview was started; bindings are given theirs on their
    own page.
    """
    with transaction.atomic():
        rows = PreviewRow.objects.select_for_update().filter(preview=preview, number=number)
        row = rows.first()
        if row is None or Preview.objects.get(pk=preview.pk).started_at is not None:
            return False
        row.password = password
        row.reasons = [one for one in row.reasons if one["key"] != REASON_KEY]
        row.save(update_fields=["password", "reasons"])
    return True


def lacks_password(row: PreviewRow) -> bool:
    """Whether no password is known for the row."""
    reasons: list[dict[str, Any]] = row.reasons
    return any(one["key"] == REASON_KEY for one in reasons)
