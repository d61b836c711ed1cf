"""A panel's parallel limit, over all threads, processes and machines.

The panel's places (``PanelSlot``) are leased by processes, not by calls: a process takes what
its threads need, uses a place for one call after another, and gives back what it no longer needs
or what exceeds its fair share. So a call costs no statement, and the limit survives an emptied
Redis, because it is not kept there.
"""

from __future__ import annotations

import datetime as dt
import math
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q

from integrator.core import clock, heartbeat
from integrator.models import PanelSlot, WorkerProcess
from integrator.panel_access import adaptive_limit
from panels.coremanager.errors import LimitTimeout
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT_SECONDS = 1.0
"""How long a limit that was read is used."""
IDLE_SECONDS = 2.0
"""A place that nobody has used for so long is released."""


@dataclass(slots=True)
class _Pool:
    """The places of this process on one panel."""

    panel: str
    changed: threading.Condition = field(default_factory=threading.Condition)
    idle: dict[int, float] = field(default_factory=dict)
    busy: set[int] = field(default_factory=set)
    expires: float = float("-inf")
    waiting: int = 0
    fetching: bool = False
    refetch_at: float = float("-inf")
    limit: int = 1
    limit_read: float = float("-inf")

    @property
    def held(self) -> int:
        return len(self.idle) + len(self.busy)


class DatabaseLimiter:
    """A ``panels`` Limiter whose places are rows of the database."""

    def __init__(self, limit_of: Callable[[str], int] | None = None) -> None:
        self._limit_of = limit_of or adaptive_limit.limit
        self._pools: dict[str, _Pool] = {}
        self._lock = threading.Lock()

    @contextmanager
    def slot(self, panel: str, timeout: float) -> Iterator[None]:
        """One place for one call.

        Raises LimitTimeout when none came free within ``timeout`` seconds.
        """
        pool = self._pool(panel)
        self._refresh_limit(pool)
        number = self._take(pool, timeout)
        try:
            yield
        finally:
            with pool.changed:
                pool.busy.discard(number)
                pool.idle[number] = clock.monotonic()
                pool.changed.notify()

    def is_crowded(self) -> bool:
        """Whether calls of this process wait for a place, so that more would only wait as well."""
        with self._lock:
            return any(pool.waiting for pool in self._pools.values())

    def _pool(self, panel: str) -> _Pool:
        with self._lock:
            pool = self._pools.get(panel)
            if pool is None:
                pool = self._pools[panel] = _Pool(panel)
                heartbeat.add_duty(self.maintain, at_end=self.release_all)
            return pool

    def _refresh_limit(self, pool: _Pool) -> None:
        """Read the panel's present limit where what is known is older than ``LIMIT_SECONDS``."""
        now = clock.monotonic()
        with pool.changed:
            if now - pool.limit_read < LIMIT_SECONDS:
                return
            pool.limit_read = now
        limit = self._limit_of(pool.panel)
        with pool.changed:
            pool.limit = limit

    def _take(self, pool: _Pool, timeout: float) -> int:
        deadline = clock.monotonic() + timeout
        with pool.changed:
            pool.waiting += 1
            try:
                while True:
                    number = min(pool.idle, default=pool.limit)
                    # Places above the limit, which may have been lowered, are left to be given up.
                    if number < pool.limit and clock.monotonic() < pool.expires:
                        del pool.idle[number]
                        pool.busy.add(number)
                        return number
                    if not pool.fetching and clock.monotonic() >= pool.refetch_at:
                        self._fetch(pool)
                        continue
                    left = deadline - clock.monotonic()
                    if left <= 0:
                        message = note("send.no_place", seconds=round(timeout))
                        raise LimitTimeout(message, panel=pool.panel)
                    pool.changed.wait(min(left, 0.1))
            finally:
                pool.waiting -= 1

    def _fetch(self, pool: _Pool) -> None:
        """Lease free places, as many as threads wait. The caller holds the pool's lock."""
        pool.fetching = True
        wanted = pool.waiting
        pool.changed.release()
        numbers: list[int] = []
        expires = clock.monotonic() + settings.LEASE_SECONDS
        try:
            numbers = _lease(pool.panel, pool.limit, wanted)
        finally:
            pool.changed.acquire()
            pool.fetching = False
            if pool.expires <= clock.monotonic():
                # Our lease had run out while nobody looked: those places are not ours any more.
                pool.idle.clear()
            fresh = [number for number in numbers if number not in pool.busy]
            pool.idle.update(dict.fromkeys(fresh, clock.monotonic()))
            if fresh:
                pool.expires = expires if not pool.busy else max(pool.expires, expires)
                pool.changed.notify(len(fresh))
            else:
                pool.refetch_at = clock.monotonic() + 0.2

    def maintain(self) -> None:
        """Extend what is held, release what is idle or above our share. A heartbeat duty."""
        with self._lock:
            pools = list(self._pools.values())
        wants = {pool.panel: pool.waiting for pool in pools if pool.waiting}
        WorkerProcess.objects.filter(token=heartbeat.process_token()).exclude(wants=wants).update(
            wants=wants
        )
        adaptive_limit.recover()
        for pool in pools:
            self._maintain(pool)

    def _maintain(self, pool: _Pool) -> None:
        now = clock.monotonic()
        with pool.changed:
            if not pool.held:
                return
        keep = self._fair_share(pool)
        with pool.changed:
            over = [number for number in pool.idle if number >= pool.limit]
            given_up = [
                number
                for number, since in sorted(pool.idle.items(), reverse=True)
                if pool.held > keep or (now - since > IDLE_SECONDS and not pool.waiting)
            ][: max(pool.held - keep, 0) if pool.waiting else None]
            given_up += [number for number in over if number not in given_up]
            for number in given_up:
                del pool.idle[number]
            held = [*pool.idle, *pool.busy]
        mine = PanelSlot.objects.filter(panel=pool.panel, holder=heartbeat.process_token())
        if given_up:
            mine.filter(number__in=given_up).update(holder="", expires_at=None)
        if held:
            until = clock.now() + dt.timedelta(seconds=settings.LEASE_SECONDS)
            if mine.filter(number__in=held).update(expires_at=until):
                with pool.changed:
                    pool.expires = now + settings.LEASE_SECONDS

    def _fair_share(self, pool: _Pool) -> int:
        """The number of places this process may keep: all it has, unless others wait for some."""
        alive = clock.now() - dt.timedelta(seconds=settings.LEASE_SECONDS)
        others = WorkerProcess.objects.filter(seen_at__gte=alive).exclude(
            token=heartbeat.process_token()
        )
        wanting = sum(
            1 for wants in others.values_list("wants", flat=True) if wants.get(pool.panel)
        )
        if not wanting:
            return pool.held
        return max(1, math.ceil(self._limit_of(pool.panel) / (wanting + 1)))

    def release_all(self) -> None:
        """Release every place of this process, as it ends; else they were missed for a lease."""
        PanelSlot.objects.filter(holder=heartbeat.process_token()).update(
            holder="", expires_at=None
        )
        with self._lock:
            self._pools.clear()


def _lease(panel: str, limit: int, wanted: int) -> list[int]:
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
