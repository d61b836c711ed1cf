"""What only work on a panel shows: its tasks' forms, that they can be closed, and its upgrades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction

from integrator.models import Intent, Panel
from integrator.models.states import Outcome
from integrator.panel_access import proven_names, stored_dialect, transports
from integrator.panel_access.stored_dialect import TASK_FORMS
from integrator.steps import step7_close_the_task as step7
from panels.billmanager.dialect import shapes
from panels.billmanager.discovery.report_keys import AFTER
from panels.billmanager.optional_reads import read_optional
from panels.billmanager.tasks.close_forms import SECOND
from panels.coremanager.forms import FormLacks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from integrator.models import Binding
    from panels.billmanager import BillManager
    from panels.billmanager.tasks.tasks import TaskForm
    from panels.coremanager.errors import PanelError
    from panels.coremanager.forms import Form

log = structlog.get_logger(__name__)

KEEPS_FORM = "take_keeps_form"


def task_forms(panel: Panel, before: TaskForm, after: TaskForm, *, same: bool) -> None:
    """Keep what the first tasks showed, once for each version of the panel.

    ``same``: taking left the form as it was, so that from now on it need not be read again.
    """
    func = after.address.func
    seen = {before.address.func: before.form}
    if after.address != before.address:
        seen[func + AFTER] = after.form
    if set(seen) <= set(stored_dialect.task_forms(panel)) and (
        KEEPS_FORM in panel.learnt or not same
    ):
        return
    _keep(panel, seen, {KEEPS_FORM: True} if same else {})


def task_form_seen(seen: TaskForm) -> None:
    """Keep what the form of a task shows before anything is done to it."""
    _keep(transports.billmanager_panel(), {seen.address.func: seen.form}, {})


def of_another_version(bm: BillManager) -> bool:
    """Whether the panel was upgraded since its names were found; they are found again then.

    Asked before a plan is touched; a panel that refuses to say is taken to be what it was. Raises
    what reading raises when the panel cannot be reached or lets nobody in.
    """
    answer = read_optional(bm.transport, "whoami")
    known, told = bm.dialect.version, answer.version if answer else None
    if not known or not told or told == known:
        return False
    log.info("panel.upgraded", was=known, now=told)
    stored_dialect.learn_dialect(transports.billmanager_panel())
    return True


def close_proven(bindings: Iterable[Binding]) -> None:
    """Keep that tasks can be closed, if it was we who closed that of one of these bindings.

    Called in the transaction that proves step 7 of them.
    """
    if proven_names.is_close_proven(transports.billmanager_panel(*proven_names.COLUMNS)):
        return
    closed = Intent.objects.filter(
        binding__in=[binding.pk for binding in bindings], kind=step7.CLOSE, outcome=Outcome.DONE
    )
    if closed.exists():
        proven_names.prove_close()


def form_lacks(error: PanelError) -> None:
    """Keep a form of a task that lacked something, or asks for what nobody fills in."""
    if isinstance(error, FormLacks) and error.form is not None and error.func:
        panel = transports.billmanager_panel()
        second = error.func + AFTER
        name = second if second in stored_dialect.task_forms(panel) else error.func
        _keep(panel, {name: error.form}, {})


def _keep(panel: Panel, forms: Mapping[str, Form], facts: Mapping[str, Any]) -> None:
    """Write down forms and facts; names that nobody has set or found yet go to the dialect."""
    with transaction.atomic():
        row = Panel.objects.select_for_update().get(pk=panel.pk)
        known = {name: shapes.of_form(form) for name, form in forms.items()}
        row.learnt = {
            **row.learnt,
            **facts,
            TASK_FORMS: {**stored_dialect.task_forms(row), **known},
        }
        dialect = stored_dialect.found_for(row)
        for name, form in forms.items():
            dialect = dialect.learn_task_form(form, second=name.endswith(SECOND))
        row.dialect = dialect.to_json()
        row.save(update_fields=["learnt", "dialect"])
