"""BILLmanager: who am I, sessions, and small lists (billmanager.md 1.2, 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.http import access
from panels.sandbox.http.call import Function
from panels.sandbox.http.forms import Field, done, form
from panels.sandbox.http.labels import text
from panels.sandbox.http.lists import Listing, Match, Tool, filter_form, listing
from panels.sandbox.http.refusals import bad_value
from panels.sandbox.http.xml import element, money
from panels.sandbox.world.records import STAFF_LEVEL, Session

if TYPE_CHECKING:
    from panels.sandbox.dialect import Dialect
    from panels.sandbox.http.call import Call
    from panels.sandbox.world.records import Datacenter, Department, User

ITEMTYPES = ("dnshost", "vhost")


def functions(dialect: Dialect) -> dict[str, Function]:
    """Give the functions of this part."""
    del dialect
    return {
        "whoami": Function(_whoami),
        "session": Function(_sessions, STAFF_LEVEL),
        "session.delete": Function(_end_session),
        "session.newkey": Function(_new_key, STAFF_LEVEL),
        "su": Function(_su, STAFF_LEVEL),
        "department": Function(_departments, STAFF_LEVEL),
        "employee": Function(_employees, STAFF_LEVEL),
        "datacenter": Function(_datacenters),
        "project": Function(_projects),
        "currency": Function(_currencies),
        "itemtype": Function(_itemtypes, STAFF_LEVEL),
        "itemtype.filter": Function(lambda call: filter_form(call, ITEMTYPE_LIST), STAFF_LEVEL),
        "subscribe": Function(_subscribe),
        "messagetemplates": Function(_templates, STAFF_LEVEL),
        "menu": Function(_menu),
    }


def _whoami(call: Call) -> str:
    world, actor = call.world, call.actor
    version = call.dialect["version"]
    attributes: dict[str, str | int] = {
        "id": actor.id,
        "name": actor.login,
        "level": actor.level,
    }
    if actor.user is not None:
        attributes |= {"realname": actor.user.realname, "email": actor.user.email}
    if actor.client:
        client = world.clients[actor.client]
        attributes |= {
            "account": client.id,
            "lang": call.lang,
            "balance": money(client.balance),
            "currency": call.dialect["currency.iso"],
            "currency_id": call.dialect["currency.id"],
            "allowsuspenditem": "off",
            "allowdeleteitem": "off",
        }
    path = ""
    if actor.real != actor.login:
        real = world.users.first("login", actor.real)
        if real is not None:
            path = element("path", real.id, name=real.login, level=real.level)
    path += element("path", actor.id, name=actor.login, level=actor.level)
    versions = element("billmgr", version) + element("core", call.dialect["core_version"])
    return (
        f"{element('user', '', **attributes)}{path}"
        f"{element('mgr', 'billmgr', version=version, dist='3')}<version>{versions}</version>"
    )


SESSION_LIST = Listing(
    lambda s: element("id", s.id) + element("name", s.login) + element("ip", s.address),
    ("id", "name", "ip"),
    tools=(Tool("delete", "session.delete"),),
)


def _sessions(call: Call) -> str:
    mine: list[Session] = [s for s in call.world.sessions.all() if s.panel == call.panel]
    return listing(call, SESSION_LIST, mine)


def _end_session(call: Call) -> str:
    for key in call.need("elid").split(","):
        session = call.world.sessions.get(key.strip())
        if session is None or session.panel != call.panel:
            raise bad_value("elid")
        if not call.staff and session.login != call.actor.login:
            raise bad_value("elid")
        call.world.sessions.drop(session.id)
    return done()


def _new_key(call: Call) -> str:
    access.new_key(call.world, call.panel, call.need("username"), call.need("key"))
    return done()


def _su(call: Call) -> str:
    user = call.world.users.get(call.number("elid"))
    if user is None:
        raise bad_value("elid", call.get("elid"))
    key = call.world.token()
    call.world.sessions.put(Session(key, call.panel, user.login, call.address))
    return done(element("auth", key, id=key, level=user.level))


def _department_row(department: Department) -> str:
    return element("id", department.id) + element("name", department.name)


DEPARTMENT_LIST = Listing(_department_row, ("id", "name"))


def _departments(call: Call) -> str:
    rows = call.world.departments.all()
    user = call.actor.user
    limited = call.dialect["department.list"] == "own"
    if limited and user is not None and user.rights != "all":
        rows = [row for row in rows if row.id in user.departments]
    return listing(call, DEPARTMENT_LIST, rows)


def _employees(call: Call) -> str:
    departments = call.world.departments

    def write(user: User) -> str:
        names = ", ".join(departments[key].name for key in user.departments)
        return (
            element("id", user.id)
            + element("name", user.login)
            + element("realname", user.realname)
            + element("email", user.email)
            + element("department", names)
        )

    shape = Listing(write, ("id", "name", "realname", "email", "department"))
    return listing(call, shape, call.world.users.find("client", 0))


def _datacenter_row(datacenter: Datacenter) -> str:
    return (
        element("id", datacenter.id)
        + element("name", datacenter.name)
        + element("intname", f"dc{datacenter.id}")
    )


def _datacenters(call: Call) -> str:
    shape = Listing(_datacenter_row, ("id", "name", "intname"))
    return listing(call, shape, call.world.datacenters.all())


def _projects(call: Call) -> str:
    shape = Listing(
        lambda row: element("id", row) + element("name", "Example Hosting"), ("id", "name")
    )
    return listing(call, shape, ["1"])


def _currencies(call: Call) -> str:
    iso = call.dialect["currency.iso"]
    shape = Listing(
        lambda row: element("id", row) + element("name", iso) + element("iso", iso),
        ("id", "name", "iso"),
    )
    return listing(call, shape, [call.dialect["currency.id"]])


def itemtype_id(dialect: Dialect, intname: str) -> int:
    """Give the number of a product type on this installation."""
    number = int(dialect["itemtype.vhost"])
    return number if intname == "vhost" else number + 3


ITEMTYPE_LIST = Listing(
    lambda row: row[1],
    ("id", "name", "intname"),
    filters={"intname": Match(lambda row: str(row[0]))},
)


def _itemtypes(call: Call) -> str:
    rows = [
        (
            name,
            element("id", itemtype_id(call.dialect, name))
            + element("name", text(f"itemtype.{name}", call.lang))
            + element("intname", name),
        )
        for name in ITEMTYPES
    ]
    return listing(call, ITEMTYPE_LIST, rows)


def _subscribe(call: Call) -> str:
    shape = Listing(
        lambda row: element("id", row) + element("name", row) + element("email", "on"),
        ("id", "name", "email"),
        tools=(Tool("resume", "subscribe.resume"), Tool("suspend", "subscribe.suspend")),
    )
    return listing(call, shape, ["service_open", "payment", "service_expire"])


def _templates(call: Call) -> str:
    shape = Listing(lambda row: element("id", row[0]) + element("name", row[1]), ("id", "name"))
    return listing(call, shape, [("1", "New service"), ("2", "Payment credited")])


def _menu(call: Call) -> str:
    return form(call, [Field("menu", "main", "hidden")])
