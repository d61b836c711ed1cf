"""Whether a panel as such cannot be read now, or only what a binding has asked it for."""

from __future__ import annotations

import datetime as dt
import random

from integrator.core import clock
from integrator.models import Panel
from integrator.panel_access import panel_connections, reachability
from panels.coremanager.errors import (
    CertificateRefused,
    LimitTimeout,
    PanelError,
    TooLate,
    Unreachable,
)

MIN_PAUSE, MAX_PAUSE = 2.0, 15.0
"""Seconds until a binding asks a panel again that is away."""


def is_away(error: PanelError) -> bool:
    """Whether nothing can be read from the panel that raised this; it is asked, if it answers.

    Nor could it be read where our own process was late, or found no place for its call: the panel
    was not asked at all. False for what does not pass by itself, and where the panel answers
    another question: then what was asked for does not work, and is not asked for without end.
    """
    if isinstance(error, LimitTimeout | TooLate):
        return True
    if not reachability.is_transient(error):
        return False
    panel = Panel.objects.filter(name=error.panel).first()
    if panel is None:
        return False
    if not isinstance(error, Unreachable) and _answers(panel):
        reachability.mark_panel_reachable(panel)
        return False
    reachability.mark_unreachable(error)
    return True


def pause(error: PanelError) -> dt.timedelta:
    """How long to wait before the panel is asked again: the longer it is away, the longer."""
    now = clock.now()
    since = Panel.objects.filter(name=error.panel).values_list("away_since", flat=True).first()
    seconds = ((now - since) / 2).total_seconds() if since else MIN_PAUSE
    spread = random.uniform(0.7, 1.3)  # noqa: S311 - jitter
    return dt.timedelta(seconds=min(max(seconds, MIN_PAUSE), MAX_PAUSE) * spread)


def _answers(panel: Panel) -> bool:
    """Whether it answers who we are, the cheapest of questions, in whatever way."""
    try:
        if panel.kind == Panel.Kind.BILLMANAGER:
            panel_connections.billmanager(panel).whoami()
        else:
            panel_connections.ispmanager(panel).whoami()
    except CertificateRefused:
        return True
    except PanelError as error:
        return not reachability.is_transient(error)
    return True
