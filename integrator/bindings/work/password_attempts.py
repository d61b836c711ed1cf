"""Tries of accounts' passwords on one ispmanager: few, spaced, and none after a lock-out shows.

A server may ban an address after some wrong passwords (ispmanager.md 1.2), ours and with it every
binding of that server. So at most one password is tried at a time, the pause grows with each wrong
one in a row, and a refusal that speaks of our address stops all further tries.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db.models import F, Min, Q

from integrator.core import clock
from integrator.messages.message import named, say
from integrator.models import Panel
from integrator.runs import pauses
from panels.coremanager.errors import PanelError

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from integrator.messages.message import Message
    from integrator.models import Binding, Run
    from panels.ispmanager import IspManager, PasswordCheck

MIN_SPACING = 0.1
"""Seconds between two tries while all are right."""
MAX_SPACING = 30.0
"""Seconds between two tries at most, however many were wrong."""
MAX_TRY = 60.0
"""Seconds after which a try that was begun and never told about no longer holds up the others."""
LOCK_OUT = frozenset({"address", "captcha"})
"""Reasons of a refusal that speak of us, not of the account (LoginReason)."""
MAX_WRONG_IN_ROW = 5
"""So many wrong passwords in a row stop the tries: the list is stale, or a ban is near."""


class TooSoonError(Exception):
    """Another try is under way, or the pause after the last one is not over; ask again ``at``."""

    def __init__(self, at: dt.datetime) -> None:
        self.at = at
        super().__init__(f"no password may be tried before {at:%H:%M:%S}")


def one(panel: Panel, isp: IspManager, username: str, password: str) -> PasswordCheck:
    """Try one password of one account: the only way in which the workflow does.

    Raises TooSoonError, and what ``panels`` raises when the try did not come about.
    """
    later = _take_turn(panel)
    if later is not None:
        raise TooSoonError(later)
    try:
        result = isp.password_is_right(username, password)
    except PanelError:
        # Nothing is known of any password.
        Panel.objects.filter(pk=panel.pk).update(password_try_at=clock.now())
        raise
    _note(panel, result)
    return result


def mind_turn(panel: Panel) -> None:
    """Raise TooSoonError when no password may be tried now; asked before reading what goes with it.

    It takes no turn.
    """
    now = clock.now()
    at = _next_try(panel)
    if at is not None and at > now:
        raise TooSoonError(_again(at, now))


def _next_try(panel: Panel) -> dt.datetime | None:
    return Panel.objects.filter(pk=panel.pk).values_list("password_try_at", flat=True).first()


def _again(at: dt.datetime, now: dt.datetime) -> dt.datetime:
    """A try is mostly over in a moment: look again soon, not when it would have timed out."""
    return min(at, now + dt.timedelta(seconds=1))


def _take_turn(panel: Panel) -> dt.datetime | None:
    """Take the right to try one password now; else the time at which to ask again."""
    now = clock.now()
    free = Q(password_try_at=None) | Q(password_try_at__lte=now)
    until = now + dt.timedelta(seconds=MAX_TRY)
    if Panel.objects.filter(free, pk=panel.pk).update(password_try_at=until):
        return None
    return _again(_next_try(panel) or now, now)


def _note(panel: Panel, result: PasswordCheck) -> None:
    """Write down how a try ended, and when the next may be made; pauses runs where it must."""
    rows = Panel.objects.filter(pk=panel.pk)
    before = rows.values_list("wrong_passwords", flat=True).first() or 0
    locked = result.verdict == "blocked" and result.reason in LOCK_OUT
    if result.verdict == "right":
        rows.update(wrong_passwords=0)
    elif result.verdict == "wrong" or locked:
        rows.update(wrong_passwords=F("wrong_passwords") + 1)
    wrong = rows.values_list("wrong_passwords", flat=True).first() or 0
    pause = dt.timedelta(seconds=min(MIN_SPACING * 3**wrong, MAX_SPACING))
    rows.update(password_try_at=clock.now() + pause)
    # One account alone may be bound to addresses; two in a row, or one after a wrong password,
    # speak of ours.
    if locked and (before or result.reason == "captcha"):
        _stop(
            panel,
            say("password.locked_out", server=panel.name, reason=named("login", result.reason)),
        )
    elif result.verdict == "wrong" and wrong >= MAX_WRONG_IN_ROW:
        _stop(panel, say("password.wrong_in_row", count=wrong, server=panel.name))


def _stop(panel: Panel, why: Message) -> None:
    """Pause what would go on trying; a person who resumes starts the count anew."""
    pauses.pause_all(panel, why)


def start_anew(run: Run) -> None:
    """A person has resumed the run: count wrong passwords on its servers from nothing."""
    servers = Panel.objects.filter(pk__in=run.bindings.values("account__panel"))
    servers.filter(wrong_passwords__gt=0).update(wrong_passwords=0, password_try_at=None)


def possible(now: Any) -> Q:
    """Bindings on whose server a password may be tried at this time."""
    at = "account__panel__password_try_at"
    return Q(**{at: None}) | Q(**{f"{at}__lte": now})


def seconds_until_next(bindings: QuerySet[Binding]) -> float:
    """How long to wait until a password of one of these may be tried; bounded both ways."""
    at = bindings.aggregate(first=Min("account__panel__password_try_at"))["first"]
    left = (at - clock.now()).total_seconds() if at is not None else 0.0
    return min(max(left, MIN_SPACING), MAX_SPACING / 6)
