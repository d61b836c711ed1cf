"""Hands a plan on to its next cohort, instead of restoring it for a moment in between.

When the tasks of a cohort are closed, both modules are on. Where others wait for the plan and all
is as it should be, their window begins there: it goes to *manual only* with a third of the calls.
The last window of such a row restores the plan, by the snapshot that the first one took.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from integrator.bindings import rows, step_log
from integrator.core import clock
from integrator.messages.message import say
from integrator.models import Canary, Intent, Window
from integrator.models.states import BindingState, Phase, StepState
from integrator.panel_access import call_log
from integrator.runs import cohorts
from integrator.steps import step8_restore_the_plan as step8
from integrator.windows import members, opening_letters, restore_notes
from integrator.windows.phases import restoring

if TYPE_CHECKING:
    from typing import Any

    from integrator.windows.lease import Driver

SINCE = "since"
"""In ``Window.seen``: when the plan was changed by the first window of the row."""
FLOORS = ("service", "expense", "payment")


def follows(driver: Driver) -> bool:
    """Whether another cohort has taken the plan over; then this window is closed.

    False: nobody can, or something of this window is not settled, so that the plan is restored.
    Raises LeaseLostError.
    """
    window = driver.window
    if not _is_settled(window) or not cohorts.may_follow(window):
        return False
    call_log.flush()  # what is taken back shall take no call with it
    with transaction.atomic():
        _hand_over(driver)
        following = cohorts.follow(window, **_known(window))
        if following is None:
            transaction.set_rollback(True)
        else:
            restore_notes.write(following)
    if following is None:
        window.refresh_from_db()
    return following is not None


def _is_settled(window: Window) -> bool:
    """Whether nothing of this window is open, unknown or in a person's hands."""
    if window.closing or window.held or window.guided or window.uncertain or window.anyway_by:
        return False
    if clock.now() - _since(window) > dt.timedelta(seconds=settings.WINDOW_LIMIT) / 2:
        return False
    if window.canaries.filter(state=Canary.State.WATCHED).exists():
        return False  # its run waits for the comparison
    if Intent.objects.unsettled().filter(window=window).exists():
        return False
    return all(
        one.state == BindingState.WAITING and one.waiting_for == members.RESTORE
        for one in rows.of_window(window)
    )


def _since(window: Window) -> dt.datetime:
    told = window.seen.get(SINCE)
    return dt.datetime.fromisoformat(told) if told else window.opened_at or window.created_at


def _hand_over(driver: Driver) -> None:
    """This window's bindings are done: the row's last window restores the plan, and proves it."""
    window, now = driver.window, clock.now()
    evidence = {"modules_on": window.seen["enabled"], "handed_on": True}
    step_log.record([step_log.row(step8.NUMBER, StepState.DONE, window=window, evidence=evidence)])
    restoring.finish(driver)
    driver.enter(Phase.CLOSED, say("window.handed_on"), closed_at=now, after_at=now)


def _known(window: Window) -> dict[str, Any]:
    """What the next window goes on with; the newest ids are read anew before its orders."""
    seen = window.seen
    floors = {name: seen[name] for name in FLOORS}
    opened = {"opened_service": seen["service"], "opened_expense": seen["expense"]}
    off = opening_letters.touched(window) or bool(seen.get("letter_off"))
    return {
        "snapshot": window.snapshot,
        "manual_modules": window.manual_modules,
        "seen": {
            **floors,
            **opened,
            "enabled": seen["enabled"],
            "letter_off": off,
            SINCE: _since(window).isoformat(),
        },
    }
