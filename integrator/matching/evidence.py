"""Evidence for clients: facts that an account and a client have in common.

Everything is looked up in tables that are loaded once, so that 100,000 accounts and 50,000
clients are compared in seconds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import Q

from integrator.matching.free_mail import FREE_MAIL
from integrator.matching.name_forms import person_key
from integrator.messages.reasons import reason
from integrator.models import Account, Client, ClientUser, Service
from panels.billmanager.services import DELETED
from panels.normal_forms import domain_key, email_key, login_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from integrator.messages.reasons import Reason

WEIGHTS: Mapping[str, tuple[int, int]] = {
    "email": (90, 60),
    "past_service": (60, 40),
    "domain": (60, 30),
    "mail_domain": (60, 30),
    "full_name": (50, 25),
    "username": (40, 20),
}
"""Kind of fact → per cent of certainty it gives where it names one client, and where several.

An e-mail alone is enough (it is how the client is reached); a domain, a login or a name may have
changed hands or be a coincidence, so two of different kinds must agree (see ``matching.SURE``).
"""
PARAMS = {
    "email": "email",
    "past_service": "username",
    "domain": "domain",
    "mail_domain": "domain",
    "full_name": "name",
    "username": "username",
}
"""What a fact's value is called in its reason."""
HARD = frozenset({"email", "past_service", "domain", "mail_domain"})
"""Facts that were true of somebody once; names are mere likeness."""
MAX_AT_A_DOMAIN = 3
"""A domain at which more clients have their e-mails gives addresses to anybody."""
MAX_NAMED = 20
"""A fact that fits more clients than that says nothing about any of them; the first are kept."""


@dataclass(frozen=True, slots=True)
class AccountTraits:
    """The compared values of an account. ``module_id``: its server's, None: not linked."""

    username: str
    fullname: str
    domains: Sequence[str]
    email: str
    module_id: int | None


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing in common with ``clients`` (remote ids): its kind, its value, what it proves.

    ``services``: client → the service it is known from, for facts that come from one.
    """

    kind: str
    value: str
    clients: Collection[int]
    weight: int
    services: Mapping[int, int] = field(default_factory=dict)

    def reasons(self) -> Iterator[Reason]:
        """The fact in words, once for each client."""
        shared = self.kind == "email" and self.weight < WEIGHTS["email"][0]
        for client in sorted(self.clients)[:MAX_NAMED]:
            about: dict[str, object] = {"client": client, PARAMS[self.kind]: self.value}
            if client in self.services:
                about["service"] = self.services[client]
            yield reason("email_shared" if shared else self.kind, **about)


@dataclass(slots=True)
class Index:
    """Clients by each thing that an account may have in common with them. Clients are remote ids.

    ``shared``: e-mails that stand on accounts of different people, so that they prove little.
    """

    emails: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    logins: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    people: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    domains: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    mail_domains: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    past: dict[tuple[int, str], dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    shared: set[str] = field(default_factory=set)

    @classmethod
    def load(cls) -> Index:
        """From the mirrors of clients, users and services."""
        index = cls()
        present: set[int] = set()
        clients = Client.objects.filter(gone_at=None).values_list("remote_id", "name")
        for client, name in clients.iterator():
            present.add(client)
            if key := person_key(name):
                index.people[key].add(client)
        users = ClientUser.objects.filter(gone_at=None, client__gone_at=None)
        rows = users.values_list("client__remote_id", "email", "name", "realname")
        for client, email, login, name in rows.iterator():
            if key := email_key(email):
                index.emails[key].add(client)
                index.mail_domains[domain_key(key.rpartition("@")[2])].add(client)
            if login:
                index.logins[login].add(client)
            if key := person_key(name):
                index.people[key].add(client)
        index._load_services(present)
        return index

    def _load_services(self, present: set[int]) -> None:
        """Load deleted services; live ones belong to accounts already (``bound``)."""
        ended = Service.objects.filter(Q(status=DELETED) | Q(gone_at__isnull=False))
        rows = ended.exclude(client_id_remote=None).values_list(
            "remote_id", "client_id_remote", "module_id_remote", "username", "domain"
        )
        for service, owner, module, username, domain in rows.iterator():
            if owner is None or owner not in present:
                continue
            if domain:
                self.domains[domain_key(domain)][owner] = service
            if username and module is not None:
                self.past[module, login_key(username)][owner] = service

    def find_shared(self, accounts: Iterable[AccountTraits]) -> None:
        """Find the e-mails on several accounts of which some point at another client as well.

        A web studio's address on its customers' accounts is the usual case; one name or login of
        another client on them is enough. One domain or service that was another's has changed
        hands, which says nothing of the other accounts; two are too many for that. Names that are
        no client's say nothing: one client's accounts may be called anything.
        """
        often: Counter[str] = Counter()
        against: Counter[str] = Counter()
        for account in accounts:
            email = email_key(account.email)
            owners = self.emails.get(email, ()) if email else ()
            if not owners:
                continue
            often[email] += 1
            kinds = {
                one.kind for one in self._other_facts(account) if owners.isdisjoint(one.clients)
            }
            if kinds:
                against[email] += 1 if kinds <= HARD else 2
        self.shared = {email for email, n in against.items() if n > 1 and often[email] > 1}

    def facts(self, account: AccountTraits) -> list[Fact]:
        """All facts for any client, the strongest kinds first."""
        found = []
        email = email_key(account.email)
        if email and (owners := self.emails.get(email)):
            alone = len(owners) == 1 and email not in self.shared
            weight = WEIGHTS["email"][0 if alone else 1]
            found.append(Fact("email", account.email, owners, weight))
        found += self._other_facts(account)
        return found

    def _other_facts(self, account: AccountTraits) -> Iterator[Fact]:
        if account.module_id is not None:
            past = self.past.get((account.module_id, login_key(account.username)))
            if past:
                yield _fact("past_service", account.username, past.keys(), past)
        for domain in account.domains:
            key = domain_key(domain)
            owners = self.domains.get(key)
            if owners:
                yield _fact("domain", domain, owners.keys(), owners)
            reached = self._reached_at(key)
            if reached:
                yield _fact("mail_domain", domain, reached)
        if account.fullname:
            key = person_key(account.fullname)
            if key and (named := self.people.get(key)):
                yield _fact("full_name", account.fullname, named)
        if called := self.logins.get(account.username):
            yield _fact("username", account.username, called)

    def _reached_at(self, domain: str) -> set[int]:
        """The clients who are reached at this domain's key; none if it gives e-mails to anybody."""
        reached = set() if domain in FREE_MAIL else self.mail_domains.get(domain, set())
        return reached if len(reached) <= MAX_AT_A_DOMAIN else set()


def _fact(
    kind: str, value: str, clients: Collection[int], services: Mapping[int, int] | None = None
) -> Fact:
    weight = WEIGHTS[kind][0 if len(clients) == 1 else 1]
    return Fact(kind, value, clients, weight, services or {})


def confidence(weights: Iterable[int]) -> int:
    """The certainty in per cent that facts of different kinds give together; at most 99."""
    doubt = 1.0
    for weight in weights:
        doubt *= 1 - weight / 100
    return min(99, round(100 * (1 - doubt)))


def confidence_of(reasons: Iterable[Reason]) -> dict[int, int]:
    """Client → certainty in per cent, from stored reasons; those of no client are passed by."""
    facts: dict[tuple[str, str], set[int]] = defaultdict(set)
    for one in reasons:
        kind = "email" if one["key"] == "email_shared" else one["key"]
        client = one.get("params", {}).get("client")
        if kind in WEIGHTS and isinstance(client, int):
            facts[one["key"], str(one["params"].get(PARAMS[kind]))].add(client)
    return confidence_by_client(
        Fact("email", value, clients, WEIGHTS["email"][1])
        if key == "email_shared"
        else Fact(key, value, clients, WEIGHTS[key][0 if len(clients) == 1 else 1])
        for (key, value), clients in facts.items()
    )


def confidence_by_client(facts: Iterable[Fact]) -> dict[int, int]:
    """Client → certainty in per cent, the likeliest first; each kind of fact counts once."""
    best: dict[int, dict[str, int]] = defaultdict(dict)
    for fact in facts:
        for client in fact.clients:
            kinds = best[client]
            kinds[fact.kind] = max(fact.weight, kinds.get(fact.kind, 0))
    found = {client: confidence(kinds.values()) for client, kinds in best.items()}
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


COLUMNS = ("username", "fullname", "domains", "email", "panel__module_id")
"""Of ``Account``, in the order of ``AccountTraits``."""


def all_traits() -> Iterator[AccountTraits]:
    """The traits of every present customer's account, bound or not."""
    rows = Account.objects.filter(gone_at=None, system=False).values_list(*COLUMNS)
    for row in rows.iterator():
        yield AccountTraits(*row)
