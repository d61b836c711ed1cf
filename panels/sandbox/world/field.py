"""A world as it is found in the field: who pays for an account is not written on it.

Each account is made by a *story*, which plants what a real one would have left in the two panels
and keeps the truth beside it: who pays (``HostingUser.payer``) and the story's name. A story is
*decidable* when what it plants names the payer alone and nothing speaks against it; a judge that
is right about the others is lucky.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from panels.sandbox.ispmanager.hosting import user_key
from panels.sandbox.world import records as r
from panels.sandbox.world.people import hostile, put_clients

if TYPE_CHECKING:
    from collections.abc import Callable

    from panels.sandbox.world.size import Size
    from panels.sandbox.world.world import World

_MAX_STUDIOS, _ACCOUNTS_A_STUDIO = 10, 150
"""The first clients are web studios, whose address stands on their customers' accounts: so many,
and so few that each has several customers, or a studio could not be distinguished from them."""
_WORDS = ("shop", "blog", "forum", "news", "cafe", "foto", "auto", "dom", "art", "wiki", "кафе")
_IDN = ("münchen", "кафе", "façade", "søk", "日本")


class Story(NamedTuple):
    """A kind of account and its history. ``decidable``: see above; ``bound``: is a service."""

    share: int
    plant: Callable[[Field, r.HostingUser, r.Client], r.HostingUser]
    decidable: bool = False
    bound: bool = False


class Field:
    """Makes the accounts of a world, one after another."""

    def __init__(self, world: World, chance: random.Random, accounts: int) -> None:
        self.world = world
        self.chance = chance
        self.clients = world.clients.all()
        self.presets = [plan.preset for plan in world.plans.all() if plan.preset]
        self.names = Counter(client.name for client in self.clients)
        self.modules = {one.server: one.id for one in world.modules.all() if one.server}
        self.studios = self.clients[: min(_MAX_STUDIOS, 1 + accounts // _ACCOUNTS_A_STUDIO)]
        self.owners = self.clients[len(self.studios) :]
        self.number = 0

    def other(self, client: r.Client) -> r.Client:
        """Another client than this one."""
        while (found := self.chance.choice(self.clients)).id == client.id:
            pass
        return found

    def has_own_name(self, client: r.Client) -> bool:
        """Whether the client's name identifies it and nobody else has it."""
        words = client.name.split()
        plain = len(words) > 1 and all(word.replace("'", "").isalpha() for word in words[:2])
        return plain and self.names[client.name] == 1

    def named_owner(self) -> r.Client:
        """Some client whose name identifies it and is nobody else's."""
        while not self.has_own_name(owner := self.chance.choice(self.owners)):
            pass
        return owner

    def add_email(self, client: r.Client, email: str) -> None:
        """Give the client a user with this e-mail, which ``email`` does not choose."""
        key = self.world.users.next_id()
        self.world.users.put(r.User(key, client.id, f"both{key}", email, "", "x", r.CLIENT_LEVEL))

    def email(self, client: r.Client, nth: int = 0) -> str:
        """The e-mail of one of a client's users that nobody else has."""
        users = self.world.users.find("client", client.id)
        own = [user.email for user in users if not user.login.startswith("both")]
        return own[nth % len(own)]

    def site(self, user: r.HostingUser) -> str:
        """The account's first domain."""
        return self.world.webdomains.find("owner", user.key)[0].name

    def past(self, client: r.Client, user: r.HostingUser, domain: str, username: str = "") -> None:
        """A deleted service of a client on the account's server."""
        self.service(client, user, domain, username, r.DELETED)

    def service(
        self, client: r.Client, user: r.HostingUser, domain: str, username: str, status: int
    ) -> r.Service:
        """A service on the account's server."""
        plan = next(one for one in self.world.plans.all() if one.preset == user.preset)
        module = self.modules[user.server]
        states = {r.DELETED: "4_delete", r.ACTIVE: "2_active"}
        return self.world.services.put(
            r.Service(
                self.world.services.next_id(), plan.id, client.id,
                self.world.modules[module].datacenter, 1, domain, status, states[status], 0,
                1.6e9, username=username, module=module, paid=True, expires="2030-01-01",
                opened=1.6e9, origin="by hand",
            )
        )  # fmt: skip


def populate(world: World, size: Size, clients: int) -> None:
    """Fill a world that has its staff and infrastructure already."""
    chance = random.Random(size.seed)  # noqa: S311 - chance of a rehearsal, no secret
    put_clients(world, clients, size.balance, chance, namesakes=size.namesakes)
    field = Field(world, chance, size.accounts)
    names = list(STORIES)
    shares = [STORIES[name].share for name in names]
    for number in range(1, size.accounts + 1):
        field.number = number
        name = chance.choices(names, shares)[0]
        client = chance.choice(field.owners)
        user = _bare(field, client)
        made = STORIES[name].plant(field, user, client)
        world.hosting.put(made._replace(story=name, payer=made.payer or client.id))


def _bare(field: Field, client: r.Client) -> r.HostingUser:
    """An account with a site and no trace of its owner but, often, the name."""
    world, chance, number = field.world, field.chance, field.number
    server = world.servers[number % len(world.servers)]
    word = f"{chance.choice(_WORDS[:-1])}{number}"
    titles = ("", "", chance.choice(_WORDS), hostile(chance))
    fullname = client.name if chance.random() < 0.5 else chance.choice(titles)  # noqa: PLR2004 - about half
    user = r.HostingUser(
        user_key(server, word), server, word, fullname, "root", chance.choice(field.presets),
        "".join(chance.choices("abcdefghjkmnpqrstuvwxyz23456789", k=12)), "", True,  # noqa: FBT003 - by position
        10240, chance.randrange(1, 9000), 1.7e9, payer=client.id,
    )  # fmt: skip
    world.hosting.put(user)
    domain = f"{word}.example"
    if number % 9 == 0:
        domain = f"{chance.choice(_IDN)}{number}.example".encode("idna").decode()
    _put_site(world, user, domain)
    if number % 7 == 0:
        _put_site(world, user, f"second-{word}.example")
    return user


def _put_site(world: World, user: r.HostingUser, domain: str) -> None:
    key, number = user_key(user.server, domain), len(world.webdomains) + 1
    world.webdomains.put(r.WebDomain(key, user.server, number, domain, user.name, active=True))


def _email(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    return user._replace(email=field.email(client, field.number))


def _email_otherwise_written(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    local, _, domain = field.email(client).partition("@")
    return user._replace(email=f"{local.upper()}@{domain.encode('idna').decode().title()}")


def _hostile_everywhere(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    return user._replace(email=field.email(client), fullname=hostile(field.chance))


def _past_service(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    field.past(client, user, f"WWW.{field.site(user)}", user.name)
    return user._replace(fullname="")


def _past_domain_and_name(field: Field, user: r.HostingUser, _client: r.Client) -> r.HostingUser:
    owner = field.named_owner()
    field.past(owner, user, field.site(user))
    return user._replace(fullname=owner.name, payer=owner.id)


def _past_domain_alone(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    field.past(field.other(client), user, field.site(user))
    return user._replace(fullname="")


def _reached_at(field: Field, client: r.Client, user: r.HostingUser) -> None:
    """Give the client a user whose e-mail is at the account's own domain."""
    field.add_email(client, f"office@{field.site(user)}")


def _mail_at_its_domain(field: Field, user: r.HostingUser, _client: r.Client) -> r.HostingUser:
    owner = field.named_owner()
    _reached_at(field, owner, user)
    return user._replace(fullname=owner.name, payer=owner.id)


def _mail_at_its_domain_alone(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    """Whoever writes from the domain need not be who pays for it."""
    _reached_at(field, field.other(client), user)
    return user._replace(fullname="")


def _another_is_reached_there(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    _reached_at(field, field.other(client), user)
    return user._replace(email=field.email(client))


def _name_of_another(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    """The e-mail is one client's; the name on the account happens to be another's."""
    return user._replace(email=field.email(client), fullname=field.other(client).name)


def _domain_moved(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    field.past(field.other(client), user, field.site(user))
    return user._replace(email=field.email(client))


def _login_reused(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    field.past(field.other(client), user, f"former{field.number}.example", user.name)
    email = field.email(client) if field.chance.random() < 0.5 else ""  # noqa: PLR2004 - half of them
    return user._replace(email=email, fullname="")


def _nothing(_field: Field, user: r.HostingUser, _client: r.Client) -> r.HostingUser:
    return user._replace(fullname="")


def _unknown_email(field: Field, user: r.HostingUser, _client: r.Client) -> r.HostingUser:
    local = f"webmaster{field.number}" if field.number % 2 else '"<img src=x onerror=alert(1)>"'
    return user._replace(email=f"{local}@elsewhere.example", fullname="")


def _shared_email(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    """Two clients have one address, as couples and sister firms do."""
    email = f"both{field.number}@mail.example"
    for one in (client, field.other(client)):
        field.add_email(one, email)
    return user._replace(email=email, fullname="")


def _studio_customer(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    studio = field.studios[field.number % len(field.studios)]
    fullname = client.name if field.chance.random() < 0.7 else ""  # noqa: PLR2004 - most say whose
    return user._replace(email=field.email(studio), fullname=fullname)


def _studio_own(field: Field, user: r.HostingUser, _client: r.Client) -> r.HostingUser:
    studio = field.studios[field.number % len(field.studios)]
    return user._replace(email=field.email(studio), fullname=studio.name, payer=studio.id)


def _looks_alike(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    """Everything is nearly somebody else's: Cyrillic letters, a digit, a longer domain."""
    other = field.other(client)
    email = field.email(other)
    alike = (
        email.replace("u", "υ", 1),
        f"{email}.evil.example",
        f"x{email}",
        email.replace("@", "@x"),
    )
    field.past(other, user, f"x{field.site(user)}", f"{user.name}1")
    return user._replace(email=field.chance.choice(alike), fullname=f"{other.name} 2")


def _twin(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    """The same login on another server belongs to somebody else, who had it as a service."""
    world, other = field.world, field.other(client)
    server = next((one for one in world.servers[::-1] if one != user.server), "")
    if not server:
        return _email(field, user, client)
    twin = user._replace(
        key=user_key(server, user.name),
        server=server,
        fullname="",
        story="past service",
        payer=other.id,
    )
    world.hosting.put(twin)
    _put_site(world, twin, f"twin-{field.number}.example")
    field.past(other, twin, f"twin-{field.number}.example", twin.name)
    return user._replace(email=field.email(client), fullname="")


def _namesake(field: Field, user: r.HostingUser, _client: r.Client) -> r.HostingUser:
    """The full name alone, which two clients may share."""
    owner = field.chance.choice(field.owners)
    return user._replace(fullname=owner.name, payer=owner.id)


def _bound_by_hand(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    field.service(client, user, field.site(user), user.name, r.ACTIVE)
    return user._replace(email=field.email(client))


def _bound_under_another_login(
    field: Field, user: r.HostingUser, client: r.Client
) -> r.HostingUser:
    field.service(client, user, field.site(user), f"old{user.name}", r.ACTIVE)
    return user._replace(email=field.email(client))


def _suspended(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    return user._replace(email=field.email(client), active=False)


def _hand_tuned(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    return user._replace(email=field.email(client), preset="#custom")


def _resellers(field: Field, user: r.HostingUser, client: r.Client) -> r.HostingUser:
    return user._replace(email=field.email(client), owner="reseller1")


STORIES: dict[str, Story] = {
    "e-mail": Story(420, _email, decidable=True),
    "e-mail otherwise written": Story(40, _email_otherwise_written, decidable=True),
    "hostile text": Story(50, _hostile_everywhere, decidable=True),
    "past service": Story(80, _past_service, decidable=True),
    "past domain and name": Story(40, _past_domain_and_name, decidable=True),
    "studio's own": Story(20, _studio_own, decidable=True),
    "login on two servers": Story(30, _twin, decidable=True),
    "mail at its domain and name": Story(20, _mail_at_its_domain, decidable=True),
    "name of another": Story(15, _name_of_another, decidable=True),
    "mail at its domain alone": Story(15, _mail_at_its_domain_alone),
    "another is reached there": Story(15, _another_is_reached_there),
    "past domain alone": Story(20, _past_domain_alone),
    "domain moved": Story(30, _domain_moved),
    "login reused": Story(20, _login_reused),
    "nothing": Story(40, _nothing),
    "unknown e-mail": Story(30, _unknown_email),
    "shared e-mail": Story(20, _shared_email),
    "studio's customer": Story(50, _studio_customer),
    "looks alike": Story(30, _looks_alike),
    "name alone": Story(20, _namesake),
    "suspended": Story(20, _suspended),
    "hand-tuned": Story(15, _hand_tuned),
    "reseller's": Story(10, _resellers),
    "bound by hand": Story(40, _bound_by_hand, bound=True),
    "bound under another login": Story(15, _bound_under_another_login, bound=True),
}
