"""Looks at a closed window once more: what it has led to, and, minutes later, its plan at rest.

A switch whose outcome was unknown may have landed late; then the plan would sell manually with
no window open. Found so, a new window is opened for nobody, which restores it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog
from django.db import Error as DatabaseError
from django.db import IntegrityError, transaction

from integrator.bindings.work import worker_deaths
from integrator.core import clock
from integrator.maintenance import wake_ups
from integrator.messages.message import NOTHING, say
from integrator.models import Canary, Window
from integrator.models.states import Phase
from integrator.panel_access import call_log, panel_connections
from integrator.runs import cohorts, pauses, run_state
from integrator.steps import module_switches as sets
from integrator.steps import step8_restore_the_plan as step8
from integrator.steps.verdicts import Proven
from integrator.windows import canaries, lease, opening_letters, restore_notes, server_users
from integrator.windows.post_checks import post_checks
from integrator.windows.switching import switches
from panels.coremanager.errors import PanelError

if TYPE_CHECKING:
    from integrator.messages.message import Message

log = structlog.get_logger(__name__)

MAX_WAKES = 20
"""Closed windows of each kind for which one sweep wakes workers; others come later."""


def due() -> int:
    """Wake workers for closed windows whose next look is due, the longest due first; how many."""
    now = clock.now()
    closed = Window.objects.closed().values_list("pk", flat=True)
    waiting: set[int] = set()
    for column in ("recheck_at", "after_at"):  # each has its index; no index serves both
        waiting.update(closed.filter(**{f"{column}__lte": now}).order_by(column)[:MAX_WAKES])
    for window_id in waiting:
        wake_ups.wake("recheck", window_id)
    return len(waiting)


def look(window_id: int) -> None:
    """Look at a closed window once more: what it has led to, and whether its plan is as it was.

    A look that ends before its time is counted, whether its worker died, the database refused what
    it wrote, or nobody foresaw its error; after several in a row it is given up, loudly.
    """
    driver = lease.claim_closed(window_id)
    if driver is None:
        return
    came_through = False
    try:
        if driver.window.deaths >= worker_deaths.most():
            _give_up(driver)
        else:
            _look(window_id)
        came_through = True
        Window.objects.filter(pk=window_id, lease_token=driver.token).update(deaths=0)
    finally:
        if not came_through:
            with suppress(DatabaseError):
                lease.died(driver)
        lease.release(driver)


def _look(window_id: int) -> None:
    _read_plan(window_id)  # first: a plan that sells manually concerns every customer
    pending = Window.objects.filter(pk=window_id, compared_at=None).exists()
    post_checks.look(window_id)
    if pending:
        cohorts.draw_all()  # others waited for the comparison


def _give_up(driver: lease.Driver) -> None:
    """Nobody looks at this window any more by itself: a person is told.

    Runs on its servers or of its plan are paused, as where a panel could not be read for long.
    """
    window = driver.window
    why = say("window.died_comparing", count=window.deaths)
    text = say("window.not_compared", window=str(window), why=why)
    with transaction.atomic():
        for canary in window.canaries.filter(state=Canary.State.WATCHED):
            canaries.give_up(canary, why)
        concerned = pauses.selling_on(server_users.of_window(window), window.plan)
        for run_id in sorted(concerned.values_list("pk", flat=True)):
            run_state.pause(run_id, text)
        compared = window.compared_at or clock.now()
        driver.save(recheck_at=None, after_at=None, compared_at=compared)
        lease.alarm(driver, text)


def _read_plan(window_id: int) -> None:
    """Read the plan of this closed window once more, unless another window is open on it."""
    window = (
        Window.objects.closed()
        .select_related("plan")
        .filter(pk=window_id, recheck_at__lte=clock.now())
        .first()
    )
    if window is None or window.snapshot is None:
        return
    if Window.objects.filter(plan=window.plan, pk__gt=window.pk).exists():
        Window.objects.filter(pk=window_id).update(recheck_at=None)
        return
    try:
        with call_log.about(window_id=window_id, step=step8.NUMBER):
            bm = panel_connections.billmanager()
            present = sets.enabled(bm.plans.modules(window.plan.remote_id))
            letter_is_off = opening_letters.held_late(window, bm)
    except PanelError as error:
        pauses.stop_panel(error)  # else each sweep would try a login that is refused
        log.warning("window.recheck_failed", window=window_id, why=str(error))
        return  # still due: the next sweep asks again
    own = sets.own(window.snapshot["modules"])
    left_on = set(window.manual_modules.values()) & set(present)
    missing = (set(own) - set(present)) & switches.given_up(window.plan)
    as_before = isinstance(step8.verify(present, own), Proven)
    if letter_is_off or ((left_on or missing) and not as_before):
        late = say("plan.late_switch", modules=str(sorted(missing))) if missing else NOTHING
        _restore_again(window, {"enabled": present, "letter_off": letter_is_off}, late)
    Window.objects.filter(pk=window_id).update(recheck_at=None)


def _restore_again(window: Window, seen: dict[str, Any], late: Message) -> None:
    """Open a window that restores the plan; ``late``: which of its modules were off, if any."""
    now = clock.now()
    again = Window(
        plan=window.plan,
        phase=Phase.RESTORING,
        wants_orders=False,
        snapshot=window.snapshot,
        manual_modules=window.manual_modules,
        seen=seen,
        uncertain=True,
        created_at=now,
        opened_at=now,
        manual_only_at=now,
        phase_at=now,
        due_at=now,
        cause=say("window.found_open"),
    )
    try:
        with transaction.atomic():
            again.save(force_insert=True)
    except IntegrityError:
        return  # another process, or a new cohort, has opened one on this plan just now
    restore_notes.write(again)
    lease.event(again, Phase.CLOSED, Phase.RESTORING, again.cause)
    if late:
        lease.event(again, Phase.RESTORING, Phase.RESTORING, late)
    log.error("window.found_open", window=again.pk, plan=window.plan.remote_id)
    wake_ups.wake("window", again.pk)
