"""Phase *restoring*: step 8, read back, and the bindings that are done with it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from integrator.bindings import rows, step_log
from integrator.core import clock
from integrator.messages.message import say
from integrator.models import Binding, Canary, Window
from integrator.models.states import BindingState, Phase, StepState
from integrator.panel_access import call_log
from integrator.steps import module_switches as sets
from integrator.steps import step8_restore_the_plan as step8
from integrator.steps.verdicts import Proven
from integrator.windows import members, opening_letters, restore_notes
from integrator.windows.switching import switches

if TYPE_CHECKING:
    from integrator.messages.message import Message
    from integrator.windows.lease import Driver
    from panels.billmanager import BillManager

RECHECK = dt.timedelta(minutes=5)
"""After so long, a plan at rest is read once more: a switch may have landed late."""


def drive(driver: Driver, bm: BillManager) -> bool:
    """Restore the plan; False: it is not proven yet."""
    window = driver.window
    if window.snapshot is None:
        close(driver, say("window.nothing_switched"))
        return True
    own = _own(driver, bm)
    reading = switches.turn(driver, bm, step8.NUMBER, own)
    if reading is None:
        return False
    present = reading.enabled
    verdict = step8.verify(present, own)
    if not isinstance(verdict, Proven) and set(present) == set(own):
        # The right modules in another order: switching off and on cannot prove to mend that.
        verdict = Proven({"modules_on": present, "as_before": False, "order_before": own})
    if not isinstance(verdict, Proven):
        driver.look_again(clock.now() + switches.SHOWS_AFTER)
        return False
    if not opening_letters.give_back(driver, bm):
        return False
    if window.uncertain and not _read_twice(driver, present):
        return False
    restore_notes.remove(window)  # before the next window of this plan can write its own
    with transaction.atomic():
        step_log.record([step_log.row(8, StepState.DONE, window=window, evidence=verdict.evidence)])
        finish(driver)
        _restored(window)
        driver.save(
            restored_at=clock.now(),
            manual_only_until=window.manual_only_until or clock.now(),
            recheck_at=clock.now() + RECHECK,
        )
        close(
            driver,
            say("window.as_before") if verdict.evidence["as_before"] else say("window.other_order"),
        )
        call_log.flush()
    return True


def _own(driver: Driver, bm: BillManager) -> list[int]:
    """The modules to put back.

    Once a person has said *restore anyway*, without those that the plan no longer has: nothing
    could switch them on again, and the window would never close.
    """
    window = driver.window
    own = sets.own((window.snapshot or {"modules": []})["modules"])
    if not window.anyway_by:
        return own
    there = {module.id for module in bm.plans.modules(window.plan.remote_id)}
    return [module for module in own if module in there] or own


def _read_twice(driver: Driver, present: list[int]) -> bool:
    """After an unknown switch: whether two readings a settle time apart are equal."""
    seen = driver.seen
    first = seen.get("restored_reading")
    now = clock.now()
    if first is None or first["enabled"] != present:
        seen["restored_reading"] = {"enabled": present, "at": now.isoformat()}
        driver.save(seen=seen)
        driver.look_again(now + dt.timedelta(seconds=settings.SETTLE_SECONDS))
        return False
    due = dt.datetime.fromisoformat(first["at"]) + dt.timedelta(seconds=settings.SETTLE_SECONDS)
    if now < due:
        driver.look_again(due)
        return False
    return True


def finish(driver: Driver) -> None:
    """Bindings with step 7 proven are done; all others leave for the next window."""
    bindings = rows.of_window(driver.window)
    ledger = members.Ledger(bindings)
    for binding in bindings:
        if binding.state == BindingState.WAITING and binding.waiting_for == members.RESTORE:
            ledger.done(binding)
        elif binding.state == BindingState.WAITING:
            members.leave(binding, why=say("binding.window_closed"))
    ledger.write()
    Binding.objects.filter(window=driver.window, state=BindingState.UNDECIDED).update(window=None)


def _restored(window: Window) -> None:
    """The plan is restored for all windows of this row."""
    earlier = window.follows
    while earlier is not None and earlier.restored_at is None:
        Window.objects.filter(pk=earlier.pk).update(restored_at=clock.now())
        earlier = earlier.follows


def close(driver: Driver, why: Message) -> None:
    """The window is over; where something was switched, what it has led to is looked at next."""
    now = clock.now()
    fields: dict[str, Any] = {"after_at": now}
    with transaction.atomic():
        if driver.window.restored_at is None:
            driver.window.canaries.filter(state=Canary.State.WATCHED).delete()
            fields = {"compared_at": now}
        driver.enter(
            Phase.CLOSED,
            why,
            closed_at=now,
            held=False,
            held_until=None,
            closing=False,
            **fields,
        )
