"""Candidates: accounts with the client and plan meant for them, by a CSV line or a match."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import Q
from django.db.models.functions import Lower

from integrator.matching import client_choices
from integrator.matching.plan_map import PlanResolver
from integrator.messages.reasons import reason
from integrator.models import Account, Binding
from panels.normal_forms import login_key

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable

    from django.db.models import QuerySet

    from integrator.messages.reasons import Reason

MAX_KEYS_ASKED = 500
"""Up to so many keys are asked for by name; beyond that it is cheaper to read the table."""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The facts about an account that a preview uses.

    ``service``: BILLmanager's id of the service it already is, None: none. ``taken``: (binding,
    run) that holds it, None: free. ``unsaid``: conflicts and doubts that nobody has decided;
    ``words``: those that a person has. ``domains``: all that its server lists for it.
    """

    id: int
    panel_id: int
    username: str
    domain: str
    active: bool
    system: bool
    gone: bool
    service: int | None
    taken: tuple[int, int] | None
    unsaid: tuple[Reason, ...] = ()
    words: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row of a preview to be. ``client`` and ``plan`` are ids of our rows.

    ``client`` None: to be chosen from ``candidates`` (remote ids), or nobody fits. ``su``: the
    user (remote id) that the CSV's e-mail named; None: the client's first one. ``reasons`` is
    what matching said. ``words``: what a person has confirmed of the row (``confirming``).
    """

    number: int
    account: AccountFacts
    client: int | None
    plan: int | None
    domain: str
    period: int
    autoprolong: bool | None
    su: int | None = None
    email: str = ""
    expires: dt.date | None = None
    password: str = field(default="", repr=False)
    reasons: tuple[Reason, ...] = ()
    candidates: tuple[int, ...] = ()
    words: tuple[str, ...] = ()


def account_facts(accounts: QuerySet[Account]) -> Iterable[AccountFacts]:
    """The facts of these accounts, in the queryset's order."""
    taken = {
        account: (binding, run)
        for account, binding, run in Binding.objects.filter(reserved=True).values_list(
            "account_id", "id", "run_id"
        )
    }
    rows = accounts.values_list(
        "id",
        "panel_id",
        "username",
        "domain",
        "active",
        "system",
        "gone_at",
        "service__remote_id",
        "conflicts",
        "words",
        "domains",
    )
    for pk, panel, username, domain, active, system, gone_at, service, *rest in rows.iterator():
        conflicts, words, domains = rest
        unsaid = client_choices.undecided(
            client_choices.doubts(active=active, conflicts=conflicts), words
        )
        yield AccountFacts(
            pk,
            panel,
            username,
            domain,
            active,
            system,
            gone_at is not None,
            service,
            taken.get(pk),
            tuple(unsaid),
            tuple(words),
            tuple(domains),
        )


def obstacles(account: AccountFacts) -> list[Reason]:
    """Why the account cannot be bound to any client or plan; empty when it can."""
    found = []
    if account.gone:
        found.append(reason("gone"))
    if account.system:
        found.append(reason("system"))
    if account.service is not None:
        found.append(reason("bound", service=account.service))
    elif account.taken is not None:
        binding, run = account.taken
        found.append(reason("reserved", binding=binding, run=run))
    else:
        found += [one for one in account.unsaid if client_choices.blocking([one])]
    return found


def named_accounts(wanted: Collection[tuple[int, str]]) -> dict[tuple[int, str], AccountFacts]:
    """(panel, username) → the account, for those that are known.

    A username that no account has means the one account that differs from it in capitals alone.
    """
    accounts = Account.objects.filter(panel__in={panel for panel, _username in wanted})
    few = len(wanted) <= MAX_KEYS_ASKED
    exactly = accounts.filter(username__in={username for _panel, username in wanted})
    rows = account_facts(exactly if few else accounts)
    known = {(facts.panel_id, facts.username): facts for facts in rows}
    found = {key: known[key] for key in wanted if key in known}
    missing = [key for key in wanted if key not in known]
    if not missing:
        return found
    folded: dict[tuple[int, str], list[AccountFacts]] = defaultdict(list)
    alike = accounts.annotate(login=Lower("username")).filter(
        login__in={username.lower() for _panel, username in missing[:MAX_KEYS_ASKED]}
    )
    for facts in account_facts(alike) if few else known.values():
        folded[facts.panel_id, login_key(facts.username)].append(facts)
    for panel, username in missing:
        same = folded.get((panel, login_key(username)), [])
        if len(same) == 1:
            found[panel, username] = same[0]
    return found


def unbound() -> QuerySet[Account]:
    """Every account that could be bound: there, a customer's, and neither a service nor taken."""
    reserved = Binding.objects.filter(reserved=True).values("account_id")
    return Account.objects.filter(gone_at=None, system=False, service=None).filter(
        ~Q(pk__in=reserved)
    )


def from_accounts(
    accounts: QuerySet[Account], *, period: int | None, autoprolong: bool | None
) -> list[Candidate]:
    """Candidates as matching (or a person's choice) proposes them, numbered from 1.

    ``period`` None: the plan map's own, else one month.
    """
    resolver = PlanResolver()
    matches = {
        pk: rest
        for pk, *rest in accounts.values_list(
            "id", "client_id", "plan_id", "preset", "match_reasons", "match_candidates"
        ).iterator()
    }
    found = []
    for number, facts in enumerate(account_facts(accounts), start=1):
        client, plan, preset, reasons, candidates = matches[facts.id]
        mapped = resolver.find(preset, facts.panel_id)
        usual = mapped.period if mapped and mapped.plan.pk == plan else 1
        found.append(
            Candidate(
                number=number,
                account=facts,
                client=client,
                plan=plan,
                domain=facts.domain,
                period=period or usual,
                autoprolong=autoprolong,
                reasons=tuple(reasons),
                candidates=tuple(candidates),
            )
        )
    return found
