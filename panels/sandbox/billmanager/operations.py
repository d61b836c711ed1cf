"""Operations that BILLmanager does by itself: charging, opening, activating, tasks."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from panels.sandbox.http.refusals import Refusal
from panels.sandbox.ispmanager import hosting
from panels.sandbox.world import records as r

if TYPE_CHECKING:
    from panels.sandbox.world.world import World


def add_months(start: datetime, months: int) -> str:
    """Give the date so many months later as YYYY-MM-DD; short months end on their last day."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return f"{year:04d}-{month + 1:02d}-{day:02d}"


def is_ispmanager(world: World, module: r.Module) -> bool:
    """Whether a module drives an ispmanager."""
    return module.intname == world.dialect["modules.ispmanager"]


def is_manual(world: World, module: r.Module) -> bool:
    """Whether a module makes tasks for people."""
    return module.intname == world.dialect["modules.manual"]


def modules_for(world: World, plan: r.Plan, datacenter: int) -> list[r.Module]:
    """List the plan's enabled modules in a data centre, the one that is used first first."""
    found = [world.modules.get(key) for key in plan.modules]
    fit = [m for m in found if m is not None and m.enabled and m.datacenter == datacenter]
    return sorted(fit, key=lambda module: (module.orderpriority, module.id))


def price_of(plan: r.Plan, period: int) -> int | None:
    """Give the price of a period in minor units; None when the plan is not sold for it."""
    return dict(plan.prices).get(period)


def charge(world: World, service: r.Service) -> r.Service:
    """Take a service's price from the balance and start its opening.

    Raises Refusal when the balance lacks it, with nothing changed.
    """
    client = world.clients[service.client]
    if not client.affords(service.price):
        kind, about = world.dialect.error("no_money")
        raise Refusal(kind, about, "", "There is not enough money on the balance.")
    take_money(world, service, "order")
    service = service._replace(paid=True, status=r.IN_PROGRESS, item_status="5_open")
    if world.dialect["module_chosen"] == "order":
        chosen = modules_for(world, world.plans[service.plan], service.datacenter)
        service = service._replace(module=chosen[0].id if chosen else 0)
    world.services.put(service)
    for line in world.lines.find("client", service.client):
        if line.service == service.id:
            world.lines.drop(line.id)
    world.schedule(world.dials.task_delay, "open", service.id)
    return service


def take_money(world: World, service: r.Service, kind: str) -> None:
    """Take a service's price from its client and write the charge; nothing for a price of zero."""
    if not service.price:
        return
    client = world.clients[service.client]
    world.clients.put(client._replace(balance=client.balance - service.price))
    plan = world.plans[service.plan]
    world.expenses.put(
        r.Expense(
            world.expenses.next_id(),
            client.id,
            service.id,
            service.price,
            f"{plan.name} #{service.id} {service.domain}",
            world.now(),
            kind,
        )
    )


def open_service(world: World, key: int, tries: int = 0) -> None:
    """Let the first fitting module open a paid service: a task, or a new hosting user.

    A server that cannot be reached is tried again later; after some tries people get a task
    (billmanager.md 6.1).
    """
    service = world.services.get(key)
    if service is None or service.item_status != "5_open":
        return
    chosen = world.modules.get(service.module) if service.module else None
    if chosen is None:
        fit = modules_for(world, world.plans[service.plan], service.datacenter)
        if not fit:
            _try_again(world, service, tries, "no_suitable_module")
            return
        chosen = fit[0]
    service = world.services.put(service._replace(module=chosen.id, failed=False))
    if chosen.server in world.dials.broken_servers:
        if tries + 1 < world.dials.open_tries:
            _try_again(world, service, tries, "open")
        else:
            make_task(world, service, world.dialect["task.type_open"], chosen.department)
    elif is_ispmanager(world, chosen):
        user = hosting.create_user(world, chosen, service)
        activate(world, service._replace(username=user.name, password=user.password))
    elif is_manual(world, chosen):
        make_task(world, service, world.dialect["task.type_open"], chosen.department)
    else:
        activate(world, service)


def _try_again(world: World, service: r.Service, tries: int, reason: str) -> None:
    world.services.put(service._replace(failed=True))
    world.record("opening_failed", service=service.id, reason=reason, tries=tries + 1)
    world.schedule(world.dials.open_retry, "open", service.id, str(tries + 1))


def activate(world: World, service: r.Service) -> None:
    """Make a service active, running from today for its period."""
    expires = service.expires or add_months(world.today(), max(service.period, 0))
    if world.plans[service.plan].opennotify != "null":
        world.record("mail", client=service.client, about="opening", service=service.id)
    world.services.put(
        service._replace(
            status=r.ACTIVE,
            item_status="2",
            opened=world.now(),
            expires=expires,
            failed=False,
        )
    )


def make_task(world: World, service: r.Service, kind: str, department: int) -> None:
    """Make a task, unless one of this kind is still to do for the service (billmanager.md 6.1)."""
    for task in world.tasks.find("service", service.id):
        if task.type == kind and task.status != r.TASK_CLOSED:
            return
    key = world.tasks.next_id()
    operation = key + 20_000
    world.tasks.put(
        r.Task(
            key,
            kind,
            service.id,
            department,
            r.TASK_OPEN,
            0,
            operation,
            world.now(),
            key + r.WORK_OFFSET,
        )
    )


def finish_task(world: World, key: int, module: int, username: str, password: str) -> None:
    """Do what closing an opening task asks for: the service becomes active on that module."""
    task = world.tasks.get(key)
    service = world.services.get(task.service) if task is not None else None
    chosen = world.modules.get(module)
    if service is None or chosen is None or service.status == r.DELETED:
        return
    service = service._replace(module=module, username=username, password=password)
    dials = world.dials
    if is_ispmanager(world, chosen):
        if dials.close_opens:
            user = hosting.create_user(world, chosen, service)
            service = service._replace(username=user.name)
        if dials.close_sets_password:
            hosting.set_password(world, chosen.server, username, password, "module")
        if dials.close_pushes_limits:
            hosting.push_limits(world, service, "closing a task")
    activate(world, service)


def parse_date(text: str) -> str | None:
    """Give a date as YYYY-MM-DD; None when the text is no date."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).strftime("%Y-%m-%d")
    except ValueError:
        return None
