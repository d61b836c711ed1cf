"""Recognises accounts that are services of BILLmanager already, however they were bound.

A service is its account by login (capitals do not count) and module; the domain shows those that
were bound under another login, on another server, or while the module could not be read. Such an
account is never offered: the same site would be sold twice.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrator.inventory.mirror import portions, update_rows
from integrator.messages.reasons import reason
from integrator.models import Account, Binding, Module, Panel, Service
from panels.billmanager.services import ACTIVE, DELETED
from panels.normal_forms import domain_key, login_key, name_key

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from integrator.messages.reasons import Reason


@dataclass(frozen=True, slots=True)
class Live:
    """A service that is not deleted. Ids are BILLmanager's, ``pk`` is our row's."""

    pk: int
    id: int
    client: int | None
    module: int | None
    username: str
    domain: str
    status: int


@dataclass(slots=True)
class Services:
    """The live services by what they have in common with accounts.

    ``by_login`` has logins as ``login_key`` folds them. ``held``: our row of a service → (login,
    server) of the account that it is.
    """

    by_login: dict[tuple[int, str], list[Live]] = field(default_factory=lambda: defaultdict(list))
    by_domain: dict[str, list[Live]] = field(default_factory=lambda: defaultdict(list))
    held: dict[int, tuple[str, str]] = field(default_factory=dict)
    modules: dict[int, str] = field(default_factory=dict)

    @classmethod
    def load(cls) -> Services:
        """From the mirrors; of several services of one login the active one stands first."""
        found = cls(modules=dict(Module.objects.values_list("remote_id", "name")))
        rows = live_services().values_list(
            "pk",
            "remote_id",
            "client_id_remote",
            "module_id_remote",
            "username",
            "domain",
            "status",
        )
        for row in rows.order_by("remote_id").iterator():
            one = Live(*row)
            if one.module is not None and one.username:
                found.by_login[one.module, login_key(one.username)].append(one)
            if one.domain:
                found.by_domain[domain_key(one.domain)].append(one)
        for same in found.by_login.values():
            same.sort(key=lambda one: (one.status != ACTIVE, one.id))
        return found

    def of(self, module: int | None, username: str, twins: Collection[str] = ()) -> list[Live]:
        """The services of this login on this module, the active one first.

        ``twins``: other logins of the server that differ from it in capitals alone; what bears
        one of theirs is theirs.
        """
        if module is None:
            return []
        same = self.by_login.get((module, login_key(username)), [])
        return [one for one in same if name_key(one.username) not in twins] if twins else same


def live_services() -> Any:
    """The services that BILLmanager lists and that are not deleted."""
    return Service.objects.filter(gone_at=None).exclude(status=DELETED)


def recognise() -> int:
    """Mark the accounts that are services, and store what conflicts with that.

    The number of accounts whose mark (service or conflicts) changed.
    """
    services = Services.load()
    panels = {
        pk: (name, module)
        for pk, name, module in Panel.objects.filter(kind=Panel.Kind.ISPMANAGER).values_list(
            "id", "name", "module_id"
        )
    }
    twins = _twins()
    _hold(services, panels, twins)
    own = _own_services()
    changed: list[tuple[int, list[Any]]] = []
    rows = Account.objects.values_list(
        "id",
        "panel_id",
        "username",
        "domains",
        "system",
        "gone_at",
        "service_id",
        "conflicts",
        "in_conflict",
    )
    for pk, panel, username, domains, system, gone_at, *before in rows.iterator():
        name, module = panels.get(panel, ("", None))
        same = services.of(module, username, twins.get((panel, username), ()))
        service = same[0].pk if same else None
        conflicts: list[Reason] = []
        if same:
            # Of one that was bound before, drift says what there is to say.
            conflicts = before[1] if service == before[0] else []
        elif not system and gone_at is None:
            conflicts = _by_domain(services, username, name, domains, own.get(pk))
        after = [service, conflicts, bool(conflicts)]
        if after != before:
            changed.append((pk, after))
    for portion in portions(changed):
        update_rows(Account, ["service_id", "conflicts", "in_conflict"], portion)
    return len(changed)


def _twins() -> dict[tuple[int, str], list[str]]:
    """(panel, login) → the logins of that server that differ from it in capitals alone."""
    alike: dict[tuple[int, str], list[str]] = defaultdict(list)
    present = Account.objects.filter(gone_at=None).values_list("panel_id", "username")
    for panel, username in present.iterator():
        alike[panel, login_key(username)].append(username)
    return {
        (panel, username): [other for other in same if other != username]
        for (panel, _folded), same in alike.items()
        if len(same) > 1
        for username in same
    }


def _hold(
    services: Services,
    panels: Mapping[int, tuple[str, int | None]],
    twins: Mapping[tuple[int, str], list[str]],
) -> None:
    """Find the account of each service, for those that have one."""
    present = Account.objects.filter(gone_at=None).values_list("panel_id", "username")
    for panel, username in present.iterator():
        name, module = panels.get(panel, ("", None))
        for one in services.of(module, username, twins.get((panel, username), ())):
            services.held[one.pk] = (username, name)


def _own_services() -> dict[int, int]:
    """Account → the service that our binding has ordered for it."""
    rows = Binding.objects.filter(reserved=True).exclude(service_id=None)
    return {
        account: service
        for account, service in rows.values_list("account_id", "service_id")
        if service is not None
    }


def _by_domain(
    services: Services, username: str, server: str, domains: Sequence[str], own: int | None
) -> list[Reason]:
    """The reasons that live services with one of these domains give; each service once."""
    found: dict[int, Reason] = {}
    for domain in domains:
        for one in services.by_domain.get(domain_key(domain), ()):
            if one.id == own or one.id in found:
                continue
            about: dict[str, object] = {
                "domain": domain,
                "service": one.id,
                "client": one.client or "?",
            }
            if one.pk in services.held:
                account, where = services.held[one.pk]
                found[one.id] = reason("domain_elsewhere", **about, account=account, server=where)
            else:
                module = services.modules.get(one.module or 0, "–")
                found[one.id] = reason(
                    "domain_is_service",
                    **about,
                    username=one.username or "–",
                    module=module,
                    account=username,
                    server=server,
                )
    return list(found.values())
