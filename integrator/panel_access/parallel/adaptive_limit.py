"""The adaptive limit of parallel calls to a panel: lower while it is busy or slow.

Halved at each sign that it has too much to do, at most once in a few seconds; raised by one for
each quiet span until the panel's own limit is reached again. Kept in the panel's row, so that it
holds over all processes and is seen on the panel's page.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Greatest

from integrator.core import clock
from integrator.messages import panel_errors
from integrator.messages.message import NOTHING, say
from integrator.models import Panel

if TYPE_CHECKING:
    from integrator.messages.message import Message
    from panels.http.endpoint import Call

MIN_INTERVAL = dt.timedelta(seconds=5)
"""Between two lowerings: answers to calls that were sent before the first say nothing new."""
RECOVERY_INTERVAL = dt.timedelta(seconds=15)
"""After so long without a sign it is raised by one."""


def slow_seconds() -> float:
    """Seconds from which on an answer counts as slow: a third of the time-out of a read."""
    return float(settings.READ_TIMEOUT) / 3


def observe(call: Call) -> None:
    """Lower the panel's limit where this call shows that it is busy or slow."""
    if call.busy:
        lower(call.panel, panel_errors.of_words(call.error))
    elif call.seconds >= slow_seconds():
        lower(call.panel, say("panel.slow", func=call.func, seconds=round(call.seconds)))


def lower(panel: str, why: Message) -> bool:
    """Halve the limit of a panel that has too much to do; False: it was lowered just before."""
    now = clock.now()
    rows = Panel.objects.filter(Q(pace_at=None) | Q(pace_at__lt=now - MIN_INTERVAL), name=panel)
    present = Coalesce(F("pace"), F("max_parallel"))
    return bool(rows.update(pace=Greatest(present / 2, Value(1)), pace_why=why, pace_at=now))


def recover() -> None:
    """Raise by one the limit of each panel that showed no load for a while.

    A heartbeat duty; harmless when done twice.
    """
    now = clock.now()
    quiet = Panel.objects.filter(pace__isnull=False, pace_at__lt=now - RECOVERY_INTERVAL)
    quiet.filter(pace__gte=F("max_parallel") - 1).update(pace=None, pace_why=NOTHING, pace_at=None)
    quiet.filter(pace__lt=F("max_parallel") - 1).update(pace=F("pace") + 1, pace_at=now)


def limit(panel: str) -> int:
    """The present number of parallel calls to the panel; 2 for one that is not registered yet."""
    row = Panel.objects.filter(name=panel).values_list("max_parallel", "pace").first()
    if row is None:
        return 2
    most, pace = row
    return min(most, pace or most)
