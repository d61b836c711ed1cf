"""The gate: when *manual only* may end.

No order of ours may then still be able to reach an ispmanager module.

Every order of the cohort that is done or unknown must be seen in BILLmanager with the manual
module or an open manual task. If the ispmanager module could open it, BILLmanager would create a
new hosting user (design.md, section 5). Orders proven unpaid do not hold the gate.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from integrator.bindings import intents, rows
from integrator.core import clock
from integrator.messages.message import say
from integrator.models.states import BindingState, Phase, RunState
from integrator.steps import step3_order as step3
from integrator.windows import alarms, members, readings, watchdog
from panels.billmanager.services import ACTIVE, DELETED, ORDERED, SUSPENDED

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from integrator.models import Binding
    from integrator.windows.alarms import Obstacle
    from integrator.windows.lease import Driver
    from panels.billmanager import BillManager
    from panels.billmanager.services import Service

LOOK_AGAIN = dt.timedelta(seconds=1)


def drive(driver: Driver, bm: BillManager) -> bool:
    """Pass the gate, or say why not and look again; True: the window has gone on."""
    bindings = rows.of_window(driver.window)
    ordered = _may_be_ordered(bindings)
    obstacles = _obstacles(driver, bm, ordered) if ordered else []
    if not obstacles:
        _go_on(driver, bindings)
        return True
    window = driver.window
    patient = window.watched_since is not None  # a person has looked, and said: wait
    decided = any(one.binding.state == BindingState.UNDECIDED for one in obstacles)
    if watchdog.outlived(window) or ((window.closing or decided) and not patient):
        alarms.hold(driver, obstacles)
    else:
        alarms.show(driver, obstacles)
    driver.look_soon(LOOK_AGAIN * 5 if window.held else LOOK_AGAIN)
    return False


def _may_be_ordered(bindings: Sequence[Binding]) -> list[Binding]:
    """Those whose order is done or may be."""
    known = members.intents_of(bindings)
    return [
        binding
        for binding in bindings
        if binding.step in members.TASK_STEPS
        or intents.may_have_happened(intents.last(known[binding.pk], step3.KIND))
    ]


def _obstacles(driver: Driver, bm: BillManager, ordered: Collection[Binding]) -> list[Obstacle]:
    """Why the gate cannot be passed, one for each service or binding that stands in the way.

    An order that is seen nowhere stands in the way only as long as it may still take effect: a
    plan is not to sell manually until somebody decides about a thing that is not there.
    """
    known = members.intents_of(list(ordered))
    found = readings.read(driver, bm, list(ordered), known, charges=False)
    manual = set(driver.window.manual_modules.values())
    adopted = members.adopted_services(list(ordered))
    doubtful: list[tuple[Binding, Service]] = []
    obstacles = []
    now = clock.now()
    for binding in ordered:
        order = intents.last(known[binding.pk], step3.KIND)
        if binding.service_id is not None:
            service = found.service(binding.service_id)
            services = [service] if service else []
        else:
            floor = order.before["service"] if order else 0
            services = step3.candidates(binding, floor, found.services, adopted)
        until = intents.takes_effect_until(order) if order and not binding.service_id else None
        if not services and (until is None or now < until):
            text = say("order.unseen", binding=str(binding))
            obstacles.append(alarms.Obstacle(binding, text, until))
        doubtful += [(binding, s) for s in services if not _safe(s, manual)]
    if doubtful:
        tasked = {task.service_id for task in bm.tasks.openings(driver.window.plan.remote_id)}
        obstacles += [
            alarms.Obstacle(
                binding,
                say(
                    "service.unsafe",
                    binding=str(binding),
                    service=service.id,
                    state=step3.state_word(service),
                ),
            )
            for binding, service in doubtful
            if service.id not in tasked
        ]
    return obstacles


def _safe(service: Service, manual: Collection[int]) -> bool:
    """Whether no ispmanager module can open this service any more or yet."""
    if service.status in (ORDERED, DELETED, SUSPENDED):
        return True
    return service.module_id in manual or service.status == ACTIVE


def _go_on(driver: Driver, bindings: Collection[Binding]) -> None:
    """On to both modules where tasks wait, else straight to restoring."""
    window = driver.window
    tasks = [
        b
        for b in bindings
        if b.step in members.TASK_STEPS
        and b.state == BindingState.WAITING
        and b.run.state != RunState.CANCELLED
    ]
    if tasks and not window.closing:
        driver.enter(
            Phase.ENABLING,
            say("window.orders_seen"),
            held=False,
            held_until=None,
        )
    else:
        driver.enter(Phase.RESTORING, say("window.no_task"), held=False, held_until=None)
