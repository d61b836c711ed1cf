"""Drives one window as far as it can go now, whatever phase it is in."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction

from integrator.bindings import causes, rows, transitions
from integrator.bindings.transitions import LeaseLostError
from integrator.bindings.work import worker_deaths
from integrator.core import clock
from integrator.maintenance import wake_ups
from integrator.models import Panel
from integrator.models.states import BindingState, Phase
from integrator.panel_access import call_log, panel_connections, reachability
from integrator.panel_access.panel_stop import PanelStoppedError
from integrator.runs import cohorts, pauses
from integrator.steps.verdicts import Failed
from integrator.windows import alarms, canaries, guided_window, lease, members, opening_letters
from integrator.windows.phases import opening, orders, restoring, tasks
from integrator.windows.phases.opening import CannotOpenError
from integrator.windows.switching.switches import NotShownError, PlanChangedError
from panels.coremanager.errors import LoginRefused, PanelError

if TYPE_CHECKING:
    from integrator.models import Window
    from integrator.windows.lease import Driver
    from panels.billmanager import BillManager

log = structlog.get_logger(__name__)

HELD = dt.timedelta(seconds=10)
"""How soon a held window looks whether a person, or time, has removed what holds it."""

MOST_BACKOFF = 10.0
"""Seconds: an open window is never left alone for longer."""

PATIENCE = dt.timedelta(minutes=1)
"""For so long a window that has touched nothing keeps its place while a panel cannot be read."""

REST = dt.timedelta(minutes=5)
"""After so long a window is tried again over which several workers have died."""

STEP_OF_PHASE = {
    Phase.OPENING: 2,
    Phase.ORDERS: 3,
    Phase.ENABLING: 5,
    Phase.TASKS: 6,
    Phase.RESTORING: 8,
}


def drive(window_id: int) -> bool:
    """Whether the window moved, and may move on at once.

    False: it is not due, or driven by somebody else, or must wait for bindings or time.
    """
    driver = lease.claim(window_id)
    if driver is None:
        return False
    try:
        with call_log.about(window_id=window_id):
            return _drive(driver)
    except LeaseLostError:
        return False
    except DatabaseError as error:
        _refused_by_database(driver, error)
        raise
    except Exception:
        with suppress(LeaseLostError):
            _unexpected(driver)
        raise
    finally:
        lease.release(driver)


def _drive(driver: Driver) -> bool:
    moved = False
    try:
        if driver.window.deaths >= worker_deaths.most() and _rests(driver):
            return False
        bm = panel_connections.billmanager()
        _watch(driver)
        while driver.window.phase != Phase.CLOSED:
            phase = Phase(driver.window.phase)
            call_log.at_step(STEP_OF_PHASE[phase], driver.window.attempts + 1)
            if not _one(driver, bm, phase):
                return moved
            moved = True
            _note_read(driver, phase)
            call_log.flush()
    except CannotOpenError as error:
        _turn_all_away(driver, Failed(error.cause, error.text, error.evidence))
    except NotShownError as error:
        lease.hold(driver, str(error))
        driver.look_again(clock.now() + HELD)  # a person may mend it, or it shows after all
        return False
    except PlanChangedError as error:
        _changed_by_others(driver, error)
        return False
    except PanelError as error:
        return _after_error(driver, error)
    finished = driver.window
    wake_ups.wake("recheck", finished.pk)  # what came of it is looked at beside what follows
    cohorts.after(finished)
    return True


def _note_read(driver: Driver, phase: Phase) -> None:
    """What had to be read to leave this phase, or to move in it, can be read again."""
    if phase == Phase.OPENING and driver.window.phase in (Phase.ORDERS, Phase.ENABLING):
        reachability.back({binding.account.panel_id for binding in rows.of_window(driver.window)})
    elif phase in (Phase.ORDERS, Phase.ENABLING, Phase.TASKS, Phase.RESTORING):
        reachability.back()


def _one(driver: Driver, bm: BillManager, phase: Phase) -> bool:
    """One move in this phase; False: nothing more can be done now."""
    guided_window.mind_time(driver)
    if phase in (Phase.OPENING, Phase.ENABLING) and driver.window.closing:
        driver.enter(Phase.RESTORING, "the window was closed before its tasks")
        return True
    if phase in (Phase.ORDERS, Phase.TASKS) and driver.window.anyway_by:
        return _anyway(driver)
    if guided_window.must_wait(driver, bm):
        return False
    if phase == Phase.OPENING:
        if driver.window.manual_only_at is None:
            canaries.let_one_stay(driver)
        moved = opening.drive(driver, bm)
    elif phase == Phase.ORDERS:
        at_work = rows.are_at_work(driver.window, members.MONEY_STEPS)
        moved = not at_work and orders.drive(driver, bm)
    elif phase == Phase.ENABLING:
        moved = tasks.enable(driver, bm)
    elif phase == Phase.TASKS:
        at_work = rows.are_at_work(driver.window, members.TASK_STEPS)
        moved = not at_work and tasks.drive(driver, bm)
    else:
        moved = restoring.drive(driver, bm)
    return moved


def _anyway(driver: Driver) -> bool:
    """A person said so: restore once no thread works here, even when nothing can be read."""
    if rows.are_at_work(driver.window, (*members.MONEY_STEPS, *members.TASK_STEPS)):
        return False
    why = f"{driver.window.anyway_by} said: restore anyway"
    driver.enter(Phase.RESTORING, why, held=False, held_until=None)
    return True


def _watch(driver: Driver) -> None:
    """The watchdog: a window that outlived its limit makes no new intents."""
    window = driver.window
    if not window.closing and not window.guided and alarms.outlived(window):
        with transaction.atomic():
            driver.save(closing=True)
            text = f"open for longer than {settings.WINDOW_LIMIT:.0f} s"
            lease.event(window, window.phase, "closing", text)


def _turn_all_away(driver: Driver, verdict: Failed) -> None:
    """The window cannot open: every member fails for the same reason, and it closes."""
    with driver.holding():
        bindings = [b for b in rows.of_window(driver.window) if b.state == BindingState.WAITING]
        ledger = members.Ledger(bindings)
        for binding in bindings:
            ledger.failed(binding, binding.step, verdict)
        ledger.write()
    if driver.window.manual_only_at is None and not opening_letters.touched(driver.window):
        restoring.close(driver, verdict.text)
        return
    driver.enter(Phase.RESTORING, verdict.text)
    driver.save(due_at=clock.now(), cause=verdict.text if driver.window.held else "")


def _changed_by_others(driver: Driver, error: PlanChangedError) -> None:
    """Not overwritten blindly: the window is held, and a person chooses."""
    window = driver.window
    text = f"somebody else changed the plan's modules: {error}"
    if window.anyway_by:
        # A person has looked and said: restore from the snapshot whatever is on now.
        driver.save(seen={**driver.seen, "enabled": error.present}, due_at=clock.now())
        return
    lease.hold(driver, text)
    driver.look_again(clock.now() + HELD)


def _after_error(driver: Driver, error: PanelError) -> bool:
    """A call of the driver's own failed: try again later, for ever while the plan is switched.

    Before anything was switched, members wait as long as the panel cannot be read, and fail with
    the cause when that does not pass by itself.
    """
    window = driver.window
    cause = causes.of_error(error)
    tries = window.attempts + 1
    pauses.stop_panel(error)
    untouched = _is_untouched(window)
    if untouched and reachability.may_pass(error):
        return _wait_for(driver, error)
    if untouched and (not cause.passing or tries >= settings.MAX_ATTEMPTS):
        _turn_all_away(driver, Failed(cause.key, str(error)))
        cohorts.after(window)
        return True
    if window.phase != Phase.OPENING and reachability.may_pass(error):
        reachability.away(
            error
        )  # from here on it is BILLmanager that is read, and it says so again
    driver.save(attempts=tries, cause=str(error))
    if window.phase == Phase.TASKS and isinstance(error, LoginRefused | PanelStoppedError):
        driver.save(closing=True)  # no task can be closed any more: give the plan back
    if tries == 1 or tries % 10 == 0:
        log.warning("window.try_again", window=window.pk, attempts=tries, why=str(error))
    if window.phase in (Phase.OPENING, Phase.ENABLING) and tries >= settings.MAX_ATTEMPTS:
        driver.enter(Phase.RESTORING, f"gave up: {error}")
    driver.save(due_at=clock.now() + transitions.backoff(tries - 1, most=MOST_BACKOFF))
    _hold_when_late(driver, str(error))
    return False


def _wait_for(driver: Driver, error: PanelError) -> bool:
    """A panel cannot be read, and nothing was sent: members wait for it, whatever it takes.

    After a while those who need it leave, so that no place is held for them: they are drawn again
    later. False: the window stays.
    """
    window, now = driver.window, clock.now()
    panel = reachability.away(error)
    tries = window.attempts + 1
    since = panel.away_since if panel is not None and panel.away_since else window.created_at
    if now - since < PATIENCE and not window.closing:
        due = now + transitions.backoff(tries - 1, most=MOST_BACKOFF)
        driver.save(attempts=tries, cause=str(error), due_at=due)
        return False
    leaving = rows.of_window(window)
    if panel is not None:
        reachability.spare(panel)
        if panel.kind == Panel.Kind.ISPMANAGER:
            leaving = [b for b in leaving if b.account.panel_id == panel.pk] or leaving
    members.leave_all(driver, leaving, why="a panel cannot be read: nothing was touched")
    log.warning("window.left_its_place", window=window.pk, why=str(error))
    if rows.of_window(window):
        driver.save(attempts=0, cause="", due_at=now)
        return True
    restoring.close(driver, "a panel cannot be read: nothing was touched")
    cohorts.after(window)
    return True


def _rests(driver: Driver) -> bool:
    """Whether this window is left alone now, since several workers have died while they drove it.

    Where nothing was touched, its members fail instead: the next window would end the same way.
    Else it is held, and tried again after a while: the cause may be gone, and the plan is to be
    restored.
    """
    window = driver.window
    text = f"{window.deaths} workers died while they drove this window"
    if _is_untouched(window):
        raise CannotOpenError(worker_deaths.CAUSE, text)
    if driver.seen.get("rested") == window.deaths:
        return False
    with transaction.atomic():
        due = clock.now() + REST
        driver.save(seen={**driver.seen, "rested": window.deaths}, due_at=due)
        lease.hold(driver, text)
    return True


def _refused_by_database(driver: Driver, error: DatabaseError) -> None:
    """Counted as a worker's death is; where even this cannot be written, its lease runs out."""
    kind = type(error).__name__
    due = clock.now() + transitions.backoff(driver.window.deaths, most=MOST_BACKOFF)
    try:
        lease.died(driver, due_at=due)
    except DatabaseError:
        return
    finally:
        log.warning("window.database_error", window=driver.window.pk, kind=kind)


def _is_untouched(window: Window) -> bool:
    """Whether this window has changed nothing of its plan yet."""
    if window.phase != Phase.OPENING or window.manual_only_at is not None:
        return False
    return not opening_letters.touched(window)


def _unexpected(driver: Driver) -> None:
    """An error that nobody foresaw: tried again, and shown to a person before long."""
    tries = driver.window.attempts + 1
    text = "an error in Integrator; see the log of the worker"
    if _is_untouched(driver.window) and tries >= settings.MAX_ATTEMPTS:
        _turn_all_away(driver, Failed("internal", text))
        cohorts.after(driver.window)
        return
    due = clock.now() + transitions.backoff(tries - 1, most=MOST_BACKOFF)
    driver.save(attempts=tries, cause=text, due_at=due)
    _hold_when_late(driver, text)


def _hold_when_late(driver: Driver, text: str) -> None:
    """A window that cannot go on and has outlived its limit is held: a person must see it."""
    if alarms.outlived(driver.window):
        lease.hold(driver, text)
