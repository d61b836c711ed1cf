"""Passwords of a preview's accounts: whose are known, and those that a person gives afterwards.

A service is tied to its account with the password, once. What lacks it is left out of the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from integrator.core.errors import Refused
from integrator.models import Panel, Preview, PreviewRow
from integrator.models.states import RowState
from integrator.panel_access import stored_dialect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

    from integrator.previews.choices import Choices

REASON_KEY = "no_password"
"""The key of the reason that a row lacks its password."""


def lacks(row: PreviewRow, preview: Preview) -> bool:
    """Whether this row is left out for want of a password alone."""
    given = row.password or _can_do_without(preview) or preview.started_at
    return row.state == RowState.READY and not given


def lacking(preview: Preview) -> QuerySet[PreviewRow]:
    """The ready rows that are not bound, since nobody has given a password, nor is it reset."""
    ready = preview.rows.filter(state=RowState.READY)
    return ready.none() if _can_do_without(preview) else ready.filter(password="")


def bindable(preview: Preview) -> QuerySet[PreviewRow]:
    """The rows that a run of this preview binds."""
    ready = preview.rows.filter(state=RowState.READY)
    return ready if _can_do_without(preview) else ready.exclude(password="")


def _can_do_without(preview: Preview) -> bool:
    """Whether a run of this preview binds what nobody has given a password for."""
    return preview.reset_passwords or preview.without_passwords


def refuse_without(choices: Choices) -> None:
    """Raise Refused when accounts shall be bound without a password and that may not be.

    BILLmanager's own form of a task says whether one is required, and is seen with the first task.
    """
    if not choices.without_passwords:
        return
    needed = _are_needed()
    if needed is None:
        raise Refused(
            _("Whether BILLmanager asks for a password is seen when the first task is closed: bind"
              " one account with its password first.")
        )  # fmt: skip
    if needed:
        raise Refused(_("BILLmanager asks for each account's password when its task is closed."))


def are_optional() -> bool:
    """Whether BILLmanager is known to tie a service to its account without a password."""
    return _are_needed() is False


def _are_needed() -> bool | None:
    panel = Panel.objects.billmanager()
    return None if panel is None else stored_dialect.needs_password(panel)


def give(preview: Preview, passwords: Mapping[int, str]) -> int:
    """Store these passwords, by account, encrypted; how many rows were given one.

    Raises Refused when the preview was started: bindings are given theirs on their own page.
    """
    with transaction.atomic():
        held = Preview.objects.select_for_update().get(pk=preview.pk)
        if held.started_at is not None:
            raise Refused(_("This preview was started; a password is given on the binding's page."))
        given = list(held.rows.filter(account__in=passwords))
        for row in given:
            row.password = passwords[row.account_id]
            row.reasons = [one for one in row.reasons if one["key"] != REASON_KEY]
        PreviewRow.objects.bulk_update(given, ["password", "reasons"], batch_size=500)
    return len(given)
