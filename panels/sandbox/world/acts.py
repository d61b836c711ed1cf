"""Acts of other people: strangers who order, colleagues who interfere, clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from panels.sandbox.billmanager import operations, order_requests, orders, renewals
from panels.sandbox.billmanager.clients import add_user
from panels.sandbox.billmanager.plans import offered_datacenters, switch_module
from panels.sandbox.billmanager.services import delete_service
from panels.sandbox.ispmanager import hosting
from panels.sandbox.world import records as r

if TYPE_CHECKING:
    from collections.abc import Callable

    from panels.sandbox.world.world import World

Act = dict[str, Any]


class ActError(ValueError):
    """An act that cannot be done; the text says why."""


def perform(world: World, act: Act) -> dict[str, object]:
    """Do one act, named in ``act``; return its result.

    Raises ActError for an unknown act or a thing that is not there.
    """
    work = ACTS.get(str(act.get("act")))
    if work is None:
        msg = f"there is no act {act.get('act')}; there are {', '.join(sorted(ACTS))}"
        raise ActError(msg)
    try:
        return work(world, act)
    except KeyError as error:
        msg = f"not found, or not told: {error}"
        raise ActError(msg) from error


def stranger_orders(world: World, act: Act) -> dict[str, object]:
    """Let a client order a plan and pay at once. Unset: any client, any plan, a new domain."""
    plans = [p for p in world.plans.all() if p.enabled and p.itemtype == "vhost" and p.modules]
    client_id = int(act.get("client") or world.random.choice(world.clients.all()).id)
    plan = world.plans[int(act["plan"])] if act.get("plan") else world.random.choice(plans)
    offered = offered_datacenters(world, plan)
    centre = int(act.get("datacenter") or (world.random.choice(offered)[0] if offered else 0))
    wanted = order_requests.OrderRequest(
        client=client_id,
        plan=plan.id,
        datacenter=centre,
        period=int(act.get("period") or plan.prices[0][0]),
        domain=str(act.get("domain") or f"stranger-{world.token(6)}.example"),
        origin="stranger",
    )
    if not act.get("poor"):
        client = world.clients[client_id]
        price = orders.check(world, wanted)
        world.clients.put(client._replace(balance=client.balance + price))
    paid = bool(act.get("paid", True))
    service, line = orders.place(world, wanted, skip_cart=paid)
    return {"service": service.id if service else 0, "line": line.id if line else 0}


def _take_task(world: World, act: Act) -> dict[str, object]:
    task = _task(world, act)
    by = world.users.first("login", str(act.get("by") or "colleague"))
    if by is None:
        raise KeyError(act.get("by"))
    world.tasks.put(task._replace(status=r.TASK_IN_WORK, performer=by.id))
    world.record("task_taken", task=task.id, by=by.login)
    return {"task": task.id}


def _close_task(world: World, act: Act) -> dict[str, object]:
    """Let a colleague close a task by hand, on the module and username given, else manual."""
    task = _task(world, act)
    service = world.services[task.service]
    module = int(act.get("module") or service.module)
    world.tasks.put(task._replace(status=r.TASK_CLOSED, closes=task.closes + 1))
    world.record("task_closed", task=task.id, service=service.id, module=module, by="colleague")
    username, password = str(act.get("username") or ""), str(act.get("password") or "")
    world.schedule(0, "finish_task", task.id, str(module), username, password)
    return {"task": task.id}


def _task(world: World, act: Act) -> r.Task:
    if act.get("task"):
        return world.tasks[int(act["task"])]
    for task in world.tasks.find("service", int(act["service"])):
        if task.status != r.TASK_CLOSED:
            return task
    raise KeyError(act["service"])


def _switch_module(world: World, act: Act) -> dict[str, object]:
    plan, module = world.plans[int(act["plan"])], world.modules[int(act["module"])]
    switch_module(world, plan.id, module.id, on=bool(act["on"]), by="colleague")
    return {"modules": list(world.plans[plan.id].modules)}


def _set_email(world: World, act: Act) -> dict[str, object]:
    """Change the e-mail of a BILLmanager user, or of an account on a server."""
    email = str(act["email"])
    if act.get("server"):
        user = world.hosting[hosting.user_key(str(act["server"]), str(act["username"]))]
        world.hosting.put(user._replace(email=email))
        return {"username": user.name}
    person = world.users[int(act["user"])]
    world.users.put(person._replace(email=email))
    return {"user": person.id}


def _add_user(world: World, act: Act) -> dict[str, object]:
    client = world.clients[int(act["client"])]
    user = add_user(world, client.id, str(act["email"]), client.name, world.token(10))
    return {"user": user.id}


def _set_balance(world: World, act: Act) -> dict[str, object]:
    client = world.clients[int(act["client"])]
    world.clients.put(client._replace(balance=int(act["balance"])))
    return {"client": client.id}


def _set_terms(world: World, act: Act) -> dict[str, object]:
    """Let a colleague have a client pay later: post-paid, or down to a limit in minor units."""
    client = world.clients[int(act["client"])]
    limit = int(act.get("credit_limit") or 0)
    postpaid = bool(act.get("postpaid"))
    if postpaid and limit:
        raise ActError("a client is post-paid or has a credit limit, never both")
    world.clients.put(client._replace(postpaid=postpaid, credit_limit=limit))
    return {"client": client.id}


def _set_price(world: World, act: Act) -> dict[str, object]:
    """Let a colleague sell a plan's period for another price, in minor units."""
    plan, months = world.plans[int(act["plan"])], int(act["months"])
    prices = {**dict(plan.prices), months: int(act["price"])}
    world.plans.put(plan._replace(prices=tuple(sorted(prices.items()))))
    return {"plan": plan.id}


def _set_limits(world: World, act: Act) -> dict[str, object]:
    """Let a colleague change what a plan allows: ``limits`` maps resources to amounts."""
    plan = world.plans[int(act["plan"])]
    limits = tuple((str(name), int(amount)) for name, amount in act["limits"].items())
    world.plans.put(plan._replace(limits=limits))
    return {"plan": plan.id}


def _close_service(world: World, act: Act) -> dict[str, object]:
    service = world.services[int(act["service"])]
    world.services.put(service._replace(status=r.DELETED, item_status="4"))
    return {"service": service.id}


def _delete_service(world: World, act: Act) -> dict[str, object]:
    """Let a colleague delete a service, with all that BILLmanager deletes along with it."""
    service = world.services[int(act["service"])]
    delete_service(world, service, str(act.get("by") or "colleague"))
    return {"service": service.id}


def _suspend_service(world: World, act: Act) -> dict[str, object]:
    service = world.services[int(act["service"])]
    changed = service._replace(status=r.SUSPENDED, item_status="3_employeesuspend")
    world.services.put(changed)
    return {"service": service.id}


def _activate_service(world: World, act: Act) -> dict[str, object]:
    """Let a colleague bind a service by hand, without its task."""
    service = world.services[int(act["service"])]
    module, username = int(act["module"]), str(act["username"])
    operations.activate(world, service._replace(module=module, username=username))
    return {"service": service.id}


def _change_password(world: World, act: Act) -> dict[str, object]:
    server, name = str(act["server"]), str(act["username"])
    done = hosting.set_password(world, server, name, str(act["password"]), "the account's owner")
    return {"done": done}


def _hosting_user(world: World, act: Act) -> dict[str, object]:
    """Set an account's switches: ``active``, ``two_factor``, ``addresses``."""
    user = world.hosting[hosting.user_key(str(act["server"]), str(act["username"]))]
    changed = user._replace(
        active=bool(act.get("active", user.active)),
        two_factor=bool(act.get("two_factor", user.two_factor)),
        addresses=tuple(str(a) for a in act.get("addresses", user.addresses)),
    )
    world.hosting.put(changed)
    return {"username": user.name}


def _expire_sessions(world: World, act: Act) -> dict[str, object]:
    panel = act.get("panel")
    gone = [s.id for s in world.sessions.all() if panel in {None, s.panel}]
    for key in gone:
        world.sessions.drop(key)
    return {"sessions": len(gone)}


def _save_filter(world: World, act: Act) -> dict[str, object]:
    """Let a colleague save a filter under a login's name."""
    key = f"{act['panel']}/{act['login']}/{act['func']}"
    values = tuple((str(name), str(value)) for name, value in act["values"].items())
    world.filters.put(r.SavedFilter(key, values))
    return {"filter": key}


def _drop_profiles(world: World, act: Act) -> dict[str, object]:
    """Take a client's payer profiles away."""
    found = world.profiles.find("client", int(act["client"]))
    for profile in found:
        world.profiles.drop(profile.id)
    return {"dropped": len(found)}


def _forgotten_line(world: World, act: Act) -> dict[str, object]:
    """Leave a line in a client's cart, as one who never paid."""
    return stranger_orders(world, {**act, "paid": False, "poor": True})


ACTS: dict[str, Callable[[World, Act], dict[str, object]]] = {
    "order": stranger_orders,
    "forgotten_line": _forgotten_line,
    "drop_profiles": _drop_profiles,
    "take_task": _take_task,
    "close_task": _close_task,
    "switch_module": _switch_module,
    "set_email": _set_email,
    "add_user": _add_user,
    "set_balance": _set_balance,
    "set_terms": _set_terms,
    "set_price": _set_price,
    "set_limits": _set_limits,
    "close_service": _close_service,
    "delete_service": _delete_service,
    "suspend_service": _suspend_service,
    "activate_service": _activate_service,
    "change_password": _change_password,
    "hosting_user": _hosting_user,
    "night": lambda world, act: renewals.run_nightly(world),  # noqa: ARG005 - it needs no word
    "expire_sessions": _expire_sessions,
    "save_filter": _save_filter,
}
