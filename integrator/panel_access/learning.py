"""Finds out what a registered BILLmanager calls things, and keeps it on its row."""

from __future__ import annotations

from django.db import transaction

from integrator.models import Panel
from integrator.panel_access import connect
from panels import billmanager as panel_client
from panels.billmanager.dialect import Dialect


def learn_dialect(panel: Panel) -> Dialect:
    """Ask the panel what it calls things and keep the answer on its row (design.md, section 9).

    Raises panels.errors.PanelError.
    """
    staff = connect.transport(panel, as_task_staff=True) if panel.task_username else None
    found = panel_client.discover(connect.transport(panel), staff, overrides=panel.overrides)
    with transaction.atomic():
        # Asking took seconds, in which a worker may have learnt from a task's form, or a person
        # corrected a name.
        row = Panel.objects.select_for_update().get(pk=panel.pk)
        dialect, columns = found, ["dialect", "version"]
        if row.dialect:
            known = Dialect.from_json(row.dialect)
            dialect = found.keeping(known)
            if known.version != found.version:
                row.learnt = {}  # another version may behave otherwise
                columns.append("learnt")
        row.dialect, row.version = dialect.to_json(), dialect.version
        row.save(update_fields=columns)
    panel.refresh_from_db(fields=["dialect", "version", "learnt", "overrides"])
    return dialect
