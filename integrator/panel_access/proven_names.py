"""Names of a BILLmanager's dialect that are proven for its present version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction

from integrator.models import Panel
from integrator.panel_access import module_markers, stored_dialect, transports
from panels.billmanager.dialect.names import Close, Found, Take, written

if TYPE_CHECKING:
    from collections.abc import Iterable

log = structlog.get_logger(__name__)

PROVEN = "proven"
"""In ``Panel.learnt``: entry → its value when a step succeeded that needs it. An upgrade of the
panel ends all of it, as everything in ``Panel.learnt``."""
CLOSED_WITH = "closed_with"
"""In ``Panel.learnt``: with what a task was closed and its service then seen active."""
CLOSES_WITH = ("task_close", "task_module", "task_username", "task_password")
"""Entries of the dialect without which no task can be closed."""
ALSO_CLOSES_WITH = ("task_take", "task_fields", "task_open_types")
"""Entries that decide how it is closed, and may be empty: a panel may assign tasks by itself."""

COLUMNS = ("learnt", "dialect", "overrides", "username", "task_username", "url")
"""All of a panel that is looked at here."""

_DECIDES = frozenset({"kind", "name", "value", "before"})
_SWITCHING = ("plan_modules_list", "plan_modules_parent", "plan_modules_marker")


def entries(panel: Panel) -> frozenset[str]:
    """The entries of the dialect that a step has succeeded with as they are now."""
    dialect = stored_dialect.dialect_of(panel)
    proven = panel.learnt.get(PROVEN, {})
    found = {name for name, value in proven.items() if value == text_of(getattr(dialect, name, ""))}
    for on, name in ((True, "plan_modules_enable"), (False, "plan_modules_disable")):
        if module_markers.is_proven_with(panel, dialect, on=on):
            found |= {name, *_SWITCHING}
    if is_close_proven(panel):
        found |= {n for n in (*CLOSES_WITH, *ALSO_CLOSES_WITH) if getattr(dialect, n)}
    return frozenset(found)


def prove(names: Iterable[str]) -> None:
    """Store that a step has just succeeded with these entries as they are.

    Called in the transaction that proves the step. An entry that is not known proves nothing.
    """
    try:
        panel = transports.billmanager_panel(*COLUMNS)
    except transports.NoBillManagerError:
        return
    proven, dialect = panel.learnt.get(PROVEN, {}), stored_dialect.dialect_of(panel)
    values = {name: value for name in names if (value := text_of(getattr(dialect, name)))}
    if all(proven.get(name) == value for name, value in values.items()):
        return
    with transaction.atomic():
        row = Panel.objects.select_for_update().get(pk=panel.pk)
        row.learnt = {**row.learnt, PROVEN: {**row.learnt.get(PROVEN, {}), **values}}
        row.save(update_fields=["learnt"])


def is_close_proven(panel: Panel) -> bool:
    """Whether a task was closed on this panel with the names, login and version of now.

    Neither a name that is not known nor one that was changed since has closed anything yet.
    """
    known = _closes_with(panel)
    return known is not None and panel.learnt.get(CLOSED_WITH) == known


def prove_close() -> None:
    """Store that a task was just closed with the present entries; in the caller's transaction."""
    with transaction.atomic():
        row = Panel.objects.billmanagers().select_for_update().get()
        known = _closes_with(row)
        if known is not None:
            row.learnt = {**row.learnt, CLOSED_WITH: known}
            row.save(update_fields=["learnt"])
            log.info("panel.close_proven", panel=row.name, version=row.version)


def text_of(value: object) -> str:
    """An entry's value as a person would set it; '' where it is not known."""
    if isinstance(value, Found | Take | Close):
        return written(value)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else ""


def _closes_with(panel: Panel) -> dict[str, Any] | None:
    """The entries that decide how a task is closed on this panel; None: one is not known."""
    found: dict[str, Any] = {}
    for name in (*CLOSES_WITH, *ALSO_CLOSES_WITH):
        value = panel.overrides.get(name, panel.dialect.get(name))
        if isinstance(value, dict):  # where it was found decides nothing
            value = {key: one for key, one in value.items() if key in _DECIDES}
        if not value and name in CLOSES_WITH:
            return None
        found[name] = value or []
    login = panel.task_username or panel.username
    return {**found, "version": panel.dialect.get("version", ""), "url": panel.url, "login": login}
