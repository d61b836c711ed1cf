"""Ordering a plan, apart from the forms that ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.billmanager import operations, sale_rules
from panels.sandbox.billmanager.order_requests import OrderRequest
from panels.sandbox.http.refusals import Refusal, bad_value, missed
from panels.sandbox.world import records as r

if TYPE_CHECKING:
    from panels.sandbox.world.world import World


def check(world: World, wanted: OrderRequest) -> int:
    """Give the price in minor units; raise Refusal when this cannot be ordered."""
    plan = world.plans.get(wanted.plan)
    if plan is None or not plan.enabled:
        raise bad_value("pricelist", str(wanted.plan))
    if wanted.datacenter not in world.datacenters.rows:
        raise bad_value("datacenter", str(wanted.datacenter))
    price = operations.price_of(plan, wanted.period)
    if price is None:
        raise bad_value("period", str(wanted.period))
    if not operations.modules_for(world, plan, wanted.datacenter):
        text = "There is no suitable processing module for this tariff plan."
        raise Refusal("no_suitable_module", "processingmodule", "", text)
    sale_rules.check(world, wanted, plan)
    if wanted.client in world.dials.order_closed_to:
        raise Refusal("access", "pricelist", str(wanted.plan), "This plan is not for this client.")
    return price * (100 - world.dials.order_discount) // 100


def place(
    world: World, wanted: OrderRequest, *, skip_cart: bool
) -> tuple[r.Service | None, r.Line | None]:
    """Order, and pay at once from the balance when ``skip_cart``.

    Gives the service and the cart line, each None where there is none. Raises Refusal; a refusal
    for want of money may leave a service or a line behind (billmanager.md 4.1).
    """
    price = check(world, wanted)
    if not wanted.domain:
        wanted = wanted._replace(domain=f"{world.token(8)}.example")
    if not skip_cart:
        if world.dialect["cart.kind"] == "basket":
            service = _service(world, wanted, price)
            return service, _line(world, wanted, price, service)
        return None, _line(world, wanted, price, None)
    client = world.clients[wanted.client]
    if client.affords(price):
        service = operations.charge(world, _service(world, wanted, price))
        return service, None
    _leave(world, wanted, price)
    kind, about = world.dialect.error("no_money")
    raise Refusal(kind, about, "", "There is not enough money on the balance.")


def pay_line(world: World, line: r.Line) -> r.Service:
    """Pay a cart line from the balance; its service is made now when it has none."""
    service = world.services.get(line.service) if line.service else None
    if service is None:
        client = world.clients[line.client]
        if not client.affords(line.cost):
            kind, about = world.dialect.error("no_money")
            raise Refusal(kind, about, "", "There is not enough money on the balance.")
        wanted = OrderRequest(
            line.client,
            line.plan,
            line.datacenter,
            line.period,
            line.domain,
            line.remoteid,
            line.autoprolong,
        )
        service = _service(world, wanted, line.cost, line=line.id)
    paid = operations.charge(world, service)
    world.lines.drop(line.id)
    return paid


def lines_of(world: World, client: int, keys: list[int]) -> list[r.Line]:
    """Give a client's cart lines by id; raise Refusal when one is not there."""
    found = []
    for key in keys:
        line = world.lines.get(key)
        if line is None or line.client != client:
            raise missed("lineitem")
        found.append(line)
    return found


def _leave(world: World, wanted: OrderRequest, price: int) -> None:
    leaves = world.dials.refused_leaves or world.dialect["order.refused_leaves"]
    if leaves == "nothing":
        return
    service = _service(world, wanted, price) if leaves == "service" else None
    _line(world, wanted, price, service)


def _service(world: World, wanted: OrderRequest, price: int, line: int = 0) -> r.Service:
    service = r.Service(
        id=world.services.next_id(),
        plan=wanted.plan,
        client=wanted.client,
        datacenter=wanted.datacenter,
        period=wanted.period,
        domain=wanted.domain,
        status=r.ORDERED,
        item_status="1",
        price=price,
        created=world.now(),
        remoteid=wanted.remoteid,
        autoprolong=wanted.autoprolong,
        origin=wanted.origin,
    )
    world.services.put(service)
    if not line:
        _ordered(world, wanted, service=service.id, line=0)
    return service


def _line(world: World, wanted: OrderRequest, price: int, service: r.Service | None) -> r.Line:
    line = r.Line(
        id=world.lines.next_id(),
        client=wanted.client,
        plan=wanted.plan,
        datacenter=wanted.datacenter,
        period=wanted.period,
        domain=wanted.domain,
        cost=price,
        remoteid=wanted.remoteid,
        autoprolong=wanted.autoprolong,
        service=service.id if service else 0,
        billorder=wanted.client + 80_000,
    )
    if service is None:
        _ordered(world, wanted, service=0, line=line.id)
    return world.lines.put(line)


def _ordered(world: World, wanted: OrderRequest, *, service: int, line: int) -> None:
    world.record(
        "order",
        client=wanted.client,
        plan=wanted.plan,
        domain=wanted.domain,
        period=wanted.period,
        remoteid=wanted.remoteid,
        origin=wanted.origin,
        service=service,
        line=line,
    )
