"""ispmanager: accounts, their settings and passwords (ispmanager.md 2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from panels.sandbox.http.call import Function
from panels.sandbox.http.forms import Field, done, form, made
from panels.sandbox.http.lists import Listing, Match, Tool, filter_form, listing
from panels.sandbox.http.refusals import Refusal, bad_value, missed
from panels.sandbox.http.xml import element
from panels.sandbox.ispmanager import hosting
from panels.sandbox.world.records import STAFF_LEVEL, HostingUser

if TYPE_CHECKING:
    from collections.abc import Callable

    from panels.sandbox.http.call import Call

_LOGIN_LENGTH = 32
_PASSWORD_LENGTH = 128


def functions() -> dict[str, Function]:
    """Give the functions of this part."""
    staff = STAFF_LEVEL
    return {
        "user": Function(_list, staff),
        "user.filter": Function(lambda call: filter_form(call, USER_LIST), staff),
        "user.edit": Function(_edit, staff),
        "user.add.finish": Function(_create, staff),
        "user.exists": Function(_exists, staff),
        "user.suspend": Function(lambda call: _switch(call, on=False), staff),
        "user.resume": Function(lambda call: _switch(call, on=True), staff),
        "user.delete": Function(_delete, staff),
        "usrparam": Function(_settings),
    }


def _row(user: HostingUser) -> str:
    return (
        element("name", user.name)
        + element("fullname", user.fullname)
        + element("owner", user.owner)
        + element("level", user.level)
        + element("preset", user.preset)
        + element("active", "on" if user.active else "off")
        + (element("quota_total", user.quota_total) if user.quota_total else "")
        + element("quota_used", user.quota_used)
    )


USER_LIST = Listing(
    _row,
    ("name", "fullname", "owner", "level", "preset", "active", "quota_total", "quota_used"),
    filters={
        "name": Match(lambda u: str(u.name), part=True),
        "owner": Match(lambda u: str(u.owner)),
        "preset": Match(lambda u: str(u.preset)),
        "active": Match(lambda u: "on" if u.active else "off"),
    },
    sorts={
        "fullname": lambda u: u.fullname,
        "preset": lambda u: u.preset,
        "quota_used": lambda u: u.quota_used,
    },
    tools=(
        Tool("new", "user.add", "new"),
        Tool("edit", "user.edit", "edit"),
        Tool("delete", "user.delete"),
        Tool("suspend", "user.suspend"),
        Tool("resume", "user.resume"),
    ),
    key="name",
)


def _list(call: Call) -> str:
    return listing(call, USER_LIST, call.world.hosting.find("server", call.panel))


def _user(call: Call, name: str, error: Callable[[], Refusal]) -> HostingUser:
    user = call.world.hosting.get(hosting.user_key(call.panel, name))
    if user is None:
        raise error()
    return user


def _edit(call: Call) -> str:
    if not call.get("elid"):
        if call.submitted:
            return _create(call)
        return form(call, _fields(None))
    name = call.get("elid")
    user = _user(call, name, lambda: bad_value("elid", name))
    if not call.submitted:
        return form(call, _fields(user))
    password = _new_password(call)
    changed = user._replace(
        fullname=call.get("fullname", user.fullname), preset=call.get("preset", user.preset)
    )
    if not call.world.presets.get(hosting.user_key(call.panel, changed.preset)) and (
        changed.preset != user.preset
    ):
        raise missed("preset")
    call.world.hosting.put(changed)
    if password:
        by = f"user.edit by {call.actor.real}"
        hosting.set_password(call.world, call.panel, user.name, password, by)
    return done(made(user.name))


def _fields(user: HostingUser | None) -> list[Field]:
    created = datetime.fromtimestamp(user.created, UTC).strftime("%Y-%m-%d") if user else ""
    return [
        Field("name", user.name if user else "", required=True, readonly=user is not None),
        Field("fullname", user.fullname if user else ""),
        Field("owner", user.owner if user else "root", readonly=user is not None),
        Field("preset", user.preset if user else ""),
        Field("passwd", "", "password"),
        Field("confirm", "", "password"),
        Field("comment"),
        Field("create_time", created),
        Field("limit_quota", str(user.quota_total) if user else ""),
        *(Field(name, value) for name, value in (user.limits if user else ())),
    ]


def _new_password(call: Call) -> str:
    """Give the new password, "" for none; refuse one that cannot be."""
    password = call.get("passwd")
    if not password:
        return ""
    if "confirm" in call.params and call.get("confirm") != password:
        raise bad_value("confirm")
    usable = password.isascii() and password.isprintable() and len(password) <= _PASSWORD_LENGTH
    if not usable or len(password) < call.world.dials.password_min:
        raise bad_value("passwd")
    return password


def _create(call: Call) -> str:
    world = call.world
    name = call.need("name")
    if len(name) > _LOGIN_LENGTH or not (name.isascii() and name.isprintable()):
        raise bad_value("name", name)
    key = hosting.user_key(call.panel, name)
    if key in world.hosting.rows:
        raise Refusal("exists", "user", name, "The user '__value__' already exists.")
    preset = call.get("preset")
    if preset and hosting.user_key(call.panel, preset) not in world.presets.rows:
        raise missed("preset")
    password = _new_password(call)
    if not password:
        raise missed("passwd")
    world.hosting.put(
        HostingUser(
            key=key,
            server=call.panel,
            name=name,
            fullname=call.get("fullname"),
            owner=call.actor.login,
            preset=preset or "#custom",
            password=password,
            email="",
            active=True,
            quota_total=10240,
            quota_used=0,
            created=world.now(),
        )
    )
    world.record("hosting_added", server=call.panel, username=name, by=call.actor.real)
    return done(made(name))


def _exists(call: Call) -> str:
    name = call.need("name")
    there = hosting.user_key(call.panel, name) in call.world.hosting.rows
    return element("exists", "on" if there else "off")


def _names(call: Call) -> list[str]:
    return [part.strip() for part in call.need("elid").split(",")]


def _switch(call: Call, *, on: bool) -> str:
    for name in _names(call):
        user = _user(call, name, lambda: missed("users"))
        by = f"{call.func} by {call.actor.real}"
        hosting.set_active(call.world, call.panel, user.name, active=on, by=by)
    return done()


def _delete(call: Call) -> str:
    for name in _names(call):
        user = _user(call, name, lambda: bad_value("elid"))
        by = f"user.delete by {call.actor.real}"
        hosting.delete_user(call.world, call.panel, user.name, by)
    return done()


def _settings(call: Call) -> str:
    """Read or save the caller's own settings, the e-mail among them."""
    name = call.actor.login
    user = _user(call, name, lambda: bad_value("elid", name))
    email_field = call.dialect["isp.email_field"]
    if not call.submitted:
        return form(
            call,
            [
                Field("fullname", user.fullname),
                Field(email_field, user.email),
                Field("passwd", "", "password"),
                Field("confirm", "", "password"),
                Field("lang", "en"),
            ],
        )
    password = _new_password(call)
    changed = user._replace(email=call.get(email_field, user.email))
    if call.get("disable_totp") == "on":
        changed = changed._replace(two_factor=False)
    call.world.hosting.put(changed)
    if password:
        by = f"usrparam by {call.actor.real}"
        hosting.set_password(call.world, call.panel, user.name, password, by)
    return done()
