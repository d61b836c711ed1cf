"""The dialect of a registered BILLmanager: discovered, corrected, stored in the panel's row."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog
from django.db import transaction

from integrator.core import clock
from integrator.messages import panel_errors
from integrator.messages.message import say
from integrator.messages.panel_errors import NotSentBecause
from integrator.models import Event, Panel
from integrator.panel_access.transports import transport
from panels import billmanager as panel_client
from panels.billmanager.dialect.dialect import Dialect
from panels.billmanager.tasks import completeness
from panels.coremanager.errors import PanelError

if TYPE_CHECKING:
    from panels.billmanager.dialect.shapes import Shape

log = structlog.get_logger(__name__)

_NEEDED = (
    *("plan_modules_list", "plan_modules_enable", "plan_modules_disable", "plan_modules_parent"),
    *("manual_module", "module_create", "module_button", "order", "cart", "client_filter"),
)
"""Entries without which an open window could not go on."""

TASK_FORMS = "task_forms"
"""In ``Panel.learnt``: function → shape of a task's form (`dialect.shapes`), values never."""

MIN_RELEARN_INTERVAL = dt.timedelta(seconds=10)
"""Between two discoveries of the names while work goes on, per panel."""
RELEARNED_AT = "names_sought"
"""Key in ``Panel.learnt``: when names were last discovered because one was refused."""


def found_for(panel: Panel) -> Dialect:
    """The dialect of this BILLmanager as discovery found it."""
    return Dialect.from_json(panel.dialect)


def dialect_of(panel: Panel) -> Dialect:
    """The dialect of this BILLmanager as found, with the administrator's corrections."""
    return found_for(panel).with_overrides(panel.overrides)


def task_forms(panel: Panel) -> dict[str, Shape]:
    """The shapes of the forms of this BILLmanager's tasks that were seen, by their functions."""
    found: dict[str, Shape] = panel.learnt.get(TASK_FORMS, {})
    return found


def needs_password(panel: Panel) -> bool | None:
    """Whether closing a task of this BILLmanager asks for the account's password.

    None: no task's form was seen yet, or none since its last upgrade.
    """
    return completeness.needs_password(task_forms(panel).values(), dialect_of(panel))


def learn_dialect(panel: Panel, *, at_work: bool = False) -> Dialect:
    """Discover the panel's dialect and store it in its row (design.md, section 9).

    ``at_work``: while work goes on; then a name that is not found now stays what it was, since a
    panel that is just being upgraded may show less than it has.
    Raises PanelError.
    """
    staff = transport(panel, as_task_staff=True) if panel.task_username else None
    found = panel_client.discover(transport(panel), staff, overrides=panel.overrides)
    with transaction.atomic():
        # Asking took seconds, in which a worker may have learnt from a task's form, or a person
        # corrected a name.
        row = Panel.objects.select_for_update().get(pk=panel.pk)
        dialect, columns = found, ["dialect", "version"]
        if row.dialect:
            known = found_for(row)
            dialect = found.keeping(known)
            if at_work:
                lost = [n for n in _NEEDED if getattr(dialect, n) is None]
                dialect = replace(dialect, **{name: getattr(known, name) for name in lost})
            if known.version != found.version:
                # Another version may behave otherwise; when its names were sought stays.
                row.learnt = {key: row.learnt[key] for key in (RELEARNED_AT,) if key in row.learnt}
                columns.append("learnt")
        row.dialect, row.version = dialect.to_json(), dialect.version
        row.save(update_fields=columns)
    panel.refresh_from_db(fields=["dialect", "version", "learnt", "overrides"])
    return dialect


def relearn_names(panel_id: int, used: Dialect) -> Dialect | None:
    """The panel's present dialect, after a name of ``used`` was refused.

    None: nothing that is known, or was found just now, is other than in ``used``. The panel is
    asked once in ten seconds at most, whoever needs it; others take what was found meanwhile.
    Raises NotSent where the panel cannot be asked; the call that failed has done nothing.
    """
    panel = Panel.objects.get(pk=panel_id)
    found = dialect_of(panel)
    if _names(found) == _names(used):
        if not _may_ask(panel_id):
            return None
        try:
            learn_dialect(panel, at_work=True)
        except PanelError as error:
            why = panel_errors.of_error(error)
            raise NotSentBecause(say("panel.names_lost", why=why)) from error
        found = dialect_of(panel)
        if _names(found) == _names(used):
            return None
        _note_renamed(panel, used, found)
    return found


def _names(dialect: Dialect) -> tuple[object, ...]:
    entries = ("plan_modules_list", "plan_modules_enable", "plan_modules_disable")
    found = [getattr(dialect, name) for name in (*entries, "plan_modules_parent")]
    return (*((one.value, one.kind) if one else None for one in found), dialect.functions)


def _may_ask(panel_id: int) -> bool:
    """Whether this thread may ask the panel; no other does for ``MIN_RELEARN_INTERVAL`` then."""
    now = clock.now()
    with transaction.atomic():
        row = Panel.objects.select_for_update().get(pk=panel_id)
        last = row.learnt.get(RELEARNED_AT)
        if last is not None and now - MIN_RELEARN_INTERVAL < dt.datetime.fromisoformat(last) <= now:
            return False
        row.learnt = {**row.learnt, RELEARNED_AT: now.isoformat()}
        row.save(update_fields=["learnt"])
    return True


def _note_renamed(panel: Panel, used: Dialect, found: Dialect) -> None:
    """Record an event with the functions that the panel has renamed."""
    gone = ", ".join(sorted(used.functions - found.functions)) or "–"
    new = ", ".join(sorted(found.functions - used.functions)) or "–"
    why = say("panel.renamed", panel=panel.name, new=new, gone=gone)
    Event.objects.create(
        at=clock.now(), actor="integrator", subject="panel", to_state="learnt again", why=why
    )
    log.warning("panel.renamed", panel=panel.name, gone=gone, new=new)
