"""Handovers of strangers' orders to ispmanager, as a person makes them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from integrator.models import Intent, StrangerOrder, Window
from integrator.windows import order_handover
from integrator.windows.post_checks import post_checks
from panels.sandbox.billmanager.operations import modules_for
from panels.sandbox.world import records as r
from tests.simulation.batch import ANNA

if TYPE_CHECKING:
    from collections.abc import Callable

    from panels.sandbox.world.world import World
    from tests.simulation.scheduler import Scheduler

    Say = Callable[[Callable[[], object]], bool]

State = StrangerOrder.State
MAX_PRESSES = 20
"""How often a person hands over one order at most; one that is not opened then is a violation."""


class Handovers:
    """Orders of strangers that a person hands over, and how often they pressed."""

    def __init__(self, scheduler: Scheduler, world: World, say: Say) -> None:
        self._scheduler = scheduler
        self._world = world
        self._say = say
        self.pressed: dict[int, int] = {}

    @property
    def left(self) -> list[StrangerOrder]:
        """Those that were to be handed over and still wait for people."""
        orders = StrangerOrder.objects.filter(service_id__in=list(self.pressed))
        return [
            o
            for o in orders
            if self._waits(o.service_id) and self.pressed[o.service_id] < MAX_PRESSES
        ]

    @staticmethod
    def can_begin() -> bool:
        """Whether an order waits as a manual task."""
        return StrangerOrder.objects.filter(state=State.MANUAL).exists()

    def begin(self) -> None:
        """Hand one over."""
        found = list(StrangerOrder.objects.filter(state=State.MANUAL))
        if found:
            self._press(self._scheduler.chance.choice(found))

    def go_on(self) -> None:
        """Have what is not known read, and press again where the order still waits."""
        unknown = Intent.objects.unsettled().filter(kind=order_handover.KIND)
        for window in Window.objects.filter(intents__in=unknown).distinct():
            self._say(partial(post_checks.read_again, window.pk))
        for order in self.left:
            if not self._press(order):
                self._scheduler.sleep(60.0)  # told to wait

    def _press(self, order: StrangerOrder) -> bool:
        self.pressed.setdefault(order.service_id, 0)
        self._scheduler.tell(f"hands service {order.service_id} over")
        if not self._say(partial(order_handover.hand_over, order.pk, ANNA)):
            return False
        self.pressed[order.service_id] += 1  # who is told to wait has not handed it over
        self._scheduler.seen["stranger's order handed over"] += 1
        return True

    def _waits(self, service_id: int) -> bool:
        """Whether it is not opened, and there is a module that could open it."""
        service = self._world.services[service_id]
        fit = modules_for(self._world, self._world.plans[service.plan], service.datacenter)
        return service.status == r.IN_PROGRESS and bool(fit)
