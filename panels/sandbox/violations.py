"""Violations of what must never happen, found in the ledger, as sentences for people."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from panels.sandbox.ispmanager.hosting import user_key
from panels.sandbox.world import records as r

if TYPE_CHECKING:
    from collections.abc import Iterator

    from panels.sandbox.world.world import World


def violations(world: World) -> list[str]:
    """List everything that was done twice or wrongly."""
    return [
        *_double_orders(world),
        *_double_services(world),
        *_double_remoteids(world),
        *_double_charges(world),
        *_double_payments(world),
        *_created_accounts(world),
        *_double_closes(world),
        *_passwords(world),
        *_empty_plans(world),
        *_deletions(world),
        *_wrong_bindings(world),
    ]


def _double_orders(world: World) -> Iterator[str]:
    by_remote: dict[str, int] = defaultdict(int)
    for event in world.events.find("kind", "order"):
        if event.data["remoteid"]:
            by_remote[str(event.data["remoteid"])] += 1
    for remoteid, count in by_remote.items():
        if count > 1:
            yield f"remoteid {remoteid} was ordered {count} times"


def _double_services(world: World) -> Iterator[str]:
    same: dict[tuple[int, str, int], list[str]] = defaultdict(list)
    for service in world.services.all():
        if service.status != r.DELETED:
            key = (service.client, service.domain, service.plan)
            same[key].append(f"service {service.id}")
    for line in world.lines.all():
        if not line.service:
            same[line.client, line.domain, line.plan].append(f"cart line {line.id}")
    for (client, domain, plan), names in same.items():
        if len(names) > 1:
            yield f"client {client} has {domain} on plan {plan} twice: {', '.join(names)}"


def _double_remoteids(world: World) -> Iterator[str]:
    marked: dict[str, list[int]] = defaultdict(list)
    for service in world.services.all():
        if service.remoteid and service.status != r.DELETED:
            marked[service.remoteid].append(service.id)
    for remoteid, ids in marked.items():
        if len(ids) > 1:
            yield f"remoteid {remoteid} has services {', '.join(map(str, ids))}"


def _double_charges(world: World) -> Iterator[str]:
    counts: dict[int, int] = defaultdict(int)
    for expense in world.expenses.all():
        if expense.amount > 0 and expense.kind == "order":
            counts[expense.service] += 1
    for service, count in counts.items():
        if count > 1:
            yield f"service {service} was charged {count} times"


def _double_payments(world: World) -> Iterator[str]:
    counts: dict[str, int] = defaultdict(int)
    for payment in world.payments.all():
        if payment.randomnumber:
            counts[payment.randomnumber] += 1
    for number, count in counts.items():
        if count > 1:
            yield f"the payment with randomnumber {number} was made {count} times"
    credited: dict[str, int] = defaultdict(int)
    for event in world.events.find("kind", "credited"):
        credited[str(event.data["payment"])] += 1
    for payment_id, count in credited.items():
        if count > 1:
            yield f"payment {payment_id} was credited {count} times"


def _created_accounts(world: World) -> Iterator[str]:
    counts: dict[int, int] = defaultdict(int)
    for event in world.events.find("kind", "hosting_created"):
        counts[int(str(event.data["service"]))] += 1
        if event.data["remoteid"]:
            yield (
                f"a new hosting user {event.data['username']} was created on "
                f"{event.data['server']} for our service {event.data['service']}"
            )
    for service, count in counts.items():
        if count > 1:
            yield f"service {service} got {count} hosting users"


def _double_closes(world: World) -> Iterator[str]:
    for task in world.tasks.all():
        if task.closes > 1:
            yield f"task {task.id} was closed {task.closes} times"


def _passwords(world: World) -> Iterator[str]:
    for event in world.events.find("kind", "password_change"):
        if event.data["by"] == "module" and not event.data["same"]:
            yield (
                f"the password of {event.data['username']} on {event.data['server']} "
                "was changed unasked"
            )


def _empty_plans(world: World) -> Iterator[str]:
    for event in world.events.find("kind", "switch"):
        if not event.data["left"]:
            yield f"plan {event.data['plan']} had no module at {event.at:.3f}"


def _deletions(world: World) -> Iterator[str]:
    for event in world.events.find("kind", "hosting_deleted"):
        name, server = event.data["username"], event.data["server"]
        yield f"hosting user {name} on {server} was deleted by {event.data['by']}"


def _wrong_bindings(world: World) -> Iterator[str]:
    holders: dict[str, list[int]] = defaultdict(list)
    for service in world.services.all():
        module = world.modules.get(service.module)
        if module is None or not module.server or service.status != r.ACTIVE:
            continue
        key = user_key(module.server, service.username)
        holders[key].append(service.id)
        if key not in world.hosting.rows:
            yield f"service {service.id} names {key}, which does not exist"
    for key, ids in holders.items():
        if len(ids) > 1:
            yield f"{key} is held by services {', '.join(map(str, ids))}"
