"""Whether panels can be read: since when one cannot, why, and when it is tried again.

Nothing was sent, so that what needs such a panel waits, uses up no try, and says so.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import structlog
from django.db.models import Q

from integrator.core import clock
from integrator.messages import panel_errors
from integrator.messages.message import NOTHING
from integrator.models import Panel
from integrator.panel_access.panel_stop import PanelStoppedError
from panels.coremanager.errors import Busy, CertificateRefused, NotSent, TooLate, UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Collection

    from panels.coremanager.errors import PanelError

log = structlog.get_logger(__name__)

MIN_PAUSE = dt.timedelta(seconds=15)
MAX_PAUSE = dt.timedelta(minutes=5)
"""How long no window is opened that needs a panel which is away, at least and at most."""


def is_transient(error: PanelError) -> bool:
    """Whether the same read may succeed later, though nobody changes anything.

    Not where our own process was late, nor where a person must act first (a certificate, or a
    panel that is stopped).
    """
    if isinstance(error, TooLate | CertificateRefused | PanelStoppedError):
        return False
    if isinstance(error, UnexpectedAnswer):
        return error.transient
    return isinstance(error, NotSent | Busy)


def mark_unreachable(error: PanelError) -> Panel | None:
    """Store that the panel which raised this cannot be read; the panel, None if not known."""
    now = clock.now()
    rows = Panel.objects.filter(name=error.panel)
    why = panel_errors.of_error(error)
    if rows.filter(away_since=None).update(away_since=now, away_why=why):
        log.warning("panel.away", panel=error.panel, why=str(error))
    else:
        rows.update(away_why=why)
    return rows.only("name", "kind", "away_since").first()


def back_off(panel: Panel) -> dt.datetime:
    """Open no window that needs this panel until a time, which is returned.

    The pause grows with how long the panel is away already.
    """
    now = clock.now()
    pause = (now - (panel.away_since or now)) / 2
    until = now + min(max(pause, MIN_PAUSE), MAX_PAUSE)
    Panel.objects.filter(pk=panel.pk).update(away_until=until)
    return until


def mark_reachable(servers: Collection[int] = ()) -> None:
    """Store that BILLmanager, and these servers by their ids, were read just now."""
    read = Q(kind=Panel.Kind.BILLMANAGER) | Q(pk__in=servers)
    ids = list(Panel.objects.filter(read, away_since__isnull=False).values_list("pk", flat=True))
    if ids and Panel.objects.filter(pk__in=ids).update(
        away_since=None, away_why=NOTHING, away_until=None
    ):
        log.info("panel.back", panels=ids)


def mark_panel_reachable(panel: Panel) -> None:
    """Store that this panel was read just now."""
    Panel.objects.filter(pk=panel.pk, away_since__isnull=False).update(
        away_since=None, away_why=NOTHING, away_until=None
    )


def in_back_off(now: object) -> Q:
    """The condition on bindings whose server must not be asked yet, see `back_off`."""
    return Q(account__panel__away_until__gt=now)
