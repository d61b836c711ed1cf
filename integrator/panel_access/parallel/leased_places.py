"""The places for calls that this process has leased, as rows that all processes see."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q

from integrator.core import clock, heartbeat
from integrator.models import PanelSlot, WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet


WANTED_FOR = 3.0
"""So many seconds a process is believed that it wants places: it says so again, unless it died."""


def lease(panel: str, limit: int, wanted: int) -> list[int]:
    """Lease up to ``wanted`` free places of ``panel``; the numbers that are now ours."""
    me, now = heartbeat.process_token(), clock.now()
    until = now + dt.timedelta(seconds=settings.LEASE_SECONDS)
    slots = PanelSlot.objects.filter(panel=panel, number__lt=limit)
    free = Q(expires_at=None) | Q(expires_at__lt=now)
    numbers = list(slots.filter(free).order_by("number").values_list("number", flat=True)[:wanted])
    if not numbers and slots.count() < limit:
        PanelSlot.objects.bulk_create(
            [PanelSlot(panel=panel, number=number) for number in range(limit)],
            ignore_conflicts=True,
        )
        numbers = list(range(min(wanted, limit)))
    if not numbers:
        return []
    taken = slots.filter(free, number__in=numbers)
    if not taken.update(holder=me, expires_at=until):
        return []
    return list(
        slots.filter(holder=me, expires_at=until, number__in=numbers).values_list(
            "number", flat=True
        )
    )


def extend(panel: str, numbers: Collection[int]) -> bool:
    """Hold these for a lease time more; False: none of them is ours any more."""
    until = clock.now() + dt.timedelta(seconds=settings.LEASE_SECONDS)
    return bool(_ours(panel).filter(number__in=numbers).update(expires_at=until))


def release(panel: str, numbers: Collection[int]) -> None:
    """Leave these to others."""
    _ours(panel).filter(number__in=numbers).update(holder="", expires_at=None)


def release_all() -> None:
    """Leave all of this process's places on all panels to others."""
    mine = PanelSlot.objects.filter(holder=heartbeat.process_token())
    mine.update(holder="", expires_at=None)


def want(panels: Collection[str]) -> None:
    """Tell other processes on which panels this one would like more places."""
    mine = WorkerProcess.objects.filter(token=heartbeat.process_token())
    mine.update(wants=dict.fromkeys(sorted(panels), clock.now().timestamp()))


def wanting() -> Counter[str]:
    """How many other processes would like more places just now, by panel."""
    now = clock.now()
    alive = now - dt.timedelta(seconds=settings.LEASE_SECONDS)
    others = WorkerProcess.objects.filter(seen_at__gte=alive).exclude(wants={})
    wants = others.exclude(token=heartbeat.process_token()).values_list("wants", flat=True)
    since = now.timestamp() - WANTED_FOR
    return Counter(panel for one in wants for panel, told_at in one.items() if told_at > since)


def _ours(panel: str) -> QuerySet[PanelSlot]:
    return PanelSlot.objects.filter(panel=panel, holder=heartbeat.process_token())
