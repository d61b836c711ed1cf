"""Proposes the client and the plan of each account, and says why.

Everything is looked up in tables that are loaded once, so that 100,000 accounts and 50,000
clients are compared in seconds. An e-mail, a domain or a past service under the same username
proves enough to bind without asking; a name that is merely equal to a login does not, because a
site that is bound to the wrong client is suspended by the wrong client's debts (field.md 6).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrator.accounts.mirroring import portions, update_rows
from integrator.accounts.plan_map import PlanResolver
from integrator.accounts.reasons import reason
from integrator.models import Account, Client, ClientUser, Panel, Service
from integrator.models.states import RowState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from integrator.accounts.plan_map import Mapped
    from integrator.accounts.reasons import Reason
    from integrator.models import Plan

MOST_CANDIDATES = 20
"""More clients than that are no choice; the first ones are kept."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What matching knows of an account. ``module_id``: that of its server, None: not linked."""

    panel_id: int
    username: str
    domains: tuple[str, ...]
    email: str
    preset: str
    module_id: int | None


@dataclass(slots=True)
class Index:
    """Who could own an account, by each thing that may be equal. Clients are remote ids."""

    by_email: dict[str, set[int]] = field(default_factory=dict)
    by_username: dict[str, set[int]] = field(default_factory=dict)
    by_domain: dict[str, set[int]] = field(default_factory=dict)
    by_past: dict[tuple[int, str], dict[int, int]] = field(default_factory=dict)

    @classmethod
    def load(cls) -> Index:
        """From the mirrors of clients, users and services."""
        index = cls()
        users = ClientUser.objects.filter(gone_at=None, client__gone_at=None)
        for client, email, name in users.values_list("client__remote_id", "email", "name"):
            if email:
                index.by_email.setdefault(email, set()).add(client)
            if name:
                index.by_username.setdefault(name, set()).add(client)
        present = set(Client.objects.filter(gone_at=None).values_list("remote_id", flat=True))
        services = Service.objects.exclude(client_id_remote=None).values_list(
            "remote_id", "client_id_remote", "module_id_remote", "username", "domain"
        )
        for service, owner, module, username, domain in services.iterator():
            if owner is None or owner not in present:
                continue
            if domain:
                index.by_domain.setdefault(domain.lower(), set()).add(owner)
            if username and module is not None:
                index.by_past.setdefault((module, username), {})[owner] = service
        return index

    def evidence(self, account: Facts) -> tuple[dict[int, None], dict[int, None], list[Reason]]:
        """Clients with proof, clients with a mere likeness, and the reasons; strongest first."""
        proven: dict[int, None] = {}
        likely: dict[int, None] = {}
        reasons: list[Reason] = []
        if account.module_id is not None:
            past = self.by_past.get((account.module_id, account.username), {})
            for client, service in past.items():
                proven[client] = None
                reasons.append(reason("past_service", client=client, service=service))
        owners = self.by_email.get(account.email, ()) if account.email else ()
        for client in sorted(owners):
            proven[client] = None
            reasons.append(reason("email", email=account.email, client=client))
        for domain in account.domains:
            for client in sorted(self.by_domain.get(domain.lower(), ())):
                proven[client] = None
                reasons.append(reason("domain", client=client, domain=domain))
        for client in sorted(self.by_username.get(account.username, ())):
            likely[client] = None
            reasons.append(reason("username", client=client, username=account.username))
        return proven, likely, reasons


@dataclass(frozen=True, slots=True)
class Proposal:
    """What matching proposes. ``client`` is a remote id; None: no single one is proposed."""

    state: str
    client: int | None
    plan: Plan | None
    reasons: list[Reason]
    candidates: list[int]


def propose(account: Facts, index: Index, mapped: Mapped | None) -> Proposal:
    """The proposal for one account.

    One client with proof and a mapped plan: *ready*. Several clients, a client by likeness alone
    or no plan: *choose*. No client at all: *blocked*.
    """
    proven, likely, reasons = index.evidence(account)
    candidates = list(proven | likely)[:MOST_CANDIDATES]
    plan = mapped.plan if mapped else None
    if plan is None:
        reasons.append(reason("no_plan", preset=account.preset))
    if not candidates:
        return Proposal(RowState.BLOCKED, None, plan, [reason("no_client"), *reasons], [])
    if len(candidates) > 1:
        reasons.insert(0, reason("several_clients", count=len(candidates)))
        return Proposal(RowState.CHOOSE, None, plan, reasons, candidates)
    if not proven:
        reasons.insert(0, reason("weak_client"))
        return Proposal(RowState.CHOOSE, None, plan, reasons, candidates)
    state = RowState.READY if plan else RowState.CHOOSE
    return Proposal(state, candidates[0], plan, reasons, candidates)


_COLUMNS = (
    "match_state", "match_reasons", "match_candidates", "client_id", "plan_id",
)  # fmt: skip


def match_all() -> dict[str, int]:
    """Propose client and plan for every account that could be bound; counts by state.

    What a person has chosen is kept; only rows whose proposal differs are written.
    """
    index, resolver = Index.load(), PlanResolver()
    clients = dict(Client.objects.values_list("remote_id", "id"))
    modules = dict(Panel.objects.values_list("id", "module_id"))
    counts = {str(state): 0 for state in RowState.values}
    altered: list[tuple[int, list[Any]]] = []
    for pk, account, before in _accounts(modules):
        proposal = propose(account, index, resolver.find(account.preset, account.panel_id))
        counts[str(proposal.state)] += 1
        after = [
            str(proposal.state),
            proposal.reasons,
            proposal.candidates,
            clients.get(proposal.client) if proposal.client else None,
            proposal.plan.pk if proposal.plan else None,
        ]
        if after != before:
            altered.append((pk, after))
    for portion in portions(altered):
        update_rows(Account, _COLUMNS, portion)
    return _with_chosen(counts)


def _accounts(
    modules: Mapping[int, int | None],
) -> Iterable[tuple[int, Facts, list[Any]]]:
    """Accounts that nobody has chosen for: id, facts, and the present proposal."""
    rows = Account.objects.filter(
        gone_at=None, system=False, service=None, chosen_by=""
    ).values_list("id", "panel_id", "username", "domains", "email", "preset", *_COLUMNS)
    for pk, panel_id, username, domains, email, preset, *before in rows.iterator():
        facts = Facts(panel_id, username, tuple(domains), email, preset, modules.get(panel_id))
        yield pk, facts, before


def _with_chosen(counts: dict[str, int]) -> dict[str, int]:
    """Bring the state of chosen accounts up to date, and count them in."""
    chosen = Account.objects.filter(gone_at=None, system=False, service=None).exclude(chosen_by="")
    for account in chosen.select_related("client", "plan").iterator():
        state, reasons = _chosen_state(account)
        counts[str(state)] += 1
        if (account.match_state, account.match_reasons) != (str(state), reasons):
            account.match_state, account.match_reasons = str(state), reasons
            account.save(update_fields=["match_state", "match_reasons"])
    return counts


def _chosen_state(account: Account) -> tuple[str, list[Reason]]:
    reasons = [reason("chosen", person=account.chosen_by)]
    if account.client is None or account.client.gone_at:
        return RowState.CHOOSE, [reason("client_gone"), *reasons]
    if account.plan is None:
        return RowState.CHOOSE, [reason("no_plan", preset=account.preset), *reasons]
    if account.plan.gone_at:
        return RowState.CHOOSE, [reason("plan_gone"), *reasons]
    return RowState.READY, reasons


def choose(account: Account, *, client: Client | None, plan: Plan | None, person: str) -> Account:
    """Keep a person's choice for one account; None: the proposal's own stays."""
    account.client = client or account.client
    account.plan = plan or account.plan
    account.chosen_by = person
    account.match_state, account.match_reasons = _chosen_state(account)
    account.save(update_fields=["client", "plan", "chosen_by", "match_state", "match_reasons"])
    return account
