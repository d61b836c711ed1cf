"""Differences between one bound service and its account: a pure comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrator.messages.reasons import reason
from panels.billmanager.services import ACTIVE, DELETED, SUSPENDED
from panels.normal_forms import domain_key, login_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from integrator.messages.reasons import Reason


@dataclass(frozen=True, slots=True)
class BoundService:
    """One service as BILLmanager lists it. Ids are BILLmanager's; ``pk`` is our row's.

    ``gone``: it is listed no more.
    """

    pk: int
    id: int
    client: int | None
    plan: int | None
    module: int | None
    username: str
    domain: str
    status: int
    gone: bool

    @property
    def live(self) -> bool:
        """Whether BILLmanager still has it."""
        return not self.gone and self.status != DELETED


@dataclass(frozen=True, slots=True)
class HostedAccount:
    """An account as its server lists it. ``pk`` is our row's."""

    pk: int
    server: str
    username: str
    domains: Sequence[str]
    preset: str
    active: bool


@dataclass(frozen=True, slots=True)
class ProvenBinding:
    """The service as a binding of ours has proven it at its end."""

    client: int
    plan: int
    module: int
    username: str


@dataclass(frozen=True, slots=True)
class Names:
    """Names of plans and modules by BILLmanager's ids."""

    plans: dict[int, str]
    modules: dict[int, str]

    def plan(self, number: int | None) -> str:
        """The plan's name; a dash where BILLmanager does not say which."""
        return self.plans.get(number or 0) or (f"#{number}" if number else "–")

    def module(self, number: int | None) -> str:
        """The module's name, in the same way."""
        return self.modules.get(number or 0) or (f"#{number}" if number else "–")


def between(
    service: BoundService, account: HostedAccount, mapped: tuple[int, str] | None, names: Names
) -> Iterator[Reason]:
    """The differences between a service and its account.

    ``mapped``: id and name of the plan that accounts of this preset become; None: not known, so
    that nothing can be said of the plan.
    """
    about = {"service": service.id, "username": account.username, "server": account.server}
    if service.status == ACTIVE and not account.active:
        yield reason("suspended_on_server", **about)
    if service.status == SUSPENDED and account.active:
        yield reason("suspended_in_billing", **about)
    if mapped is not None and service.plan is not None and mapped[0] != service.plan:
        yield reason(
            "plan_differs",
            **about,
            plan=names.plan(service.plan),
            preset=account.preset,
            other=mapped[1],
        )
    held = {domain_key(domain) for domain in account.domains}
    if service.domain and held and domain_key(service.domain) not in held:
        yield reason("domain_differs", **about, domain=service.domain)


def without_account(
    service: BoundService, server: str, holders: Sequence[HostedAccount]
) -> tuple[Reason, HostedAccount | None]:
    """The difference of a service whose login is not on its server.

    ``holders``: the accounts, on all servers, that hold the service's domain.
    """
    about = {"service": service.id, "username": service.username, "server": server}
    here = [one for one in holders if one.server == server]
    if len(here) == 1:
        return reason("account_renamed", **about, other=here[0].username), here[0]
    if len(holders) == 1:
        there = holders[0]
        return (
            reason("account_moved", **about, other=there.username, other_server=there.server),
            there,
        )
    return reason("account_gone", **about, domain=service.domain or "–"), None


def since_bound(service: BoundService, bound: ProvenBinding, names: Names) -> Iterator[Reason]:
    """The differences between a service as BILLmanager has it and as our binding proved it."""
    about: dict[str, object] = {"service": service.id}
    if not service.live:
        yield reason("service_gone", **about, username=bound.username)
        return
    if service.client is not None and service.client != bound.client:
        yield reason("client_differs", **about, client=service.client, bound=bound.client)
    if service.plan is not None and service.plan != bound.plan:
        yield reason(
            "plan_changed", **about, plan=names.plan(service.plan), bound=names.plan(bound.plan)
        )
    if service.module != bound.module:
        yield reason(
            "module_differs",
            **about,
            module=names.module(service.module),
            bound=names.module(bound.module),
        )
    if login_key(service.username) != login_key(bound.username):
        yield reason(
            "username_differs", **about, username=service.username or "–", bound=bound.username
        )
