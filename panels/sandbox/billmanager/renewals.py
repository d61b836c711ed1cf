"""Renewals: the billing's nightly work, with the suspension of what is not paid for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from panels.sandbox.billmanager import operations
from panels.sandbox.ispmanager import hosting
from panels.sandbox.world import records as r

if TYPE_CHECKING:
    from panels.sandbox.world.world import World

UNPAID_STATUS = "3_autosuspend"
"""Suspended because a renewal could not be paid (billmanager.md 7.1)."""


def run_nightly(world: World) -> dict[str, object]:
    """Renew what runs out by today; suspend, with its account, what cannot be paid for."""
    today = world.today().strftime("%Y-%m-%d")
    renewed, suspended = [], []
    for service in world.services.all():
        if service.status != r.ACTIVE or not service.expires or service.expires > today:
            continue
        wanted = service.autoprolong not in {"null", "off", ""}
        if wanted and _affordable(world, service):
            _renew(world, service)
            renewed.append(service.id)
        else:
            _suspend(world, service)
            suspended.append(service.id)
    return {"renewed": renewed, "suspended": suspended}


def charge_suspended(world: World, client: int) -> None:
    """Charge services that were suspended for want of money, once there is some again."""
    for service in world.services.find("client", client):
        if service.item_status == UNPAID_STATUS and _affordable(world, service):
            _renew(world, service)


def _affordable(world: World, service: r.Service) -> bool:
    return world.clients[service.client].affords(service.price)


def _renew(world: World, service: r.Service) -> None:
    operations.take_money(world, service, "renewal")
    start = datetime.strptime(service.expires, "%Y-%m-%d").replace(tzinfo=UTC)
    expires = operations.add_months(start, max(service.period, 1))
    world.services.put(service._replace(status=r.ACTIVE, item_status="2", expires=expires))
    _switch(world, service, on=True)


def _suspend(world: World, service: r.Service) -> None:
    world.services.put(service._replace(status=r.SUSPENDED, item_status=UNPAID_STATUS))
    world.record("mail", client=service.client, about="suspension", service=service.id)
    _switch(world, service, on=False)


def _switch(world: World, service: r.Service, *, on: bool) -> None:
    module = world.modules.get(service.module)
    if module is not None and module.server:
        hosting.set_active(world, module.server, service.username, active=on, by="renewal")
