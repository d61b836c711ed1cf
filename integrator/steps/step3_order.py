"""Step 3: “As the client, order the plan”.

Ordered with ``skipbasket=on``, which orders and charges in one documented call (billmanager.md
4.1). Its evidence is the service, found by reading the list, never by the answer alone: the
answer of the new cart holds no service id, and an answer may get lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from integrator.messages import panel_errors
from integrator.messages.message import named, say
from integrator.steps.same_service import of_client, same_domain
from integrator.steps.verdicts import Absent, Ambiguous, Evidence, Failed, Proven, Verdict
from panels.billmanager.services import (
    ACTIVE,
    DELETED,
    IN_PROGRESS,
    ORDERED,
    STATUSES,
    SUSPENDED,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from integrator.messages.message import Message
    from integrator.models import Binding
    from panels.billmanager import BillManager
    from panels.billmanager.orders import Placed
    from panels.billmanager.services import Service

NUMBER = 3
VERSION = 1
KIND = "order"

UNMARKED = "unmarked_service"
"""Cause: what is there could be our order, but for the mark that it should carry."""
WRONG_MODULE = "wrong_module"
"""Cause: it went to an ispmanager module, not to the manual one."""
UNREADABLE = "unreadable_service"
"""Cause: the list does not tell the service's state, or tells one that is not known."""
SEVERAL = "several_services"
"""Cause: more than one new service could be our order."""
PAID = STATUSES - {ORDERED}
"""States of a service whose order is paid."""
MARK_IN_FORM = "mark_in_form"
"""In evidence: our mark, found in the service's form where the list shows none."""


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a binding. ``floors``: the highest ids seen of services and of expenses."""

    kind: ClassVar = KIND
    number: ClassVar = NUMBER

    bm: BillManager
    binding: Binding
    floors: Mapping[str, int]

    def describe(self) -> dict[str, Any]:
        """What is ordered, for whom, with our mark."""
        binding = self.binding
        return {
            "su": binding.su,
            "plan": binding.plan.remote_id,
            "datacenter": binding.datacenter_id,
            "period": binding.period,
            "domain": binding.domain,
            "autoprolong": binding.autoprolong,
            "remoteid": binding.marker,
        }

    def before(self) -> dict[str, Any]:
        """Above which ids the service and its charge are looked for."""
        return {"service": self.floors["service"], "expense": self.floors["expense"]}

    def apply(self, send_by: float) -> Placed:
        """Order. Raises what ``panels`` raises."""
        binding = self.binding
        return self.bm.orders.place(
            su=binding.su,
            plan_id=binding.plan.remote_id,
            datacenter_id=binding.datacenter_id,
            period=binding.period,
            domain=binding.domain,
            autoprolong=binding.autoprolong,
            remoteid=binding.marker,
            send_by=send_by,
        )


def candidates(
    binding: Binding, floor: int, services: Iterable[Service], adopted: Collection[int]
) -> list[Service]:
    """The services that could be this order's: new since ``floor``, equal in all that is readable.

    ``adopted``: ids that belong to other bindings. A service that carries another ``remoteid``
    is somebody else's; one that carries ours is ours whatever else it shows.
    """
    found = [
        service
        for service in services
        if service.id > floor and service.id not in adopted and of_client(service, binding)
    ]
    marked = [service for service in found if service.remoteid == binding.marker]
    if marked:
        return marked
    return [
        service
        for service in found
        if not service.remoteid
        and same_domain(service.domain, binding.domain)
        and service.period in (None, binding.period)
        and service.plan_id in (None, binding.plan.remote_id)
    ]


def verify(
    binding: Binding,
    floor: int,
    services: Iterable[Service],
    adopted: Collection[int],
    manual_modules: Collection[int],
) -> Verdict:
    """What the list of services says about this binding's order."""
    found = candidates(binding, floor, services, adopted)
    if not found:
        return Absent(say("order.none"))
    if len(found) > 1:
        return Ambiguous(
            SEVERAL,
            say("order.several", count=len(found)),
            {"services": [row(service) for service in found]},
        )
    return judge(binding, found[0], manual_modules)


def is_marked(binding: Binding, evidence: Evidence) -> bool:
    """Whether the service that was seen carries this order's mark, in the list or in its form."""
    return binding.marker in (evidence.get("remoteid"), evidence.get(MARK_IN_FORM))


def unmarked(binding: Binding, evidence: Evidence) -> Ambiguous:
    """The verdict on a service that is like our order, but should carry our mark and does not."""
    return Ambiguous(
        UNMARKED,
        say("order.unmarked", service=evidence["service"], client=str(binding.client)),
        evidence,
    )


def refused_but_paid(binding: Binding, evidence: Evidence) -> Ambiguous:
    """The verdict on an unmarked service that is like our order, and paid, though it was refused.

    What a refusal leaves is unpaid; its client may have ordered, and paid, the same himself.
    """
    return Ambiguous(
        UNMARKED,
        say("order.refused_but_paid", service=evidence["service"], client=str(binding.client)),
        evidence,
    )


def judge(
    binding: Binding, service: Service, manual_modules: Collection[int]
) -> Proven | Failed | Ambiguous:
    """Whether this one service is a sound result of our order.

    On a wrong module it is a person's question whether it is ours at all, as long as that is not
    known; a service that is known to be ours has failed, and can be undone.
    """
    evidence = row(service)
    learnt = {"service_id": service.id}
    if service.status not in STATUSES:
        return Ambiguous(UNREADABLE, _unreadable(service), evidence)
    if service.status in (SUSPENDED, DELETED):
        return Failed("service_closed", state_of(service), evidence)
    bound = service.module_id == binding.module_id and service.username == binding.account.username
    foreign = service.module_id is not None and service.module_id not in manual_modules
    if foreign and not bound:
        text = say("order.wrong_module", service=service.id, module=service.module_id)
        verdict = Failed if binding.service_id == service.id else Ambiguous
        return verdict(WRONG_MODULE, text, evidence)
    return Proven(evidence, learnt)


def paid(service: Service) -> bool:
    """Whether the panel treats the service as paid: it has left the state *ordered*.

    A state that is not known proves nothing.
    """
    return service.status in PAID


def state_word(service: Service) -> Message:
    """The service's state, with what the panel itself calls it."""
    names = {
        ORDERED: "unpaid",
        ACTIVE: "active",
        SUSPENDED: "suspended",
        DELETED: "deleted",
        IN_PROGRESS: "in_progress",
    }
    word = named("state", names.get(service.status, "unknown"))
    if not service.item_status:
        return word
    return say("service.state_of_panel", state=word, word=service.item_status)


def state_of(service: Service) -> Message:
    """In which state the service is."""
    return say("service.state", service=service.id, state=state_word(service))


def _unreadable(service: Service) -> Message:
    troubles = [panel_errors.of_trouble(trouble) for trouble in service.troubles]
    if not troubles:
        return state_of(service)
    return say(
        "service.unreadable", service=service.id, state=state_word(service), troubles=troubles
    )


def row(service: Service) -> dict[str, Any]:
    """A listed service as evidence."""
    return {
        "service": service.id,
        "status": service.status,
        "item_status": service.item_status,
        "domain": service.domain,
        "username": service.username,
        "module": service.module_id,
        "expires": service.expires.isoformat() if service.expires else None,
        "remoteid": service.remoteid,
    }
