"""The clients that own users and services, where lists name them by text (billmanager.md 7.4)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from integrator.inventory.tolerant_reads import unless_odd
from integrator.models import Client
from panels.coremanager.partial_lists import Unreadable
from panels.normal_forms import name_key
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from panels.billmanager import BillManager
    from panels.billmanager.clients import ClientUser as ListedUser
    from panels.billmanager.services import Service as ListedService

MAX_ASKED = 200
"""Of so many users and services the panel is asked one by one whose they are."""
NAMELESS = note("cell.no_one_owner")


def of_users(
    billmanager: BillManager, users: Sequence[ListedUser], notes: list[Unreadable]
) -> tuple[dict[int, int], dict[str, int]]:
    """User → client, and name → client for the names that just one client has.

    Where the list names clients by text alone (billmanager.md 7.4), a name that just one client
    bears is enough; of namesakes, and of names that the list of clients does not have, the panel
    is asked for whom each user acts, up to ``MAX_ASKED`` of them.
    """
    names = ids_by_unique_name(Client.objects.values_list("name", "remote_id"))
    owners: dict[int, int] = {}
    named: list[tuple[str, int]] = []
    asked = 0
    for user in users:
        owner = user.client_id or names.get(name_key(user.client_name))
        if owner is None and asked < MAX_ASKED:
            asked += 1
            asking = partial(billmanager.clients.owner, user.id)
            owner = unless_odd(asking, "whoami", user.id, user.email, notes)
        if owner is None:
            notes.append(
                Unreadable("user", str(user.id), user.email, "account", user.client_name, NAMELESS)
            )
            continue
        owners[user.id] = owner
        named.append((user.client_name, owner))
    pairs = [*Client.objects.values_list("name", "remote_id"), *named]
    return owners, ids_by_unique_name(pairs)


def of_services(
    billmanager: BillManager, clients: Mapping[str, int], notes: list[Unreadable]
) -> Callable[[ListedService], int | None]:
    """Service → client: by id, by a name that one client alone has, else by its own form."""
    known = set(Client.objects.values_list("remote_id", flat=True))
    asked = 0

    def owner(service: ListedService) -> int | None:
        nonlocal asked
        found = service.client_id or clients.get(name_key(service.client_name))
        if found is None and service.client_name and asked < MAX_ASKED:
            asked += 1
            form = unless_odd(
                partial(billmanager.services.form, service.id),
                "vhost.edit",
                service.id,
                service.domain,
                notes,
            )
            shown = form.client_id if form else None
            found = shown if shown in known else None
        if found is None and service.client_name:
            notes.append(
                Unreadable(
                    "vhost",
                    str(service.id),
                    service.domain,
                    "account",
                    service.client_name,
                    NAMELESS,
                )
            )
        return found

    return owner


def ids_by_unique_name(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Name → id for names that only one has: lists of some versions show names alone."""
    ids: dict[str, set[int]] = {}
    for name, number in pairs:
        ids.setdefault(name_key(name), set()).add(number)
    return {name: next(iter(found)) for name, found in ids.items() if name and len(found) == 1}
