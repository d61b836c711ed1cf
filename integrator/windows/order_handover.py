"""Hands a stranger's order that became a manual task to ispmanager, on a person's word.

``task.start`` runs the opening again (billmanager.md 6.1); with the plan's own modules on, the
first of them opens the order as it would have without our window.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from integrator.bindings import intents
from integrator.core import clock
from integrator.core.errors import ActionRefused
from integrator.messages import panel_errors
from integrator.messages.message import say
from integrator.models import Binding, Intent, StrangerOrder, Window
from integrator.models.states import Outcome
from integrator.panel_access import call_log, panel_connections
from integrator.steps.module_switches import enabled
from integrator.windows import lease
from panels.billmanager.services import ACTIVE, IN_PROGRESS

if TYPE_CHECKING:
    from panels.billmanager import BillManager
    from panels.billmanager.tasks.tasks import Task

KIND = intents.HAND_OVER
STEP = 6
"""Kept with the calls of tasks."""
SHOWS_AFTER = dt.timedelta(seconds=2)
"""How long until what was handed over is looked at again."""
OPENS_WITHIN = dt.timedelta(minutes=10)
"""So long an order that was handed over is left alone: a second start could open it twice."""


def hand_over(order_id: int, actor: str) -> StrangerOrder:
    """Have this order opened by ispmanager; what it is now.

    Raises ActionRefused when that cannot be done (any more), with what to do instead, and what
    ``panels`` raises for reads.
    """
    order = StrangerOrder.objects.select_related("window__plan").get(pk=order_id)
    window = order.window
    with call_log.about(window_id=window.pk, step=STEP):
        bm = panel_connections.billmanager()
        settle(order, bm)
        order.refresh_from_db()
        handed = order.handed_at is not None and clock.now() - order.handed_at < OPENS_WITHIN
        if handed or _pending(order) is not None:
            raise ActionRefused(
                _("Service %(id)d was handed over a moment ago; it is not known yet what came of"
                  " it.") % {"id": order.service_id}
            )  # fmt: skip
        _plan_sells_itself(window, bm)
        task = _task(order, bm)
        effect = StartTask(bm, order, task)
        sent = intents.carry_out(_declare(effect, actor), effect)
        with transaction.atomic():
            intents.settle_sent(sent)
            if sent.outcome in (Outcome.DONE, Outcome.UNKNOWN):
                order.handed_at, order.state = clock.now(), StrangerOrder.State.HANDED
            else:
                order.handed_at, order.handed_by = None, ""
            order.save(update_fields=["handed_at", "handed_by", "state"])
            Window.objects.filter(pk=window.pk).update(after_at=clock.now() + SHOWS_AFTER)
        if sent.error is not None and sent.outcome != Outcome.UNKNOWN:
            raise ActionRefused(
                _("BILLmanager did not start task %(task)d again: %(why)s")
                % {"task": task.id, "why": panel_errors.of_error(sent.error)}
            )
    return order


@dataclass(frozen=True, slots=True)
class StartTask:
    """Starts the opening of somebody else's order again, which the plan's own module then does."""

    kind: ClassVar = KIND
    number: ClassVar = STEP

    bm: BillManager
    order: StrangerOrder
    task: Task

    def describe(self) -> dict[str, Any]:
        """Which task, of which service."""
        return {"task": self.task.id, "service": self.order.service_id}

    def before(self) -> dict[str, Any]:
        """In which state the order was."""
        return {"state": self.order.state}

    def apply(self, send_by: float) -> None:
        """Start it. Raises what ``panels`` raises."""
        self.bm.tasks.start(self.task.id, send_by=send_by)


def settle(order: StrangerOrder, bm: BillManager) -> None:
    """Find out what became of an earlier hand-over whose outcome is unknown, by the service."""
    made = _pending(order)
    if made is None:
        return
    form = bm.services.form(order.service_id)
    manual = set(order.window.manual_modules.values())
    if form.status == ACTIVE or (form.module_id is not None and form.module_id not in manual):
        intents.settle(made, Outcome.DONE, why=say("effect.read_back"))
    elif clock.now() >= intents.may_show_until(made):
        with transaction.atomic():
            intents.settle(made, Outcome.NOTHING, why=intents.NOT_SEEN)
            StrangerOrder.objects.filter(pk=order.pk).update(
                handed_at=None, handed_by="", state=StrangerOrder.State.MANUAL
            )


def settle_all(window: Window, bm: BillManager) -> None:
    """Find out what became of every hand-over of this window that is not known yet."""
    for order in window.strangers.filter(handed_at__isnull=False):
        settle(order, bm)


def _pending(order: StrangerOrder) -> Intent | None:
    """A hand-over of this order of which nobody knows what became of it."""
    pending = Intent.objects.unsettled().filter(kind=KIND, marker=_marker(order))
    return pending.filter(window=order.window_id).first()


def _marker(order: StrangerOrder) -> str:
    return f"service-{order.service_id}"


def _plan_sells_itself(window: Window, bm: BillManager) -> None:
    """Whether the order would now go to a module of the plan's own, and not to people again."""
    if Window.objects.open().filter(plan=window.plan).exists():
        raise ActionRefused(
            _("A window is open on this plan; hand the order over when the plan is restored.")
        )
    manual = set(window.manual_modules.values())
    if not set(enabled(bm.plans.modules(window.plan.remote_id))) - manual:
        raise ActionRefused(_("The plan has no module of its own switched on at the moment."))
    if not bm.tasks.can_start():
        raise ActionRefused(
            _("BILLmanager does not offer our staff login to start a task again (task.start); do"
              " it there, or allow it.")
        )  # fmt: skip


def _task(order: StrangerOrder, bm: BillManager) -> Task:
    """The open task of this order, which nobody has taken."""
    service = bm.services.form(order.service_id)
    ours = Q(service_id=order.service_id)
    if service.remoteid:
        ours |= Q(marker=service.remoteid)
    binding = Binding.objects.filter(ours).first()
    if binding is not None:
        # Opened by ispmanager, it would get a second hosting account.
        raise ActionRefused(
            _("Service %(service)d belongs to binding b%(other)d.")
            % {"service": order.service_id, "other": binding.pk}
        )
    if service.status != IN_PROGRESS:
        raise ActionRefused(
            _("Service %(id)d is no longer being opened.") % {"id": order.service_id}
        )
    found = [
        task
        for task in bm.tasks.openings(order.window.plan.remote_id)
        if task.service_id == order.service_id
    ]
    if len(found) != 1:
        raise ActionRefused(
            _("Service %(id)d has %(count)d open tasks, not one.")
            % {"id": order.service_id, "count": len(found)}
        )
    if found[0].performer:
        raise ActionRefused(
            _("%(who)s has taken task %(task)d; ask there.")
            % {"who": found[0].performer, "task": found[0].id}
        )
    return found[0]


def _declare(effect: StartTask, actor: str) -> Intent:
    """Commit what is meant, once: of two people who press at once, one is told to wait."""
    order, task = effect.order, effect.task
    intent = intents.new(effect, 1, window=order.window, marker=_marker(order))
    with transaction.atomic():
        mine = StrangerOrder.objects.filter(pk=order.pk, handed_at=order.handed_at)
        if not mine.update(handed_by=actor, handed_at=clock.now(), task_id=task.id):
            raise ActionRefused(_("It changed a moment ago; look again."))
        order.handed_by = actor
        intent.save(force_insert=True)
        lease.event(
            order.window,
            order.window.phase,
            order.window.phase,
            say("order.handed", service=order.service_id),
            actor=actor,
            service=order.service_id,
            task=task.id,
        )
    return intent
