"""Ownership of domains: the checks that keep a site from being sold twice or as another's.

The domain that a row would order must be one of the account's own, as its server lists them, and
nobody else's: no live service's, no other binding's, no other row's. What ``panels.normal_forms``
calls the same domain is the same here. A subdomain is another domain.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db.models import Q

from integrator.inventory.service_recognition import live_services
from integrator.messages.reasons import reason
from integrator.models import Account, Binding, Module, Panel, Service
from integrator.models.states import MOVING, BindingState
from panels.billmanager.services import DELETED
from panels.normal_forms import domain_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from integrator.matching.candidates import AccountFacts, Candidate
    from integrator.messages.reasons import Reason

DECIDED = ("domain_is_service", "domain_elsewhere")
"""Conflicts about a service that a person may have decided for an account (``choosing``)."""
MAX_NAMED = 3
"""So many of an account's domains are named where another one was given."""


class Sites:
    """The owners of these candidates' domains, by the mirrors.

    ``holder``: a binding that is corrected: its own domain and service stand in nobody's way.
    """

    def __init__(self, candidates: Sequence[Candidate], holder: int | None = None) -> None:
        self._holder = holder
        self._rows: dict[str, list[int]] = defaultdict(list)
        strange = set()
        for one in candidates:
            if one.domain:
                key = domain_key(one.domain)
                self._rows[key].append(one.number)
                if key not in _own(one.account):
                    strange.add(key)
        self._servers = dict(Panel.objects.values_list("id", "name"))
        self._bindings = self._holding()
        self._services = self._sold()
        self._accounts = _listed(strange) if strange else {}

    def blocks(self, candidate: Candidate) -> Iterator[Reason]:
        """Why this row's domain cannot be sold for it."""
        key = domain_key(candidate.domain)
        account = candidate.account
        services = [
            (number, client, about)
            for number, client, about in self._services.get(key, ())
            if number not in self._excused(account)
        ]
        for number, client, about in services:
            yield reason(
                "domain_sold", domain=candidate.domain, service=number, client=client, **about
            )
        named = {number for number, *_rest in services} | self._excused(account)
        for binding, run, owner, username, service in self._bindings.get(key, ()):
            if owner != account.id and service not in named:
                yield reason(
                    "domain_reserved",
                    domain=candidate.domain,
                    binding=binding,
                    run=run,
                    account=username,
                )
        others = [str(number) for number in self._rows[key] if number != candidate.number]
        if others:
            yield reason("domain_twice", domain=candidate.domain, lines=", ".join(others[:9]))
        if key not in _own(account):
            for owner, username, panel in self._accounts.get(key, ()):
                if owner != account.id:
                    yield reason(
                        "domain_of_other",
                        domain=candidate.domain,
                        username=account.username,
                        server=self._servers[account.panel_id],
                        other=username,
                        other_server=self._servers[panel],
                    )

    def question(self, candidate: Candidate) -> Reason | None:
        """The question about a domain that no account has; None: it is the account's own."""
        account = candidate.account
        if domain_key(candidate.domain) in _own(account):
            return None
        about = {
            "domain": candidate.domain,
            "username": account.username,
            "server": self._servers[account.panel_id],
        }
        if not account.domains:
            return reason("domain_for_empty", **about)
        named = ", ".join(account.domains[:MAX_NAMED])
        more = len(account.domains) - MAX_NAMED
        return reason("domain_not_own", **about, own=f"{named} (+{more})" if more > 0 else named)

    def _excused(self, account: AccountFacts) -> set[int]:
        """Services that do not count for this account: its own, and those that were decided."""
        words = (word.partition(":") for word in account.words)
        decided = {int(about) for kind, _, about in words if kind in DECIDED and about.isdecimal()}
        own = set() if account.service is None else {account.service}
        return decided | own | self._own_services.get(account.id, set())

    def _holding(self) -> dict[str, list[tuple[int, int, int, str, int | None]]]:
        """Domain → (binding, run, account, login, service) of the bindings that have it.

        A binding that is done has it for as long as its service lives.
        """
        rows = Binding.objects.filter(
            Q(reserved=True) | Q(state__in=[*MOVING, BindingState.DONE])
        ).values_list(
            "id", "run_id", "account_id", "account__username", "service_id", "domain", "state"
        )
        ended = set(
            Service.objects.filter(Q(status=DELETED) | Q(gone_at__isnull=False)).values_list(
                "remote_id", flat=True
            )
        )
        found: dict[str, list[tuple[int, int, int, str, int | None]]] = defaultdict(list)
        self._own_services: dict[int, set[int]] = defaultdict(set)
        for binding, run, account, username, service, domain, state in rows.iterator():
            if service is not None and binding != self._holder:
                self._own_services[account].add(service)
            key = domain_key(domain)
            over = state == BindingState.DONE and service in ended
            if binding != self._holder and not over and key in self._rows:
                found[key].append((binding, run, account, username, service))
        return found

    def _sold(self) -> dict[str, list[tuple[int, int | str, dict[str, str]]]]:
        """Domain → (service, client, its username and module) of the live services with it."""
        modules = dict(Module.objects.values_list("remote_id", "name"))
        corrected = Binding.objects.filter(pk=self._holder or 0).values_list(
            "service_id", flat=True
        )
        held = corrected.first()
        found: dict[str, list[tuple[int, int | str, dict[str, str]]]] = defaultdict(list)
        rows = live_services().exclude(domain="").order_by("remote_id")
        for number, client, username, module, domain in rows.values_list(
            "remote_id", "client_id_remote", "username", "module_id_remote", "domain"
        ).iterator():
            key = domain_key(domain)
            if key in self._rows and number != held:
                about = {"username": username or "–", "module": modules.get(module or 0, "–")}
                found[key].append((number, client or "?", about))
        return found


def _own(account: AccountFacts) -> set[str]:
    """The account's domains as keys; the main one is among them."""
    return {domain_key(name) for name in (*account.domains, account.domain) if name}


def _listed(keys: set[str]) -> dict[str, list[tuple[int, str, int]]]:
    """Domain → (account, login, panel) of the accounts, on all servers, that have one of these."""
    found: dict[str, list[tuple[int, str, int]]] = defaultdict(list)
    rows = Account.objects.filter(gone_at=None).values_list(
        "id", "username", "panel_id", "domain", "domains"
    )
    for pk, username, panel, main, domains in rows.iterator():
        for key in {domain_key(name) for name in (*domains, main) if name} & keys:
            found[key].append((pk, username, panel))
    return found
