"""Finds the differences between all bound services and their accounts, from the mirrors."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from integrator.drift import comparison
from integrator.drift.comparison import BoundService, HostedAccount, Names, ProvenBinding
from integrator.inventory.service_recognition import live_services
from integrator.matching.evidence import COLUMNS, AccountTraits, Index, all_traits
from integrator.matching.matcher import sure_client
from integrator.matching.plan_map import PlanResolver
from integrator.messages.reasons import reason
from integrator.models import Account, Binding, Module, Panel, Plan, Service
from integrator.models.states import BindingState
from panels.billmanager.services import ACTIVE, DELETED, IN_PROGRESS, SUSPENDED
from panels.normal_forms import domain_key, login_key

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from integrator.messages.reasons import Reason

COMPARED = (ACTIVE, SUSPENDED, IN_PROGRESS)


class Difference(NamedTuple):
    """Our rows of the service, its account and its server (None: not known), and what differs."""

    service: int
    account: int | None
    panel: int | None
    reason: Reason


class Comparison:
    """The mirrors in memory, indexed by what services and accounts have in common."""

    def __init__(self) -> None:
        self._names = Names(
            dict(Plan.objects.values_list("remote_id", "name")),
            dict(Module.objects.values_list("remote_id", "name")),
        )
        self._panels = {
            panel.module_id: panel
            for panel in Panel.objects.filter(kind=Panel.Kind.ISPMANAGER).exclude(module_id=None)
        }
        billing = Panel.objects.billmanager()
        self._billing_at = billing.discovered_at if billing else None
        self._plans = PlanResolver()
        self._accounts: dict[tuple[int, str], HostedAccount] = {}
        self._alike: dict[tuple[int, str], list[HostedAccount]] = defaultdict(list)
        self._went: set[tuple[int, str]] = set()
        self._holders: dict[str, list[HostedAccount]] = defaultdict(list)
        # What a person has bound so is meant, whatever the preset or the e-mail says.
        self._meant = {
            service: (client, plan)
            for service, client, plan in Binding.objects.filter(
                state=BindingState.DONE, service_id__isnull=False
            ).values_list("service_id", "client__remote_id", "plan__remote_id")
        }
        self._index = Index.load()
        self._load_accounts()

    def _load_accounts(self) -> None:
        rows = Account.objects.values_list(
            "id", "panel_id", "panel__name", "username", "domains", "preset", "active", "gone_at"
        )
        for pk, panel, name, username, domains, preset, active, gone_at in rows.iterator():
            if gone_at is not None:
                self._went.add((panel, login_key(username)))
                continue
            one = HostedAccount(pk, name, username, domains, preset, active)
            self._accounts[panel, username] = one
            self._alike[panel, login_key(username)].append(one)
            for domain in domains:
                self._holders[domain_key(domain)].append(one)
        self._index.find_shared(all_traits())
        bound = Account.objects.filter(gone_at=None).exclude(service=None)
        self._facts = {
            (panel, facts[0]): AccountTraits(*facts)
            for panel, *facts in bound.values_list("panel_id", *COLUMNS).iterator()
        }

    def run(self) -> Iterator[Difference]:
        """Every difference."""
        under_way = set(
            Binding.objects.filter(reserved=True)
            .exclude(state=BindingState.DONE)
            .exclude(service_id=None)
            .values_list("service_id", flat=True)
        )
        first: dict[tuple[int, str], BoundService] = {}
        for service in _services():
            panel = self._panels.get(service.module)
            if panel is None or service.id in under_way or not service.username:
                continue
            account = self._account(panel, service.username)
            key = (panel.pk, account.username if account else login_key(service.username))
            if key in first:
                other = first[key]
                why = reason(
                    "two_services",
                    service=service.id,
                    client=service.client or "?",
                    other=other.id,
                    other_client=other.client or "?",
                )
                yield Difference(service.pk, account.pk if account else None, panel.pk, why)
                continue
            first[key] = service
            yield from self._of_service(service, panel, account)
        yield from self._of_bindings()

    def _account(self, panel: Panel, username: str) -> HostedAccount | None:
        """The account of a service's username; capitals count only where two differ in them."""
        exact = self._accounts.get((panel.pk, username))
        alike = self._alike.get((panel.pk, login_key(username)), [])
        return exact or (alike[0] if len(alike) == 1 else None)

    def _of_service(
        self, service: BoundService, panel: Panel, account: HostedAccount | None
    ) -> Iterator[Difference]:
        if account is None:
            if self._may_be_missed(panel, service.username):
                holders = (
                    self._holders.get(domain_key(service.domain), []) if service.domain else []
                )
                why, holder = comparison.without_account(service, panel.name, holders)
                yield Difference(service.pk, holder.pk if holder else None, panel.pk, why)
            return
        mapped = self._plans.find(account.preset, panel.pk)
        plan = (mapped.plan.remote_id, mapped.plan.name) if mapped else None
        client_meant, plan_meant = self._meant.get(service.id, (None, None))
        if service.plan == plan_meant:
            plan = None
        for why in comparison.between(service, account, plan, self._names):
            yield Difference(service.pk, account.pk, panel.pk, why)
        facts = self._facts.get((panel.pk, account.username))
        client = sure_client(self._index.facts(facts)) if facts else None
        if client is not None and service.client not in {None, client, client_meant}:
            why = reason(
                "client_doubted",
                service=service.id,
                client=service.client,
                other=client,
                username=account.username,
                server=account.server,
            )
            yield Difference(service.pk, account.pk, panel.pk, why)

    def _may_be_missed(self, panel: Panel, username: str) -> bool:
        """Whether a missing account is a difference: its server was read after BILLmanager was."""
        if (panel.pk, login_key(username)) in self._went:
            return True
        asked = panel.discovered_at
        return asked is not None and self._billing_at is not None and asked >= self._billing_at

    def _of_bindings(self) -> Iterator[Difference]:
        rows = Binding.objects.filter(state=BindingState.DONE).exclude(service_id=None)
        services = _services_of_bindings(self._billing_at)
        for number, client, plan, module, username, account, panel in rows.values_list(
            "service_id",
            "client__remote_id",
            "plan__remote_id",
            "module_id",
            "account__username",
            "account_id",
            "account__panel_id",
        ).iterator():
            service = services.get(number or 0)
            if service is None:
                continue
            bound = ProvenBinding(client, plan, module, username)
            for why in comparison.since_bound(service, bound, self._names):
                yield Difference(service.pk, account, panel, why)


_COLUMNS = (
    "pk",
    "remote_id",
    "client_id_remote",
    "plan_id_remote",
    "module_id_remote",
    "username",
    "domain",
    "status",
    "gone_at",
)


def _bound(row: Sequence[Any]) -> BoundService:
    values: list[Any] = [*row[:-1], row[-1] is not None]
    return BoundService(*values)


def _services() -> Iterator[BoundService]:
    """The services that should be an account; of several of one login the active one first."""
    rows = live_services().filter(status__in=COMPARED).values_list(*_COLUMNS)
    found = [_bound(row) for row in rows.iterator()]
    found.sort(key=lambda one: (one.status != ACTIVE, one.id))
    return iter(found)


def _services_of_bindings(billing_at: dt.datetime | None) -> dict[int, BoundService]:
    """The services of bindings that are done, by BILLmanager's id.

    One that no discovery has ever listed, though there was one since, is gone: it gets a row.
    """
    done = Binding.objects.filter(state=BindingState.DONE).exclude(service_id=None)
    rows = Service.objects.filter(remote_id__in=done.values("service_id")).values_list(*_COLUMNS)
    found = {row[1]: _bound(row) for row in rows.iterator()}
    if billing_at is None:
        return found
    for number in done.filter(done_at__lt=billing_at).values_list("service_id", flat=True):
        if number is not None and number not in found:
            made, _new = Service.objects.get_or_create(
                remote_id=number,
                defaults={"status": DELETED, "seen_at": billing_at, "gone_at": billing_at},
            )
            found[number] = BoundService(
                made.pk, number, None, None, None, "", "", DELETED, gone=True
            )
    return found
