"""ispmanager: its logins, and the table of its functions (ispmanager.md 1, 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.http import access
from panels.sandbox.http.access import Known
from panels.sandbox.http.call import Actor, Function
from panels.sandbox.http.forms import Field, done, form
from panels.sandbox.http.lists import Listing, Match, Tool, filter_form, listing
from panels.sandbox.http.refusals import bad_value, missed, no_access
from panels.sandbox.http.xml import element
from panels.sandbox.ispmanager import users
from panels.sandbox.ispmanager.hosting import user_key
from panels.sandbox.world.records import CLIENT_LEVEL, ROOT_LEVEL, STAFF_LEVEL

if TYPE_CHECKING:
    from panels.sandbox.http.call import Call
    from panels.sandbox.world.records import Preset, WebDomain
    from panels.sandbox.world.world import World

ADMINISTRATOR = Known("root", "root-sandbox", ROOT_LEVEL)
_OTHER_ADMINISTRATORS = ("sysadmin",)


class IspManager:
    """One ispmanager of a world."""

    binary = "/ispmgr"

    def __init__(self, world: World, name: str) -> None:
        """Take the accounts of the server of this name."""
        self._world = world
        self.name = name
        self.language = "en"
        staff = STAFF_LEVEL
        self._functions = {
            "whoami": Function(_whoami),
            "session": Function(_sessions, staff),
            "session.delete": Function(_end_session),
            "session.newkey": Function(_new_key, staff),
            "webdomain": Function(_webdomains),
            "webdomain.filter": Function(lambda call: filter_form(call, DOMAIN_LIST)),
            "preset": Function(_presets, staff),
            "preset.edit": Function(_preset_edit, staff),
            "admin": Function(_administrators, staff),
            "license.info": Function(_license, staff),
            **users.functions(),
        }
        for missing in world.dialect["isp.missing"].split():
            self._functions[missing] = Function(_missing)

    def known(self, login: str) -> Known | None:
        """Give the administrator or an account by login, or None."""
        if login == ADMINISTRATOR.login:
            return ADMINISTRATOR
        user = self._world.hosting.get(user_key(self.name, login))
        if user is None:
            return None
        return Known(
            user.name,
            user.password,
            user.level,
            active=user.active,
            two_factor=user.two_factor,
            addresses=user.addresses,
        )

    def actor(self, login: str, su: str) -> Actor | None:
        """Give who a login acts as; an administrator may name an account in ``su``."""
        known = self.known(login)
        if known is None:
            return None
        if su and known.level >= STAFF_LEVEL:
            target = self.known(su)
            return Actor(login, target.login, target.level) if target else None
        return Actor(login, known.login, known.level)

    def function(self, call: Call) -> Function | None:
        """Give the function that a call names, or None."""
        return self._functions.get(call.func)

    def allows(self, call: Call) -> bool:
        """Whether the login's rights cover the call."""
        denied = call.world.dials.denied.get(f"{self.name}/{call.actor.real}", ())
        return call.func not in denied


def _missing(call: Call) -> str:
    raise no_access(call.func, "Function '__object__' is not available in this edition.")


def _whoami(call: Call) -> str:
    user = element("user", "", name=call.actor.login, level=call.actor.level)
    mgr = element("mgr", "ispmgr", version="6.95.0", dist="3")
    return f"{user}{mgr}"


SESSION_LIST = Listing(
    lambda s: element("id", s.id) + element("name", s.login),
    ("id", "name"),
    tools=(Tool("delete", "session.delete"),),
)


def _sessions(call: Call) -> str:
    rows = [s for s in call.world.sessions.all() if s.panel == call.panel]
    return listing(call, SESSION_LIST, rows)


def _end_session(call: Call) -> str:
    for key in call.need("elid").split(","):
        session = call.world.sessions.get(key.strip())
        own = session is not None and session.panel == call.panel
        if session is None or not own or (not call.staff and session.login != call.actor.login):
            raise bad_value("elid")
        call.world.sessions.drop(session.id)
    return done()


def _new_key(call: Call) -> str:
    access.new_key(call.world, call.panel, call.need("username"), call.need("key"))
    return done()


def _domain_row(site: WebDomain) -> str:
    return (
        element("id", site.id)
        + element("name", site.name)
        + element("owner", site.owner)
        + element("active", "on" if site.active else "off")
        + element("docroot", f"/var/www/{site.owner}/data/www/{site.name}")
        + element("ipaddr", "192.0.2.1")
        + element("secure", "on")
        + element("ssl_issued_success")
    )


DOMAIN_LIST = Listing(
    _domain_row,
    ("id", "name", "owner", "active", "docroot", "ipaddr", "secure"),
    filters={
        "name": Match(lambda d: str(d.name), part=True),
        "owner": Match(lambda d: str(d.owner)),
        "active": Match(lambda d: "on" if d.active else "off"),
    },
    sorts={"owner": lambda d: d.owner, "id": lambda d: d.id},
    key="name",
)


def _webdomains(call: Call) -> str:
    sites = call.world.webdomains
    if not call.staff:
        rows = sites.find("owner", user_key(call.panel, call.actor.login))
    elif call.get("filter") == "on" and call.get("owner"):
        rows = sites.find("owner", user_key(call.panel, call.get("owner")))
    else:
        rows = sites.find("server", call.panel)
    return listing(call, DOMAIN_LIST, rows)


def _presets(call: Call) -> str:
    shape = Listing(
        lambda row: element("name", row.name) + element("level", CLIENT_LEVEL),
        ("name", "level"),
        key="name",
        tools=(Tool("edit", "preset.edit", "edit"),),
    )
    return listing(call, shape, call.world.presets.find("server", call.panel))


def _preset_edit(call: Call) -> str:
    preset: Preset | None = call.world.presets.get(user_key(call.panel, call.need("elid")))
    if preset is None:
        raise missed("preset")
    if call.submitted:
        raise no_access(call.func)
    fields = [Field("name", preset.name), *(Field(name, value) for name, value in preset.limits)]
    return form(call, fields)


def _administrators(call: Call) -> str:
    shape = Listing(
        lambda name: element("name", name) + element("active", "on"), ("name", "active"), key="name"
    )
    return listing(call, shape, [ADMINISTRATOR.login, *_OTHER_ADMINISTRATORS])


def _license(call: Call) -> str:
    return form(call, [Field("panel_name", "ispmanager host"), Field("version", "6.95.0")])
