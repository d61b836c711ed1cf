"""How much time passes on the clock while a run works within its hours, and the other way round.

Times are of the hours' own time zone. Hours run past midnight where they end before they start.
"""

from __future__ import annotations

import datetime as dt

DAY = dt.timedelta(days=1)
Hours = tuple[dt.time, dt.time]


def until_worked(seconds: float, now: dt.datetime, hours: Hours) -> float:
    """Seconds from now on until so many have passed within the hours.

    >>> night = dt.time(2), dt.time(6)
    >>> until_worked(5 * 3600.0, dt.datetime(2026, 3, 2, 4), night) / 3600  # two, then three
    25.0
    """
    since, length = _place(now, hours)
    worked = min(since, length) + seconds
    days, rest = divmod(worked, length)
    if days and not rest:  # it ends as the hours do
        days, rest = days - 1, length
    return max(days * DAY.total_seconds() + rest - since, 0.0)


def worked_since(begin: dt.datetime, now: dt.datetime, hours: Hours) -> float:
    """Seconds within the hours that have passed since ``begin``.

    >>> night = dt.time(2), dt.time(6)
    >>> worked_since(dt.datetime(2026, 3, 2, 4), dt.datetime(2026, 3, 3, 5), night) / 3600
    5.0
    """
    since, length = _place(begin, hours)
    days, rest = divmod(since + (now - begin).total_seconds(), DAY.total_seconds())
    return days * length + min(rest, length) - min(since, length)


def _place(now: dt.datetime, hours: Hours) -> tuple[float, float]:
    """The seconds since the hours began last, and how many there are of a day."""
    start, end = (dt.datetime.combine(now.date(), time, now.tzinfo) for time in hours)
    return ((now - start) % DAY).total_seconds(), ((end - start) % DAY).total_seconds()
