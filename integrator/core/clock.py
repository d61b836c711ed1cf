"""The one clock: the database's, in UTC.

Leases, due times and windows are compared by several processes on several machines, so none of
them may use its own wall clock (design.md, section 4). Asking the database for every comparison
would double the statements of a step; instead its time is taken every few seconds and carried
forward on the process's monotonic clock in between.
"""

from __future__ import annotations

import datetime as dt
import threading
import time

from django.db import connection

RESYNC_SECONDS = 5.0
MAX_REORDERING = dt.timedelta(seconds=1)
"""A reading that is earlier than the last one by less than this was only answered faster."""
MIN_STEP = dt.timedelta(seconds=2)
"""What a clock is set ahead by at the least; less is how clocks differ."""
REMEMBERED = dt.timedelta(days=1)
"""So long it is known that the clock was set ahead."""


def _database_time() -> dt.datetime:
    """The database's present time, in UTC, to the microsecond where it has them."""
    if connection.vendor == "postgresql":
        sql = "SELECT clock_timestamp()"
    else:
        sql = "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        value: dt.datetime | str = cursor.fetchone()[0]
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value)
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Clock:
    """Database time carried forward on a monotonic clock; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: float | None = None
        self._database = dt.datetime.min.replace(tzinfo=dt.UTC)
        self._last = self._database
        self._steps: list[tuple[dt.datetime, dt.timedelta]] = []

    def now(self) -> dt.datetime:
        """The present time, at most ``RESYNC_SECONDS`` away from a reading of the database's.

        It goes back only where the database's clock was put back.
        """
        monotonic = time.monotonic()
        with self._lock:
            if self._taken is not None and monotonic - self._taken < RESYNC_SECONDS:
                return self._monotone(
                    self._database + dt.timedelta(seconds=monotonic - self._taken)
                )
        database = _database_time()
        with self._lock:
            self._note_step(database, time.monotonic())
            self._taken, self._database = monotonic, database
            return self._monotone(database)

    def _note_step(self, database: dt.datetime, monotonic: float) -> None:
        """Remember it where more time has passed by this reading than really has."""
        if self._taken is None:
            return
        expected = self._database + dt.timedelta(seconds=monotonic - self._taken)
        if database - expected >= MIN_STEP:
            kept = [one for one in self._steps if one[0] > database - REMEMBERED]
            self._steps = [*kept, (expected, database - expected)]

    def set_ahead(self, since: dt.datetime) -> dt.timedelta:
        """By how much this process has seen the clock being set ahead since then."""
        with self._lock:
            return sum((step for at, step in self._steps if at >= since), dt.timedelta())

    def _monotone(self, now: dt.datetime) -> dt.datetime:
        """This time, or the last one that was returned where that is only a little later."""
        if now >= self._last or self._last - now > MAX_REORDERING:
            self._last = now
        return self._last

    def monotonic(self) -> float:
        """This process's monotonic seconds; what ``send_by`` is measured in."""
        return time.monotonic()


_clock = Clock()


def now() -> dt.datetime:
    """The present time by the database's clock, in UTC."""
    return _clock.now()


def monotonic() -> float:
    """Seconds of a clock that never jumps, for spans within this process."""
    return _clock.monotonic()


def set_ahead(since: dt.datetime) -> dt.timedelta:
    """By how much the clock was set ahead since then, as far as this process has seen it.

    So much less time has passed than ``now`` tells: what waits for time to pass must wait longer.
    """
    return _clock.set_ahead(since)


def is_recent(at: dt.datetime, span: dt.timedelta) -> bool:
    """Whether this was less than ``span`` ago.

    It was not where it lies ahead: then the clock was put back, and nobody knows how old it is.
    """
    return dt.timedelta() <= now() - at < span


def install(clock: Clock) -> Clock:
    """Replace the clock (simulations do) and return the one that was there."""
    global _clock
    previous, _clock = _clock, clock
    return previous
