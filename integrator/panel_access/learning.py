"""Finds out what a registered BILLmanager calls things, and keeps it on its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.panel_access import connect
from panels import billmanager as panel_client
from panels.billmanager.dialect import Dialect

if TYPE_CHECKING:
    from integrator.models import Panel


def learn_dialect(panel: Panel) -> Dialect:
    """Ask the panel what it calls things and keep the answer on its row (design.md, section 9).

    Raises panels.errors.PanelError.
    """
    staff = connect.transport(panel, as_task_staff=True) if panel.task_username else None
    known = Dialect.from_json(panel.dialect) if panel.dialect else None
    dialect = panel_client.discover(
        connect.transport(panel), staff, known=known, overrides=panel.overrides
    )
    panel.dialect = dialect.to_json()
    panel.version = dialect.version or ""
    columns = ["dialect", "version"]
    if known is not None and known.version != dialect.version:
        panel.learnt = {}  # another version may behave otherwise
        columns.append("learnt")  # else left alone: a worker may have added to it meanwhile
    panel.save(update_fields=columns)
    return dialect
