"""Background refresh: which mirrors are too old, and whose e-mails are still to be read.

It only reads, and only what has been discovered by a person once; while something is being bound
it stands back, so that nobody's window gets longer.
"""

from __future__ import annotations

import datetime as dt

import structlog
from django.conf import settings
from django.utils.dateparse import parse_datetime

from integrator.core.clock import now
from integrator.models import Binding, Panel
from integrator.refresh import account_emails, discovery
from panels.coremanager.errors import PanelError

log = structlog.get_logger(__name__)

TRY_AGAIN = dt.timedelta(hours=1)
"""After a discovery that has failed, or whose process has died."""


def to_discover() -> list[int]:
    """The panels whose mirrors are older than ``DRIFT_HOURS``, BILLmanager first."""
    if not settings.DRIFT_HOURS or _busy():
        return []
    old = now() - dt.timedelta(hours=settings.DRIFT_HOURS)
    panels = Panel.objects.filter(stopped="", discovered_at__lt=old).order_by("kind", "name")
    return [panel.pk for panel in panels if _begun(panel) < now() - TRY_AGAIN]


def to_ask() -> list[int]:
    """The servers whose accounts' e-mails are to be read; none that is being discovered."""
    if _busy():
        return []
    servers = Panel.objects.filter(
        kind=Panel.Kind.ISPMANAGER, stopped="", discovered_at__isnull=False
    )
    return [
        panel.pk
        for panel in servers
        if panel.discovery.get("state") != "running" and account_emails.wanted(panel).exists()
    ]


def read_emails(panel_id: int) -> int:
    """Read more e-mails of one server; how many are new. One that does not answer is skipped."""
    panel = Panel.objects.filter(pk=panel_id).first()
    if panel is None or _busy():
        return 0
    try:
        return discovery.read_emails(panel)
    except PanelError as error:
        log.warning("emails.broken_off", panel=panel.name, why=str(error))
        return 0


def _busy() -> bool:
    return Binding.objects.moving().exists()


def _begun(panel: Panel) -> dt.datetime:
    """When the panel's last discovery began, successful or not."""
    begun = parse_datetime(str(panel.discovery.get("started", "")))
    return begun or dt.datetime.min.replace(tzinfo=dt.UTC)
