"""A panel's parallel limit, over all threads, processes and machines.

The panel's places (``PanelSlot``) are leased by processes, not by calls: a process takes what
its threads need, uses a place for one call after another, and gives back what it no longer needs
or what exceeds its fair share. So a call costs no statement, and the limit survives an emptied
Redis, because it is not kept there.
"""

from __future__ import annotations

import math
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings

from integrator.core import clock, heartbeat
from integrator.panel_access.parallel import adaptive_limit, leased_places, urgency
from panels.coremanager.errors import LimitTimeout
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from integrator.panel_access.parallel.urgency import Rank

LIMIT_SECONDS = 1.0
"""How long a limit that was read is used."""
IDLE_SECONDS = 2.0
"""A place that nobody has used for so long is released."""
OFFERED_SECONDS = 0.1
"""The same where another process waits for places."""
WANTING_SECONDS = 0.5
"""So long after a call has waited for a place, this process is taken to want more of them."""
TOLD_SECONDS = 1.0
"""So often others are told that it does."""
PATIENCE = 5.0
"""Seconds after which one of the calls that give way to others does so no longer."""
_LOOK = 0.1
"""Seconds between two looks for a place that another process may have given back."""


@dataclass(slots=True)
class _Waiting:
    """The threads of this process that wait for a place with calls of one rank.

    ``since``: when the first of them came, or one of them last had a place.
    """

    changed: threading.Condition
    since: float
    count: int = 0

    @property
    def is_overdue(self) -> bool:
        return clock.monotonic() - self.since >= PATIENCE


@dataclass(slots=True)
class _Pool:
    """The places of this process on one panel.

    ``ranks``: those that wait, by their `urgency`. ``keep``: so many places it may have under way,
    while other processes wait for some. All methods want the lock to be held.
    """

    panel: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    calm: threading.Condition = field(init=False)
    ranks: dict[Rank, _Waiting] = field(default_factory=dict)
    idle: dict[int, float] = field(default_factory=dict)
    busy: set[int] = field(default_factory=set)
    keep: float = math.inf
    expires: float = float("-inf")
    lacked_at: float = float("-inf")
    fetching: bool = False
    fetch_at: float = float("-inf")
    limit: int = 1
    limit_read: float = float("-inf")

    def __post_init__(self) -> None:
        self.calm = threading.Condition(self.lock)

    @property
    def held(self) -> int:
        return len(self.idle) + len(self.busy)

    @property
    def waiting(self) -> int:
        return sum(one.count for one in self.ranks.values())

    @contextmanager
    def waits(self, rank: Rank) -> Iterator[_Waiting]:
        """One more waits, with others of its rank."""
        alone = _Waiting(threading.Condition(self.lock), clock.monotonic())
        mine = self.ranks.setdefault(rank, alone)
        mine.count += 1
        try:
            yield mine
        finally:
            mine.count -= 1
            if not mine.count:
                del self.ranks[rank]
                self.calm.notify_all()

    def is_crowded(self, rank: Rank) -> bool:
        """Whether calls of this rank wait, or such as go before them."""
        return bool(self.ranks) and min(self.ranks) <= rank

    def goes_first(self, rank: Rank) -> bool:
        """Whether those that wait with this rank are next, or have waited for long enough."""
        return rank == min(self.ranks) or self.ranks[rank].is_overdue

    def next_place(self) -> int | None:
        """A place that can be used now; None: none."""
        number = min(self.idle, default=self.limit)
        # Places above the limit, which may have been lowered, are left to be given up.
        free = number < self.limit and clock.monotonic() < self.expires
        return number if free and len(self.busy) < self.keep else None

    def may_fetch(self) -> bool:
        """Whether it is time to look for more places than these."""
        return not self.fetching and self.held < self.keep and clock.monotonic() >= self.fetch_at

    def tell(self, count: int) -> None:
        """Wake so many of those that wait."""
        for _late, rank in sorted((not one.is_overdue, rank) for rank, one in self.ranks.items()):
            self.ranks[rank].changed.notify(count)
            count -= self.ranks[rank].count
            if count <= 0:
                return

    def given_up(self, now: float) -> list[int]:
        """Take out the places that are not needed, or that others have a right to."""
        idle_for = IDLE_SECONDS if self.keep == math.inf else OFFERED_SECONDS
        found = [
            number
            for number, since in self.idle.items()
            if number >= self.limit or (now - since > idle_for and not self.waiting)
        ]
        left = sorted(self.idle.keys() - found, reverse=True)
        over = self.held - len(found) - self.keep
        found += left[: int(max(min(over, len(left)), 0))]
        for number in found:
            del self.idle[number]
        return found


class DatabaseLimiter:
    """A ``panels`` Limiter whose places are rows of the database."""

    def __init__(self, limit_of: Callable[[str], int] | None = None) -> None:
        self._limit_of = limit_of or adaptive_limit.limit
        self._pools: dict[str, _Pool] = {}
        self._lock = threading.Lock()
        self._told: tuple[set[str], float] = set(), float("-inf")

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
            with pool.lock:
                pool.busy.discard(number)
                pool.idle[number] = clock.monotonic()
                pool.tell(1)

    def is_crowded(self, rank: Rank) -> bool:
        """Whether more calls of this rank would only wait for a place, as others do already."""
        return any(pool.is_crowded(rank) for pool in self._all())

    def wait_for_room(self, rank: Rank, seconds: float) -> bool:
        """Wait for so long at the most until nothing is crowded; False: something still is."""
        deadline = clock.monotonic() + seconds
        for pool in self._all():
            with pool.lock:
                while pool.is_crowded(rank):
                    left = deadline - clock.monotonic()
                    if left <= 0:
                        return False
                    pool.calm.wait(left)
        return True

    def _all(self) -> list[_Pool]:
        with self._lock:
            return list(self._pools.values())

    def _pool(self, panel: str) -> _Pool:
        with self._lock:
            pool = self._pools.get(panel)
            if pool is None:
                pool = self._pools[panel] = _Pool(panel)
                heartbeat.add_duty(self.extend, at_end=self.release_all)
                heartbeat.add_duty(self.exchange, often=True)
            return pool

    def _refresh_limit(self, pool: _Pool) -> None:
        """Read the panel's present limit where what is known is older than ``LIMIT_SECONDS``."""
        now = clock.monotonic()
        with pool.lock:
            if now - pool.limit_read < LIMIT_SECONDS:
                return
            pool.limit_read = now
        limit = self._limit_of(pool.panel)
        with pool.lock:
            pool.limit = limit

    def _take(self, pool: _Pool, timeout: float) -> int:
        deadline, rank = clock.monotonic() + timeout, urgency.rank()
        with pool.lock, pool.waits(rank) as mine:
            while True:
                goes_first = pool.goes_first(rank)
                number = pool.next_place() if goes_first else None
                if number is not None:
                    mine.since = clock.monotonic()
                    del pool.idle[number]
                    pool.busy.add(number)
                    return number
                pool.lacked_at = clock.monotonic()
                if goes_first and pool.may_fetch():
                    self._fetch(pool)
                    continue
                left = deadline - clock.monotonic()
                if left <= 0:
                    message = note("send.no_place", seconds=round(timeout))
                    raise LimitTimeout(message, panel=pool.panel)
                mine.changed.wait(min(left, _LOOK))

    def _fetch(self, pool: _Pool) -> None:
        """Lease free places, as many as threads wait. The caller holds the pool's lock."""
        pool.fetching = True
        wanted = int(min(pool.waiting, pool.keep - pool.held))
        pool.lock.release()
        numbers: list[int] = []
        expires = clock.monotonic() + settings.LEASE_SECONDS
        try:
            numbers = leased_places.lease(pool.panel, pool.limit, wanted)
        finally:
            pool.lock.acquire()
            pool.fetching = False
            now = clock.monotonic()
            if pool.expires <= now:
                # Our lease had run out while nobody looked: those places are not ours any more.
                pool.idle.clear()
            fresh = [number for number in numbers if number not in pool.busy]
            pool.idle.update(dict.fromkeys(fresh, now))
            if fresh:
                pool.expires = expires if not pool.busy else max(pool.expires, expires)
                pool.tell(len(fresh))
            else:
                pool.fetch_at = now + _LOOK

    def exchange(self) -> None:
        """Tell other processes that places are wanted; give up what they have a right to.

        A heartbeat duty, often.
        """
        now = clock.monotonic()
        pools = self._all()
        wanted = {pool.panel for pool in pools if now - pool.lacked_at < WANTING_SECONDS}
        told, told_at = self._told
        if wanted != told or (wanted and now - told_at >= TOLD_SECONDS):
            leased_places.want(wanted)
            self._told = wanted, now
        if not any(pool.held for pool in pools):
            return
        others = leased_places.wanting()
        for pool in pools:
            beside = others[pool.panel]
            with pool.lock:
                pool.keep = max(1, math.ceil(pool.limit / (beside + 1))) if beside else math.inf
                given_up = pool.given_up(now)
            if given_up:
                leased_places.release(pool.panel, given_up)

    def extend(self) -> None:
        """Extend the leases of what is held. A heartbeat duty."""
        adaptive_limit.recover()
        for pool in self._all():
            now = clock.monotonic()
            with pool.lock:
                held = [*pool.idle, *pool.busy]
            if held and leased_places.extend(pool.panel, held):
                with pool.lock:
                    pool.expires = now + settings.LEASE_SECONDS

    def release_all(self) -> None:
        """Release every place of this process, as it ends; else they were missed for a lease."""
        leased_places.release_all()
        with self._lock:
            self._pools.clear()
