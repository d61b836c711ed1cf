"""Shared readings: one look at the panel for all bindings of a window."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from integrator.panel_access.parallel import senders
from panels.billmanager.services import ACTIVE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from integrator.models import Binding, Intent
    from integrator.windows.lease import Driver
    from panels.billmanager import BillManager
    from panels.billmanager.payments import Expense
    from panels.billmanager.services import Service


_INTERNAL = re.compile(r"pm[a-z0-9_]+")
"""Internal names of modules begin so (billmanager.md 2.3)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is new on this plan since the oldest order that is looked for.

    ``marks``: those that were read in services' own forms, see ``form_marks``.
    """

    services: list[Service]
    expenses: list[Expense]
    marks: Mapping[int, str] = field(default_factory=dict)

    def service(self, service_id: int | None) -> Service | None:
        """The service with this id; None: it is not listed."""
        return next((s for s in self.services if s.id == service_id), None)


def floors(bm: BillManager) -> dict[str, int]:
    """The newest ids before the window's first order: whatever is higher is new.

    ``opened_…`` stay as they are; the others move up with each reading, so that each order's
    *before* is as recent as the last reading.
    """
    service, expense, payment = senders.together(
        bm.services.newest_id, bm.payments.newest_expense_id, bm.payments.newest_id
    )
    return {
        "opened_service": service,
        "opened_expense": expense,
        "service": service,
        "expense": expense,
        "payment": payment,
    }


def raised(seen: Mapping[str, Any], floors: Mapping[str, int]) -> dict[str, Any]:
    """What was seen, with newer floors for the orders to come; never lower ones."""
    newer = {name: floors[name] for name in ("service", "expense", "payment")}
    return {**seen, **{name: max(newer[name], seen.get(name, 0)) for name in newer}}


def read(
    driver: Driver,
    bm: BillManager,
    bindings: Sequence[Binding],
    known: Mapping[int, list[Intent]],
    *,
    charges: bool = True,
) -> Reading:
    """Read services and charges once for all, and move the floors up for the orders that follow.

    A binding that came from an earlier window has an older order; then the reading goes back
    to that. ``charges``: whether they are wanted at all.
    """
    seen = driver.seen
    before = [i.before for intents in known.values() for i in intents if "service" in i.before]
    floor = min([seen["opened_service"], *(b["service"] for b in before), *_older(bindings)])
    expense_floor = min([seen["opened_expense"], *(b["expense"] for b in before)])
    charged = charges and any(binding.price for binding in bindings)
    listed, expenses = senders.together(
        lambda: bm.services.of_plan(driver.window.plan.remote_id, floor=floor),
        lambda: bm.payments.expenses_newer_than(expense_floor) if charged else [],
    )
    seeking = {b.su: b.client.remote_id for b in bindings if b.service_id is None}
    found = _with_modules(bm, with_clients(bm, listed, seeking), bindings)
    seen["service"] = max([seen["service"], *(s.id for s in found)])
    seen["expense"] = max([seen["expense"], *(e.id for e in expenses)])
    driver.save(seen=seen)
    return Reading(found, expenses)


def services(driver: Driver, bm: BillManager, bindings: Collection[Binding]) -> Reading:
    """Read the services of these bindings alone, for what follows the payment."""
    floor = min([driver.seen["opened_service"], *_older(bindings)])
    found = bm.services.of_plan(driver.window.plan.remote_id, floor=floor)
    return Reading(_with_modules(bm, found, bindings), [])


def with_clients(
    bm: BillManager, found: list[Service], clients: Mapping[int, int]
) -> list[Service]:
    """The services with the ids of their clients, where the list names clients by text alone.

    Then what each client himself is shown tells which are his: a name may be written otherwise
    elsewhere, or be that of several, and an order that is not seen is ordered again. ``clients``:
    whose services are looked for, by the user that each is asked as.
    """
    unsaid = {service.id for service in found if service.client_id is None}
    if not unsaid or not clients:
        return found
    floor = min(unsaid) - 1
    owners = {
        service: client
        for su, client in clients.items()
        for service in bm.services.seen_by(su, floor=floor) & unsaid
    }
    return [replace(s, client_id=s.client_id or owners.get(s.id)) for s in found]


def _with_modules(
    bm: BillManager, found: list[Service], bindings: Collection[Binding]
) -> list[Service]:
    """The services with the ids of their modules, where the list shows only titles, or nothing.

    A title that one module alone bears is as good as its id. Where the list tells nothing of an
    active service of ours, its form is read: what is *proven* must rest on an id.
    """
    unnamed = [service for service in found if service.module_id is None]
    titled = [service for service in unnamed if service.module_name]
    if not unnamed:
        return found
    ids: dict[str, int | None] = {}
    internal: dict[int, str] = {}
    if titled:
        for module in bm.modules.all():
            ids[module.name] = None if module.name in ids else module.id
            internal[module.id] = module.intname
    ours = {binding.service_id for binding in bindings}
    resolved = []
    for service in found:
        module_id = service.module_id or ids.get(service.module_name)
        if _denied(service, internal.get(module_id or 0, "")):
            module_id = None
        # One that is in progress may have no module yet; the gate then asks for its task.
        unsure = bool(service.module_name) or service.status == ACTIVE
        if module_id is None and service.id in ours and unsure:
            module_id = bm.services.form(service.id).module_id
        resolved.append(replace(service, module_id=module_id))
    return resolved


def _denied(service: Service, intname: str) -> bool:
    """Whether the row's own internal name of its module (`pmmodule`) is that of another one.

    Some lists of modules show a title where others show the internal name: that denies nothing.
    """
    named = service.module_intname
    return bool(named) and _INTERNAL.fullmatch(intname) is not None and named != intname


def _older(bindings: Collection[Binding]) -> list[int]:
    return [b.service_id - 1 for b in bindings if b.service_id is not None]
