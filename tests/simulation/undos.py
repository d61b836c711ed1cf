"""Undos of bindings, as a person makes them (``bindings.operator.undo_guide``)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from integrator.bindings.operator import undo_guide
from integrator.core.errors import Refused
from integrator.models import Binding
from integrator.steps import step1_add_manual_module as step1
from panels.sandbox.world import acts
from panels.sandbox.world import records as r
from tests.simulation.batch import ANNA, Batch, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from panels.sandbox.world.world import World
    from tests.simulation.scheduler import Scheduler

    Say = Callable[[Callable[[], object]], bool]

MAX_TRIES = 20
"""How often a person resumes one undo at most; one that is not over then is a violation."""


class Undos:
    """Bindings that a person has begun to undo.

    ``begun``: how often they came back to each; ``over``: those whose accounts are free again.
    """

    def __init__(self, scheduler: Scheduler, world: World, batch: Batch, say: Say) -> None:
        self._scheduler = scheduler
        self._world = world
        self._batch = batch
        self._say = say
        self.begun: dict[int, int] = {}
        self.over: set[int] = set()

    @property
    def left(self) -> list[int]:
        """Those that are not over and to which they would still come back."""
        return [pk for pk, tries in self.begun.items() if pk not in self.over and tries < MAX_TRIES]

    def can_begin(self) -> bool:
        """Whether there is something that can be undone."""
        return bool(self._possible())

    def begin(self) -> None:
        """Begin with one binding, mostly with a done one."""
        found = self._possible()
        if not found:
            return
        done = [one for one in found if one.state == "done"]
        binding = self._scheduler.chance.choice(done or found)
        self._scheduler.tell(f"wants b{binding.pk} undone")
        self._scheduler.seen["undoing begun"] += 1
        self.begun[binding.pk] = 0
        self._walk(binding.pk)

    def go_on(self) -> None:
        """Come back to those that are not over."""
        for pk in self.left:
            self._walk(pk)

    def _possible(self) -> list[Binding]:
        bindings = Binding.objects.filter(service_id__isnull=False, reserved=True).order_by("pk")
        fresh = [one for one in bindings if one.pk not in self.begun]
        return [one for one in fresh if undo_guide.state_of(one).possible]

    def _walk(self, pk: int) -> None:
        """The three steps of the guide, each after a look at what the page says."""
        self.begun[pk] += 1
        if not self._released(pk):
            service = Binding.objects.get(pk=pk).service_id or 0
            if self._is_there(service):
                if not self._say(partial(undo_guide.to_manual, pk, ANNA)):
                    self._put_on_manual(pk, service)
                    return
                self._wait()
                if not self._delete(pk, service):
                    return
                self._wait()
            if not self._say(partial(undo_guide.release, pk, ANNA)):
                return
        self.over.add(pk)
        self._scheduler.seen["undone"] += 1
        if self._scheduler.chance.random() < 0.5:
            self._bind_anew(pk)

    def _wait(self) -> None:
        """A person needs a moment from one step to the next; others act meanwhile."""
        self._scheduler.sleep(self._scheduler.chance.uniform(0.0, 8.0))

    def _released(self, pk: int) -> bool:
        return undo_guide.state_of(Binding.objects.get(pk=pk)).released

    def _is_there(self, service_id: int) -> bool:
        service = self._world.services.get(service_id)
        return service is not None and service.status != r.DELETED

    def _put_on_manual(self, pk: int, service_id: int) -> None:
        """Do by hand what the page says of a service that was opened with another user.

        That user and its site stay on the server.
        """
        service, binding = self._world.services[service_id], Binding.objects.get(pk=pk)
        if not service.module or service.username in ("", binding.account.username):
            return
        name = step1.name_for(binding.datacenter_id)
        manual = next(module for module in self._world.modules.all() if module.name == name)
        self._world.services.put(service._replace(module=manual.id))
        self._scheduler.tell(f"puts service {service_id} on module {manual.id} by hand")
        self._scheduler.seen["put on the manual module by hand"] += 1

    def _delete(self, pk: int, service_id: int) -> bool:
        """Delete the service in BILLmanager, only as long as page and service say that one may."""
        if undo_guide.state_of(Binding.objects.get(pk=pk)).manual is None:
            return False
        service = self._world.services[service_id]
        module = self._world.modules.get(service.module)
        if module is None or module.server or service.status == r.DELETED:
            self._scheduler.tell(f"sees that service {service_id} was bound anew or is gone")
            return False
        self._scheduler.tell(f"deletes service {service_id}")
        acts.perform(self._world, {"act": "delete_service", "service": service_id, "by": ANNA})
        return True

    def _bind_anew(self, pk: int) -> None:
        """The account is free: it is bound again in a new run."""
        binding = Binding.objects.select_related("account__panel").get(pk=pk)

        def bind() -> None:
            try:
                started = self._batch.again(key_of(binding))
            except Refused as refused:
                self._scheduler.tell(f"is refused: {refused.text} {refused.lines}")
                return
            self._scheduler.seen["bound anew after undoing"] += started

        self._say(bind)
