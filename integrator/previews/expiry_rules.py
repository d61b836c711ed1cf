"""Rules for the day until which new services run, where a row does not name one.

- a date: every service runs until that very day;
- ``month-end``: until the last day of the month in which its paid period ends;
- ``month-start``: until the first of a month, the next one after its paid period has ended.

No rule shortens what was paid for, but a date may.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re

MONTH_END, MONTH_START = "month-end", "month-start"
RULES = (MONTH_END, MONTH_START)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_rule(text: str) -> bool:
    """Whether this can be understood; "" stands for no rule."""
    return not text or text in RULES or day(text) is not None


def applied(rule: str, paid_until: dt.date) -> dt.date | None:
    """The day by this rule; None: there is no rule.

    ``paid_until``: the day on which the period that is paid for ends.
    """
    if rule == MONTH_END:
        return paid_until.replace(day=calendar.monthrange(paid_until.year, paid_until.month)[1])
    if rule == MONTH_START:
        first = paid_until.replace(day=1)
        return paid_until if first == paid_until else (first + dt.timedelta(days=32)).replace(day=1)
    return day(rule)


def day(text: str) -> dt.date | None:
    """The day that is written YYYY-MM-DD; None: it is written otherwise or in no calendar."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
