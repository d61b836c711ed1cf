"""Drives one window as far as it can go now, whatever phase it is in."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from django.db import Error as DatabaseError

from integrator.bindings import rows
from integrator.bindings.claims import LeaseLostError
from integrator.bindings.work import worker_deaths
from integrator.core import clock
from integrator.maintenance import wake_ups
from integrator.messages.message import say
from integrator.models.states import Phase
from integrator.panel_access import call_log, panel_connections, reachability
from integrator.runs import cohorts
from integrator.steps.verdicts import Failed
from integrator.windows import canaries, failures, guided_window, lease, members, watchdog
from integrator.windows.phases import opening, orders, restoring, tasks
from integrator.windows.phases.opening import CannotOpenError
from integrator.windows.switching.switches import NotShownError, PlanChangedError
from panels.coremanager.errors import PanelError

if TYPE_CHECKING:
    from integrator.windows.lease import Driver
    from panels.billmanager import BillManager

log = structlog.get_logger(__name__)

STEP_OF_PHASE = {
    Phase.OPENING: 2,
    Phase.ORDERS: 3,
    Phase.ENABLING: 5,
    Phase.TASKS: 6,
    Phase.RESTORING: 8,
}


def drive(window_id: int) -> None:
    """Drive the window until it must wait for bindings or time, or is closed.

    Nothing is done when it is not due, or driven by somebody else.
    """
    driver = lease.claim(window_id)
    if driver is None:
        return
    closed = False
    try:
        with call_log.about(window_id=window_id):
            closed = _drive(driver)
    except LeaseLostError:
        return
    except DatabaseError as error:
        failures.refused_by_database(driver, error)
        raise
    except Exception:
        with suppress(LeaseLostError):
            failures.unexpected(driver)
        raise
    finally:
        lease.release(driver)
    if closed:
        # What it has led to is looked at beside what follows, by who could not while it was ours.
        wake_ups.wake("recheck", window_id)
        cohorts.after(driver.window)


def _drive(driver: Driver) -> bool:
    """Whether the window is closed now."""
    try:
        if driver.window.deaths >= worker_deaths.most() and failures.rests(driver):
            return False
        bm = panel_connections.billmanager()
        watchdog.watch(driver)
        while driver.window.phase != Phase.CLOSED:
            phase = Phase(driver.window.phase)
            call_log.at_step(STEP_OF_PHASE[phase], driver.window.attempts + 1)
            if not _one(driver, bm, phase):
                return False
            _note_read(driver, phase)
            call_log.flush()
            if phase == Phase.ENABLING and driver.window.phase == Phase.TASKS:
                cohorts.draw_all()  # others waited until its plan sells with both modules
    except CannotOpenError as error:
        failures.turn_all_away(driver, Failed(error.cause, error.text, error.evidence))
    except NotShownError as error:
        lease.hold(driver, error.text)
        # A person may mend it, or it shows after all.
        driver.look_again(clock.now() + failures.LOOK_WHILE_HELD)
    except PlanChangedError as error:
        failures.changed_by_others(driver, error)
    except PanelError as error:
        failures.after_error(driver, error)
    return driver.window.phase == Phase.CLOSED


def _note_read(driver: Driver, phase: Phase) -> None:
    """What had to be read to leave this phase, or to move in it, can be read again."""
    if phase == Phase.OPENING and driver.window.phase in (Phase.ORDERS, Phase.ENABLING):
        reachability.mark_reachable(
            set(driver.window.bindings.values_list("account__panel_id", flat=True))
        )
    elif phase in (Phase.ORDERS, Phase.ENABLING, Phase.TASKS, Phase.RESTORING):
        reachability.mark_reachable()


def _one(driver: Driver, bm: BillManager, phase: Phase) -> bool:
    """One move in this phase; False: nothing more can be done now."""
    guided_window.mind_time(driver)
    if phase in (Phase.OPENING, Phase.ENABLING) and driver.window.closing:
        driver.enter(Phase.RESTORING, say("window.closed_early"))
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
    why = say("window.anyway", actor=driver.window.anyway_by)
    driver.enter(Phase.RESTORING, why, held=False, held_until=None)
    return True
