"""BILLmanager: clients, their users and payer profiles (billmanager.md 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.http.amounts import cell
from panels.sandbox.http.call import Function
from panels.sandbox.http.forms import Field, done, form, made, select
from panels.sandbox.http.lists import Listing, Match, Tool, filter_form, listing
from panels.sandbox.http.refusals import Refusal, bad_value
from panels.sandbox.http.xml import coded, element, money
from panels.sandbox.world.records import CLIENT_LEVEL, STAFF_LEVEL, Client, User

if TYPE_CHECKING:
    from panels.sandbox.dialect import Dialect
    from panels.sandbox.http.call import Call
    from panels.sandbox.world.records import Profile
    from panels.sandbox.world.world import World


_COUNTRIES = (("182", "Russia"), ("276", "Germany"))


def functions(dialect: Dialect) -> dict[str, Function]:
    """Give the functions of this part."""
    del dialect
    staff = STAFF_LEVEL
    return {
        "account": Function(_accounts, staff),
        "account.filter": Function(lambda call: filter_form(call, _shape(call)), staff),
        "account.edit": Function(_edit, staff),
        "user": Function(_users),
        "user.filter": Function(lambda call: filter_form(call, _user_shape(call)), staff),
        "user.edit": Function(_user_edit),
        "user.lookup": Function(_lookup, staff),
        "profile": Function(_profiles),
    }


def _shape(call: Call) -> Listing:
    key = call.dialect["rows.account_key"]

    def write(client: Client) -> str:
        return (
            element(key, client.id)
            + element("name", client.name)
            + element("project", "Example Hosting")
            + cell(call, "balance", client.balance)
            + coded("account_status", client.status, client.status)
            + element("status", client.status)
            + (_terms_columns(client) if shows_terms else "")
        )

    shows_terms = call.world.dials.client_terms == "list"
    return Listing(
        write,
        (key, "name", "project", "balance", "account_status", "status")
        + (("postpaid", "creditlimit") if shows_terms else ()),
        filters={
            "id": Match(lambda c: str(c.id)),
            "name": Match(lambda c: str(c.name), part=True),
        },
        sorts={"name": lambda c: c.name, "balance": lambda c: c.balance},
        tools=(Tool("new", "account.edit", "new"), Tool("edit", "account.edit", "edit")),
        key=key,
    )


def _terms_columns(client: Client) -> str:
    """Assumed names; the documentation describes both choices and not their names."""
    return element("postpaid", "on" if client.postpaid else "off") + element(
        "creditlimit", money(client.credit_limit)
    )


def _terms_fields(call: Call, client: Client) -> list[Field]:
    """Fields of the credit terms in the client's form."""
    if call.world.dials.client_terms != "form":
        return []
    return [
        Field("postpaid", "on" if client.postpaid else "off", "checkbox"),
        Field("creditlimit", money(client.credit_limit)),
    ]


def _accounts(call: Call) -> str:
    rows = call.world.clients.all()
    if call.get("filter") == "on" and call.get("id"):
        one = call.world.clients.get(call.number("id"))
        rows = [one] if one else []
    return listing(call, _shape(call), rows)


def _edit(call: Call) -> str:
    world = call.world
    if call.get("elid"):
        client = world.clients.get(call.number("elid"))
        if client is None:
            raise bad_value("elid", call.get("elid"))
        if call.submitted:
            world.clients.put(client._replace(name=call.get("name") or client.name))
            return done(made(client.id))
        fields = [Field("name", client.name), select("project", "1", (("1", "Example Hosting"),))]
        return form(call, [*fields, *_terms_fields(call, client)])
    if not call.submitted:
        return form(
            call,
            [
                Field("email", required=True),
                Field("passwd", "", "password", required=True),
                Field("confirm", "", "password", required=True),
                Field("realname"),
                select("country", "", _COUNTRIES, required=True),
                select("project", "1", (("1", "Example Hosting"),)),
                Field("notify", "on", "checkbox"),
            ],
        )
    if call.need("passwd") != call.get("confirm", call.get("passwd")):
        raise bad_value("confirm")
    if call.need("country") not in dict(_COUNTRIES):
        raise bad_value("country", call.get("country"))
    client = add_client(world, call.need("email"), call.get("realname"), call.need("passwd"))
    told = call.get("notify", "on") != "off"
    world.record("client_created", client=client.id, by=call.actor.real, notified=told)
    if told:
        # Assumed: the letter of registration goes out unless notify=off (billmanager.md 10).
        world.record("mail", client=client.id, about="registration", service=0)
    return done(made(client.id))


def add_client(world: World, email: str, name: str, password: str, balance: int = 0) -> Client:
    """Add a client with one user; raise Refusal when the e-mail is taken."""
    if world.users.first("email", email.lower()) is not None:
        raise Refusal("exists", "email", email, "A user with this e-mail already exists.")
    key = world.clients.next_id()
    client = Client(key, name or email, 1, balance, "active", world.now())
    world.clients.put(client)
    add_user(world, key, email, name, password)
    return client


def add_user(world: World, client: int, email: str, name: str, password: str) -> User:
    """Add a user to a client; the e-mail is the login."""
    key = world.users.next_id()
    return world.users.put(User(key, client, email, email, name, password, CLIENT_LEVEL))


def _user_shape(call: Call) -> Listing:
    clients, by_id = call.world.clients, call.dialect["rows.client"] == "id"

    def write(user: User) -> str:
        client = clients.get(user.client)
        return (
            element("id", user.id)
            + (element("account_id", user.client) if by_id else "")
            + element("account", client.name if client else "")
            + element("name", user.login)
            + element("email", user.email)
            + element("realname", user.realname)
            + element("level", user.level)
            + element("active", "on" if user.active else "off")
        )

    return Listing(
        write,
        ("id", "account_id", "account", "name", "email", "realname", "level", "active"),
        filters={
            "id": Match(lambda u: str(u.id)),
            "email": Match(lambda u: str(u.email), part=True),
            "name": Match(lambda u: str(u.login), part=True),
            "account_id": Match(lambda u: str(u.client)),
        },
        sorts={"email": lambda u: u.email},
        tools=(Tool("edit", "user.edit", "edit"), Tool("su", "user.su")),
    )


def _users(call: Call) -> str:
    world = call.world
    if call.actor.client:
        rows = world.users.find("client", call.actor.client)
    else:
        rows = [user for user in world.users.all() if user.client]
    return listing(call, _user_shape(call), rows)


def _user_edit(call: Call) -> str:
    user = call.world.users.get(call.number("elid"))
    if user is None or (not call.staff and user.client != call.actor.client):
        raise bad_value("elid", call.get("elid"))
    if not call.submitted:
        return form(call, [Field("email", user.email), Field("realname", user.realname)])
    email = call.get("email") or user.email
    holder = call.world.users.first("email", email.lower())
    if holder is not None and holder.id != user.id:
        raise Refusal("exists", "email", email, "A user with this e-mail already exists.")
    changed = user._replace(email=email, realname=call.get("realname", user.realname))
    call.world.users.put(changed)
    return done(made(user.id))


def _lookup(call: Call) -> str:
    user = call.world.users.first("email", call.need("text").lower())
    if user is None:
        raise bad_value("text", call.get("text"))
    return done(made(user.id))


def _profiles(call: Call) -> str:
    world = call.world
    client = call.actor.client
    rows = world.profiles.find("client", client) if client else world.profiles.all()

    def write(profile: Profile) -> str:
        owner = world.clients.get(profile.client)
        return (
            element("id", profile.id)
            + element("name", profile.name)
            + coded("profiletype", profile.kind, str(profile.kind))
            + element("account", owner.name if owner else "")
            + element("account_id", profile.client)
        )

    shape = Listing(
        write,
        ("id", "name", "profiletype", "account", "account_id"),
        filters={"account_id": Match(lambda p: str(p.client))},
    )
    return listing(call, shape, rows)
