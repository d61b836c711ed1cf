"""Accounts as they are found in the field: without e-mail, suspended, hand-tuned, and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.world.records import CLIENT_LEVEL, HostingUser, User, WebDomain

if TYPE_CHECKING:
    from collections.abc import Callable

    from panels.sandbox.world.world import World


def make_odd(world: World, user: HostingUser, nth: int) -> None:
    """Make an account odd; each kind of oddity in its turn."""
    _KINDS[nth % len(_KINDS)](world, user)


def _no_email(world: World, user: HostingUser) -> None:
    world.hosting.put(user._replace(email=""))


def _unknown_email(world: World, user: HostingUser) -> None:
    world.hosting.put(user._replace(email=f"{user.name}@elsewhere.example"))


def _suspended(world: World, user: HostingUser) -> None:
    world.hosting.put(user._replace(active=False))


def _hand_tuned(world: World, user: HostingUser) -> None:
    limits = (("limit_webdomains", "7"), ("limit_db", "3"))
    world.hosting.put(user._replace(preset="#custom", limits=limits))


def _no_domain(world: World, user: HostingUser) -> None:
    for site in world.webdomains.find("owner", user.key):
        world.webdomains.drop(site.key)


def _two_domains(world: World, user: HostingUser) -> None:
    name = f"xn--{user.name}-kva.example"  # a name that is written in punycode
    key = f"{user.server}/{name}"
    number = len(world.webdomains) + 1
    world.webdomains.put(WebDomain(key, user.server, number, name, user.name, active=True))


def _two_factor(world: World, user: HostingUser) -> None:
    world.hosting.put(user._replace(two_factor=True))


def _second_user(world: World, user: HostingUser) -> None:
    """Give the client a second user, and the account that one's e-mail."""
    owner = world.users.first("email", user.email)
    if owner is not None:
        email = f"{user.name}@mail.example"
        key = world.users.next_id()
        world.users.put(
            User(key, owner.client, email, email, owner.realname, owner.password, CLIENT_LEVEL)
        )
        world.hosting.put(user._replace(email=email))


def _inactive_user(world: World, user: HostingUser) -> None:
    """Let the client's user be one that may not log in any more."""
    owner = world.users.first("email", user.email)
    if owner is not None:
        world.users.put(owner._replace(active=False))


_KINDS: tuple[Callable[[World, HostingUser], None], ...] = (
    _no_email,
    _unknown_email,
    _suspended,
    _hand_tuned,
    _no_domain,
    _two_domains,
    _two_factor,
    _second_user,
    _inactive_user,
)
