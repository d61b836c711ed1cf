"""Reads a plan at rest once more, minutes after its window closed.

A switch whose outcome was unknown may have landed late; then the plan would sell manually with
no window open. Found so, a new window is opened for nobody, which restores it.
"""

from __future__ import annotations

from typing import Any

import structlog
from django.db import IntegrityError, transaction

from integrator import clock, prepared
from integrator.models import Window
from integrator.models.states import Phase
from integrator.panel_access import connect, journal
from integrator.steps import step8_restore_the_plan as step8
from integrator.steps import switching as sets
from integrator.steps.verdicts import Proven
from integrator.workflow import draw, halting, waking
from integrator.workflow.windows import aftermath, instructions, lease, letters, switching
from panels.errors import PanelError

log = structlog.get_logger(__name__)

MOST = 20
"""For so many closed windows of each kind workers are woken in one sweep; others come later."""


def _due(column: str) -> prepared.Values:
    return prepared.Values(
        lambda now: (
            Window.objects.filter(phase=Phase.CLOSED, **{f"{column}__lte": now})
            .order_by(column)
            .values_list("pk")[:MOST]
        )
    )


_DUE = (_due("recheck_at"), _due("after_at"))
"""Each has its index; no index serves both."""


def due() -> int:
    """Wake workers for closed windows whose next look is due, the longest due first; how many."""
    now = clock.now()
    waiting = {number for column in _DUE for (number,) in column.run(now=now)}
    for window_id in waiting:
        waking.wake("recheck", window_id)
    return len(waiting)


def look(window_id: int) -> None:
    """Look at a closed window once more: what came of it, and whether its plan is as it was."""
    _read_plan(window_id)  # first: a plan that sells manually concerns every customer
    pending = Window.objects.filter(pk=window_id, compared_at=None).exists()
    aftermath.look(window_id)
    if pending:
        draw.draw_all()  # others waited for the comparison


def _read_plan(window_id: int) -> None:
    """Read the plan of this closed window once more, unless another window is open on it."""
    window = (
        Window.objects.select_related("plan")
        .filter(pk=window_id, phase=Phase.CLOSED, recheck_at__lte=clock.now())
        .first()
    )
    if window is None or window.snapshot is None:
        return
    if Window.objects.filter(plan=window.plan, pk__gt=window.pk).exists():
        Window.objects.filter(pk=window_id).update(recheck_at=None)
        return
    try:
        with journal.about(window_id=window_id, step=step8.NUMBER):
            bm = connect.billmanager()
            present = sets.enabled(bm.plans.modules(window.plan.remote_id))
            letter_is_off = letters.held_late(window, bm)
    except PanelError as error:
        halting.stop_panel(error)  # else each sweep would try a login that is refused
        log.warning("window.recheck_failed", window=window_id, why=str(error))
        return  # still due: the next sweep asks again
    own = sets.own(window.snapshot["modules"])
    left_on = set(window.manual_modules.values()) & set(present)
    missing = (set(own) - set(present)) & switching.given_up(window.plan)
    as_before = isinstance(step8.verify(present, own), Proven)
    if letter_is_off or ((left_on or missing) and not as_before):
        _restore_again(window, {"enabled": present, "letter_off": letter_is_off})
    Window.objects.filter(pk=window_id).update(recheck_at=None)


def _restore_again(window: Window, seen: dict[str, Any]) -> None:
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
        cause="a switch of ours was found to have come after the window had closed",
    )
    try:
        with transaction.atomic():
            again.save(force_insert=True)
    except IntegrityError:
        return  # another process, or a new cohort, has opened one on this plan just now
    instructions.write(again)
    lease.event(again, Phase.CLOSED, Phase.RESTORING, again.cause)
    log.error("window.found_open", window=again.pk, plan=window.plan.remote_id)
    waking.wake("window", again.pk)
