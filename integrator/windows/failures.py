"""What becomes of a window whose driver met an error: waiting, leaving, holding, giving back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction

from integrator.bindings import causes, rows, transitions
from integrator.bindings.work import worker_deaths
from integrator.core import clock
from integrator.messages import panel_errors
from integrator.messages.message import NOTHING, say
from integrator.models import Panel
from integrator.models.states import BindingState, Phase
from integrator.panel_access import reachability
from integrator.panel_access.panel_stop import PanelStoppedError
from integrator.runs import pauses
from integrator.steps.verdicts import Failed
from integrator.windows import lease, members, opening_letters, watchdog
from integrator.windows.phases import restoring
from integrator.windows.phases.opening import CannotOpenError
from panels.coremanager.errors import LoginRefused, PanelError, TooLate

if TYPE_CHECKING:
    from integrator.models import Window
    from integrator.windows.lease import Driver
    from integrator.windows.switching.switches import PlanChangedError

log = structlog.get_logger(__name__)

LOOK_WHILE_HELD = dt.timedelta(seconds=10)
"""How soon a held window looks whether a person, or time, has removed what holds it."""

MAX_BACKOFF = 10.0
"""Seconds: an open window is never left alone for longer."""

MAX_WAIT_UNREAD = dt.timedelta(minutes=1)
"""For so long a window that has touched nothing keeps its place while a panel cannot be read."""

REST_AFTER_DEATHS = dt.timedelta(minutes=5)
"""After so long a window is tried again over which several workers have died."""


def turn_all_away(driver: Driver, verdict: Failed) -> None:
    """The window cannot open: every member fails for the same reason, and it closes."""
    with driver.holding():
        bindings = [b for b in rows.of_window(driver.window) if b.state == BindingState.WAITING]
        ledger = members.Ledger(bindings)
        for binding in bindings:
            ledger.failed(binding, binding.step, verdict)
        ledger.write()
    if _is_untouched(driver.window):
        restoring.close(driver, verdict.text)
        return
    driver.enter(Phase.RESTORING, verdict.text)
    driver.save(due_at=clock.now(), cause=verdict.text if driver.window.held else NOTHING)


def changed_by_others(driver: Driver, error: PlanChangedError) -> None:
    """Not overwritten blindly: the window is held, and a person chooses."""
    window = driver.window
    text = say("plan.changed", on=str(error.present), expected=str(error.expected))
    if window.anyway_by:
        # A person has looked and said: restore from the snapshot whatever is on now.
        driver.save(seen={**driver.seen, "enabled": error.present}, due_at=clock.now())
        return
    lease.hold(driver, text)
    driver.look_again(clock.now() + LOOK_WHILE_HELD)


def after_error(driver: Driver, error: PanelError) -> None:
    """A call of the driver's own failed: try again later, for ever while the plan is switched.

    Before anything was switched, members wait as long as the panel cannot be read, and fail with
    the cause when that does not pass by itself.
    """
    window = driver.window
    cause, told = causes.of_error(error), panel_errors.of_error(error)
    tries = window.attempts + 1
    pauses.stop_panel(error)
    untouched = _is_untouched(window)
    if untouched and isinstance(error, TooLate):
        # Our own process stood still, and nothing was sent: that uses up no try.
        driver.save(cause=told, due_at=clock.now() + transitions.backoff(0, most=MAX_BACKOFF))
        return
    if untouched and reachability.is_transient(error):
        _wait_for(driver, error)
        return
    if untouched and (not cause.passing or tries >= settings.MAX_ATTEMPTS):
        turn_all_away(driver, Failed(cause.key, told))
        return
    if window.phase != Phase.OPENING and reachability.is_transient(error):
        # From here on it is BILLmanager that is read, and it says so again.
        reachability.mark_unreachable(error)
    driver.save(attempts=tries, cause=told)
    if window.phase == Phase.TASKS and isinstance(error, LoginRefused | PanelStoppedError):
        driver.save(closing=True)  # no task can be closed any more: give the plan back
    if tries == 1 or tries % 10 == 0:
        log.warning("window.try_again", window=window.pk, attempts=tries, why=str(error))
    if window.phase in (Phase.OPENING, Phase.ENABLING) and tries >= settings.MAX_ATTEMPTS:
        driver.enter(Phase.RESTORING, say("window.gave_up", why=told))
    driver.save(due_at=clock.now() + transitions.backoff(tries - 1, most=MAX_BACKOFF))
    watchdog.hold_when_late(driver, told)


def _wait_for(driver: Driver, error: PanelError) -> None:
    """A panel cannot be read, and nothing was sent: members wait for it, whatever it takes.

    After a while those who need it leave, so that no place is held for them: they are drawn again
    later. The window stays for the others, where there are any.
    """
    window, now = driver.window, clock.now()
    panel = reachability.mark_unreachable(error)
    tries = window.attempts + 1
    since = panel.away_since if panel is not None and panel.away_since else window.created_at
    if now - since < MAX_WAIT_UNREAD and not window.closing:
        due = now + transitions.backoff(tries - 1, most=MAX_BACKOFF)
        driver.save(attempts=tries, cause=panel_errors.of_error(error), due_at=due)
        return
    leaving = rows.of_window(window)
    if panel is not None:
        reachability.back_off(panel)
        if panel.kind == Panel.Kind.ISPMANAGER:
            leaving = [b for b in leaving if b.account.panel_id == panel.pk] or leaving
    members.leave_all(driver, leaving, why=say("window.unread"))
    log.warning("window.left_its_place", window=window.pk, why=str(error))
    if window.bindings.exists():
        driver.save(attempts=0, cause=NOTHING, due_at=now)
        return
    restoring.close(driver, say("window.unread"))


def rests(driver: Driver) -> bool:
    """Whether this window is left alone now, since several workers have died while they drove it.

    Where nothing was touched, its members fail instead: the next window would end the same way.
    Else it is held, and tried again after a while: the cause may be gone, and the plan is to be
    restored.
    """
    window = driver.window
    text = say("window.died_driving", count=window.deaths)
    if _is_untouched(window):
        raise CannotOpenError(worker_deaths.CAUSE, text)
    if driver.seen.get("rested") == window.deaths:
        return False
    with transaction.atomic():
        due = clock.now() + REST_AFTER_DEATHS
        driver.save(seen={**driver.seen, "rested": window.deaths}, due_at=due)
        lease.hold(driver, text)
    return True


def refused_by_database(driver: Driver, error: DatabaseError) -> None:
    """Counted as a worker's death is; where even this cannot be written, its lease runs out."""
    kind = type(error).__name__
    due = clock.now() + transitions.backoff(driver.window.deaths, most=MAX_BACKOFF)
    try:
        lease.died(driver, due_at=due)
    except DatabaseError:
        return
    finally:
        log.warning("window.database_error", window=driver.window.pk, kind=kind)


def unexpected(driver: Driver) -> None:
    """An error that nobody foresaw: tried again, and shown to a person before long."""
    tries = driver.window.attempts + 1
    text = say("worker.error")
    if _is_untouched(driver.window) and tries >= settings.MAX_ATTEMPTS:
        turn_all_away(driver, Failed("internal", text))
        return
    due = clock.now() + transitions.backoff(tries - 1, most=MAX_BACKOFF)
    driver.save(attempts=tries, cause=text, due_at=due)
    watchdog.hold_when_late(driver, text)


def _is_untouched(window: Window) -> bool:
    """Whether the plan is as the provider sells it: this window has changed nothing of it yet."""
    if window.phase != Phase.OPENING or window.manual_only_at is not None:
        return False
    if window.follows_id is not None:
        return False
    return not opening_letters.touched(window)
