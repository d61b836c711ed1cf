"""A breaker for each panel: too many failures in a row pause the runs that use it.

A panel that refuses one binding after another will refuse the next ones too, and each leaves
something for a person to clear up. What speaks of one client or account alone (its balance, its
password) does not count. Resuming starts the count anew; the limit stays the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext as _

from integrator.models import Panel
from integrator.workflow import causes, halting

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from integrator.models import Binding, Run

log = structlog.get_logger(__name__)

OF_THE_PANEL = frozenset(
    {
        "access",
        "attempts",
        "busy",
        "certificate",
        "close_unknown",
        "form_unknown",
        "function_missing",
        "internal",
        "login",
        "manual_module",
        "no_task",
        "order_refused",
        "order_unknown",
        "payment_refused",
        "payment_unknown",
        "refused",
        "several_charges",
        "task_refused",
        "unexpected",
        "unreachable",
        "wrong_module",
        "wrong_username",
    }
)
"""Causes that the next binding on the same panel is likely to meet as well."""


def failed(binding: Binding, cause: str, text: str) -> None:
    """A binding has failed or must be decided; in the caller's transaction."""
    if cause not in OF_THE_PANEL:
        return
    rows = _panel_of(binding)
    rows.update(failures_in_row=F("failures_in_row") + 1)
    panel = rows.first()
    if panel is None or panel.failures_in_row < settings.BREAKER:
        return
    title = causes.CAUSES[cause].title
    why = _(
        "%(count)d bindings in a row have failed on %(panel)s, the last one b%(binding)d: "
        "%(title)s. %(text)s"
    ) % {
        "count": panel.failures_in_row,
        "panel": panel.name,
        "binding": binding.pk,
        "title": title,
        "text": text,
    }
    if halting.pause_all(panel, why.strip()):
        log.error("breaker.open", panel=panel.name, failures=panel.failures_in_row, cause=cause)


def succeeded(binding: Binding) -> None:
    """A step of this binding is proven on its panel: the row of failures is over."""
    _panel_of(binding).filter(failures_in_row__gt=0).update(failures_in_row=0)


def start_anew(run: Run) -> None:
    """A person resumes the run: count from nothing on every panel that it uses."""
    servers = run.bindings.values("account__panel")
    for rows in (
        Panel.objects.filter(kind=Panel.Kind.BILLMANAGER),
        Panel.objects.filter(pk__in=servers),
    ):
        rows.filter(failures_in_row__gt=0).update(failures_in_row=0)


def _panel_of(binding: Binding) -> QuerySet[Panel]:
    """The panel that a binding was at work on: its server while it is prepared, then billing."""
    if not binding.prepared:
        return Panel.objects.filter(pk=binding.account.panel_id)
    return Panel.objects.filter(kind=Panel.Kind.BILLMANAGER)
