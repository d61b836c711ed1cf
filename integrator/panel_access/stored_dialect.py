"""Finds out what a registered BILLmanager calls things, and keeps it on its row."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

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
from panels.coremanager.errors import PanelError

log = structlog.get_logger(__name__)

_NEEDED = (
    *("plan_modules_list", "plan_modules_enable", "plan_modules_disable", "plan_modules_parent"),
    *("manual_module", "module_create", "module_button", "order", "cart", "client_filter"),
)
"""Entries without which an open window could not go on."""

AGAIN = dt.timedelta(seconds=10)
"""So often at most a panel of one version is asked anew what it calls things."""
SOUGHT = "names_sought"
"""In ``Panel.learnt``: when that was last done, since some name did not hold any more."""


def found_for(panel: Panel) -> Dialect:
    """What this BILLmanager calls things, as discovery found it."""
    return Dialect.from_json(panel.dialect)


def dialect_of(panel: Panel) -> Dialect:
    """What this BILLmanager calls things, as found, with the administrator's corrections."""
    return found_for(panel).with_overrides(panel.overrides)


def learn_dialect(panel: Panel, *, at_work: bool = False) -> Dialect:
    """Ask the panel what it calls things and keep the answer on its row (design.md, section 9).

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
                row.learnt = {key: row.learnt[key] for key in (SOUGHT,) if key in row.learnt}
                columns.append("learnt")
        row.dialect, row.version = dialect.to_json(), dialect.version
        row.save(update_fields=columns)
    panel.refresh_from_db(fields=["dialect", "version", "learnt", "overrides"])
    return dialect


def names_again(panel_id: int, used: Dialect) -> Dialect | None:
    """What this panel calls things now, since a name of ``used`` does not hold any more.

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
        _tell(panel, used, found)
    return found


def _names(dialect: Dialect) -> tuple[object, ...]:
    entries = ("plan_modules_list", "plan_modules_enable", "plan_modules_disable")
    found = [getattr(dialect, name) for name in (*entries, "plan_modules_parent")]
    return (*((one.value, one.kind) if one else None for one in found), dialect.functions)


def _may_ask(panel_id: int) -> bool:
    """Whether it is this thread's turn to ask; nobody else does so for a while then."""
    now = clock.now()
    with transaction.atomic():
        row = Panel.objects.select_for_update().get(pk=panel_id)
        last = row.learnt.get(SOUGHT)
        if last is not None and now - AGAIN < dt.datetime.fromisoformat(last) <= now:
            return False
        row.learnt = {**row.learnt, SOUGHT: now.isoformat()}
        row.save(update_fields=["learnt"])
    return True


def _tell(panel: Panel, used: Dialect, found: Dialect) -> None:
    """People see in the events what was renamed under our hands."""
    gone = ", ".join(sorted(used.functions - found.functions)) or "–"
    new = ", ".join(sorted(found.functions - used.functions)) or "–"
    why = say("panel.renamed", panel=panel.name, new=new, gone=gone)
    Event.objects.create(
        at=clock.now(), actor="integrator", subject="panel", to_state="learnt again", why=why
    )
    log.warning("panel.renamed", panel=panel.name, gone=gone, new=new)
