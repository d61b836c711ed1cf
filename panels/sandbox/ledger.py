"""The ledger: every effect, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from panels.sandbox.violations import violations

if TYPE_CHECKING:
    from panels.sandbox.world.records import Service
    from panels.sandbox.world.world import World

_SECTIONS = {
    "orders": "order",
    "switches": "switch",
    "ignored": "ignored",
    "hosting_accounts_created": "hosting_created",
    "hosting_accounts_deleted": "hosting_deleted",
    "hosting_accounts_switched": "hosting_switched",
    "password_changes": "password_change",
    "limit_pushes": "limit_push",
    "task_closes": "task_closed",
    "task_takes": "task_taken",
    "credits": "credited",
    "refunds": "refunded",
    "modules_created": "module_created",
    "services_saved": "service_saved",
    "services_deleted": "service_deleted",
    "openings_failed": "opening_failed",
    "mails": "mail",
    "clients_created": "client_created",
    "plans_saved": "plan_changed",
}


def ledger(world: World) -> dict[str, Any]:
    """Give everything that has happened, and what of it must never have."""
    return {
        "services": [_service(world, row) for row in world.services.all()],
        "charges": [
            {
                "id": e.id,
                "service": e.service,
                "client": e.client,
                "amount": _units(e.amount),
                "kind": e.kind,
            }
            for e in world.expenses.all()
        ],
        "payments": [
            {
                "id": p.id,
                "client": p.client,
                "amount": _units(p.amount),
                "status": p.status,
                "randomnumber": p.randomnumber,
                "tied_to": p.tied_to,
            }
            for p in world.payments.all()
        ],
        "lines": [{**line._asdict(), "cost": _units(line.cost)} for line in world.lines.all()],
        "tasks": [_task(world, key) for key in world.tasks.rows],
        "plans": [
            {"id": p.id, "name": p.name, "modules": list(p.modules), "letter": p.opennotify}
            for p in world.plans.all()
        ],
        **{name: _events(world, kind) for name, kind in _SECTIONS.items()},
        "calls": dict(world.calls),
        "calls_max_parallel": max(world.most_busy.values(), default=0),
        "calls_max_parallel_by_panel": dict(world.most_busy),
        "violations": violations(world),
    }


def _units(minor: int) -> float:
    return minor / 100


def _events(world: World, kind: str) -> list[dict[str, Any]]:
    return [{"at": event.at, **event.data} for event in world.events.find("kind", kind)]


def _service(world: World, s: Service) -> dict[str, Any]:
    module = world.modules.get(s.module)
    return {
        "id": s.id,
        "client": s.client,
        "plan": s.plan,
        "domain": s.domain,
        "datacenter": s.datacenter,
        "period": s.period,
        "username": s.username,
        "module": module.intname if module else "",
        "module_id": s.module,
        "server": module.server if module else "",
        "status": s.status,
        "item_status": s.item_status,
        "price": _units(s.price),
        "paid": s.paid,
        "remoteid": s.remoteid,
        "autoprolong": s.autoprolong,
        "expires": s.expires,
        "created_by_order": s.origin == "order",
        "origin": s.origin,
    }


def _task(world: World, key: int) -> dict[str, Any]:
    task = world.tasks[key]
    performer = world.users.get(task.performer)
    return {
        "id": task.id,
        "service": task.service,
        "status": task.status,
        "performer": performer.login if performer else "",
        "type": task.type,
        "department": task.department,
        "closes": task.closes,
        "refused_closes": task.refused_closes,
    }


def truth(world: World) -> dict[str, Any]:
    """Give the whole truth about the world, account passwords and all, for tests and demos."""
    plans = {plan.preset: plan.name for plan in world.plans.all() if plan.preset}
    clients = {user.email.lower(): user.client for user in world.users.all() if user.client}
    domains: dict[str, list[str]] = {}
    for site in world.webdomains.all():
        domains.setdefault(f"{site.server}/{site.owner}", []).append(site.name)
    staff = world.users.find("client", 0)
    return {
        "seed_panels": {
            "billmanager": world.address_of("billmanager"),
            **{name: world.address_of(name) for name in world.servers},
        },
        "logins": {
            "billmanager": {user.login: user.password for user in staff},
            "ispmanager": {"root": "root-sandbox"},
        },
        "dialect": world.dialect.name,
        "accounts": [
            {
                "server": user.server,
                "username": user.name,
                "password": user.password,
                "fullname": user.fullname,
                "email": user.email,
                "client": user.payer or clients.get(user.email.lower()),
                "story": user.story,
                "plan": plans.get(user.preset),
                "preset": user.preset,
                "owner": user.owner,
                "active": user.active,
                "service": user.service or None,
                "domains": domains.get(user.key, []),
            }
            for user in world.hosting.all()
        ],
        "clients": [
            {
                "id": client.id,
                "name": client.name,
                "balance": _units(client.balance),
                "emails": [user.email for user in world.users.find("client", client.id)],
            }
            for client in world.clients.all()
        ],
        "modules": [
            {**module._asdict(), "url": world.address_of(module.server) if module.server else ""}
            for module in world.modules.all()
        ],
        "plans": [
            {
                "id": plan.id,
                "name": plan.name,
                "modules": list(plan.modules),
                "prices": {str(months): _units(cost) for months, cost in plan.prices},
            }
            for plan in world.plans.all()
        ],
        "datacenters": [row._asdict() for row in world.datacenters.all()],
        "departments": [row._asdict() for row in world.departments.all()],
    }
