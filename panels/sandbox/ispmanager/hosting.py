"""Actions of an ispmanager module on its server (billmanager.md 7.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.world.records import HostingUser, WebDomain

if TYPE_CHECKING:
    from panels.sandbox.world.records import Module, Plan, Service
    from panels.sandbox.world.world import World


def user_key(server: str, name: str) -> str:
    """Give the key of a hosting user."""
    return f"{server}/{name}"


def create_user(world: World, module: Module, service: Service) -> HostingUser:
    """Create a NEW hosting user for a service; a name that is taken gets a digit appended."""
    plan = world.plans[service.plan]
    wanted = _username(plan, service)
    name, tries = wanted, 0
    while user_key(module.server, name) in world.hosting.rows:
        tries += 1
        name = f"{wanted}{tries}"
    user = HostingUser(
        key=user_key(module.server, name),
        server=module.server,
        name=name,
        fullname=world.clients[service.client].name,
        owner="root",
        preset=plan.preset,
        password=service.password or f"made-{world.token(12)}",
        email="",
        active=True,
        quota_total=10240,
        quota_used=0,
        created=world.now(),
        service=service.id,
    )
    world.hosting.put(user)
    domain_key = user_key(module.server, service.domain)
    taken = domain_key in world.webdomains.rows
    if not taken:
        number = len(world.webdomains) + 1
        world.webdomains.put(
            WebDomain(domain_key, module.server, number, service.domain, name, active=True)
        )
    world.record(
        "hosting_created",
        server=module.server,
        username=name,
        wanted=wanted,
        service=service.id,
        remoteid=service.remoteid,
        origin=service.origin,
        domain_taken=taken,
    )
    return user


def delete_user(world: World, server: str, name: str, by: str) -> bool:
    """Delete a hosting user with its sites; False when there is none."""
    key = user_key(server, name)
    user = world.hosting.get(key)
    if user is None:
        return False
    world.hosting.drop(key)
    for site in world.webdomains.find("owner", key):
        world.webdomains.drop(site.key)
    world.record("hosting_deleted", server=server, username=name, by=by)
    return True


def set_active(world: World, server: str, name: str, *, active: bool, by: str) -> bool:
    """Switch a hosting user on or off; False when there is none."""
    user = world.hosting.get(user_key(server, name))
    if user is None:
        return False
    world.hosting.put(user._replace(active=active))
    world.record("hosting_switched", server=server, username=name, active=active, by=by)
    return True


def set_password(world: World, server: str, name: str, password: str, by: str) -> bool:
    """Change a hosting user's password; False when there is none."""
    user = world.hosting.get(user_key(server, name))
    if user is None:
        return False
    world.hosting.put(user._replace(password=password))
    world.record(
        "password_change", server=server, username=name, by=by, same=user.password == password
    )
    return True


def push_limits(world: World, service: Service, by: str) -> None:
    """Push the plan's limits to the service's hosting user, when there is one."""
    module = world.modules.get(service.module)
    if module is None or not module.server:
        return
    user = world.hosting.get(user_key(module.server, service.username))
    if user is None:
        return
    plan = world.plans[service.plan]
    preset = plan.preset
    # Limits of the tariff override the template (ispmanager.md 3.3).
    quota = dict(plan.limits).get("disc", user.quota_total)
    world.hosting.put(user._replace(preset=preset, quota_total=quota))
    world.record(
        "limit_push",
        service=service.id,
        server=module.server,
        username=user.name,
        by=by,
        before=user.preset,
        after=preset,
    )


def _username(plan: Plan, service: Service) -> str:
    site = "".join(c for c in service.domain.split(".")[0] if c.isalnum() or c in "_-")
    name = plan.template
    for macro, value in (
        ("@ID@", str(service.id)),
        ("@ACCOUNT_ID@", str(service.client)),
        ("@DOMAIN@", site),
        ("@USERNAME@", service.username or site),
    ):
        name = name.replace(macro, value)
    return name[:32] or f"user{service.id}"
