"""A guided binding: before each step that has an effect its window waits for a person's word.

While it waits nothing is sent. The plan is not to sell manually because somebody has gone away:
when the time of a window is over it closes, its plan is put back, and its run is paused. Steps 4
and 6 only read, unless an order stayed unpaid; step 8 puts the plan back and asks nobody.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from integrator.bindings import dialect_learning, rows
from integrator.core import clock
from integrator.maintenance import wake_ups
from integrator.messages.message import say
from integrator.models import Binding, Window
from integrator.models.states import BindingState, Phase
from integrator.runs import run_state
from integrator.steps import step1_add_manual_module as step1
from integrator.steps import step2_switch_to_manual_only as step2
from integrator.steps import step5_enable_both as step5
from integrator.steps import step7_close_the_task as step7
from integrator.windows import lease, members
from panels.coremanager.errors import Busy, LoginRefused, Refused
from panels.coremanager.forms import FormLacks

if TYPE_CHECKING:
    from integrator.windows.lease import Driver
    from panels.billmanager import BillManager


def next_step(window: Window) -> int | None:
    """The step that this window would begin now; None: it reads, or puts the plan back."""
    if window.phase == Phase.OPENING:
        if window.snapshot is None:
            return step1.NUMBER
        return step2.NUMBER if window.wants_orders else step5.NUMBER
    if window.phase == Phase.ENABLING:
        return step5.NUMBER
    if window.phase in (Phase.ORDERS, Phase.TASKS):
        ready = Binding.objects.filter(
            window=window.pk, state=BindingState.WAITING, waiting_for=members.TURN
        )
        return ready.values_list("step", flat=True).order_by("step").first()
    return None


def keeps_waiting(window: Window) -> bool:
    """Whether no thread may begin anything in this window before a person has said so."""
    if not window.guided or window.closing:
        return False
    number = next_step(window)
    return number is not None and number > window.allowed


def until(window: Window) -> dt.datetime:
    """When the window closes by itself, whether somebody has said something or not."""
    begun = window.watched_since or window.opened_at or window.asked_at or clock.now()
    return begun + dt.timedelta(seconds=settings.WINDOW_LIMIT)


def must_wait(driver: Driver, bm: BillManager) -> bool:
    """Whether the next step waits for a person's word; it is asked for then.

    Raises what reading raises.
    """
    window = driver.window
    if not window.guided or window.closing:
        return False
    number = next_step(window)
    if number is None or number <= window.allowed:
        if window.asks is not None:
            driver.save(asks=None)
        return False
    if window.asks != number:
        if number == step7.NUMBER:
            _look_at_form(window, bm)
        now = clock.now()
        # When to look again comes first: the word for it may be said as soon as it is asked for.
        driver.save(asked_at=now)
        driver.look_again(until(window))
        with transaction.atomic():
            driver.save(asks=number)
            text = say("guided.asks", step=number)
            lease.event(window, window.phase, "asks", text)
    elif not Window.objects.filter(pk=window.pk, asks=number).update(due_at=until(window)):
        driver.look_again(clock.now())  # it was said just now
    return True


def _look_at_form(window: Window, bm: BillManager) -> None:
    """Keep the names in the form of the task, so that what will be sent can be shown."""
    task = Binding.objects.filter(window=window.pk).values_list("task_id", flat=True).first()
    try:
        form = bm.tasks.form(task or 0)
    except (LoginRefused, Busy):
        raise
    except (Refused, FormLacks):
        return  # step 7 itself says what is wrong with it
    dialect_learning.task_form_seen(form)


def mind_time(driver: Driver) -> None:
    """Close a window whose time is over, and pause its run: nobody may be there."""
    window = driver.window
    over = window.phase in (Phase.RESTORING, Phase.CLOSED)
    if not window.guided or window.closing or over or clock.now() < until(window):
        return
    step = window.asks or next_step(window) or 0
    why = say("guided.over", seconds=round(settings.WINDOW_LIMIT), step=step)
    concerned = {binding.run_id for binding in rows.of_window(window)}
    with transaction.atomic():
        driver.save(closing=True, asks=None)
        lease.event(window, window.phase, "closing", why)
        for run_id in sorted(concerned):
            run_state.pause(run_id, why)


def say_go_on(window_id: int, step: int, actor: str) -> bool:
    """A person allows this step; False: it is not what the window asks for (any more)."""
    with transaction.atomic():
        asking = (
            Window.objects.open()
            .select_for_update()
            .filter(pk=window_id, asks=step, closing=False)
            .first()
        )
        if asking is None:
            return False
        Window.objects.filter(pk=window_id).update(
            allowed=step, asks=None, due_at=clock.now(), version=asking.version + 1
        )
        lease.event(asking, asking.phase, "go on", say("guided.step", step=step), actor=actor)
    wake_ups.wake("window", window_id)
    return True
