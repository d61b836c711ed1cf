"""Logins: passwords, sessions, keys, su, lock-outs (billmanager.md 1.2, ispmanager.md 1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from panels.sandbox.billmanager import sale_rules
from panels.sandbox.http.call import NOBODY
from panels.sandbox.http.refusals import LoginPage, Refusal, bad_value
from panels.sandbox.world.records import Session
from panels.sandbox.world.world import BILLMANAGER

if TYPE_CHECKING:
    from panels.sandbox.http.call import Actor
    from panels.sandbox.http.protocol import Request
    from panels.sandbox.world.world import World

_KEY_LENGTH = 16


class Known(NamedTuple):
    """A login as a panel knows it."""

    login: str
    password: str
    level: int
    active: bool = True
    two_factor: bool = False
    addresses: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Name the login without the password."""
        return f"Known({self.login!r})"


class Directory(Protocol):
    """The logins of one panel."""

    def known(self, login: str) -> Known | None:
        """Give the login, or None when there is none."""

    def actor(self, login: str, su: str) -> Actor | None:
        """Give who a login acts as; None when the user named in ``su`` is unknown."""


def identify(world: World, request: Request, directory: Directory) -> Actor:
    """Tell whose rights a request has; NOBODY when it names nobody.

    Raises Refusal (type auth) or LoginPage when what it shows does not hold.
    """
    params = request.params
    if "authinfo" in params:
        login, _, password = params["authinfo"].partition(":")
        if not world.dials.authinfo:
            raise _refused(world, "address", "Access from this IP denied", request.address)
        check_password(world, request, directory, login, password)
    elif "auth" in params:
        login = _session_login(world, request)
    else:
        return NOBODY
    actor = directory.actor(login, params.get("su", ""))
    if actor is None:
        raise bad_value("su", params["su"], "User '__value__' is not found.")
    return actor


def check_password(
    world: World, request: Request, directory: Directory, login: str, password: str
) -> Known:
    """Let a login in by its password, or raise the refusal that fits."""
    _check_lock(world, request)
    known = directory.known(login)
    if known is None or known.password != password:
        _count_wrong(world, request)
        raise _refused(world, "bad_password", "Invalid username or password", request.address)
    _check_limits(world, request, known)
    world.wrong_passwords.pop(f"{request.panel}/{request.address}", None)
    return known


def open_session(world: World, request: Request, directory: Directory) -> tuple[str, int]:
    """Work on ``func=auth``: give the new session's id and the login's level."""
    params = request.params
    login = params.get("username", "")
    if request.panel == BILLMANAGER:
        sale_rules.need_no_captcha(world, "auth")
    if "key" in params:
        known = _by_key(world, request, directory, login, params["key"])
    else:
        known = check_password(world, request, directory, login, params.get("password", ""))
    session = Session(world.token(), request.panel, known.login, request.address)
    world.sessions.put(session)
    world.last_use[session.id] = world.now()
    return session.id, known.level


def new_key(world: World, panel: str, login: str, key: str) -> None:
    """Keep a key that lets a login in once without its password."""
    if len(key) < _KEY_LENGTH:
        raise bad_value("key", key, "The key is too short.")
    world.keys.put(Session(f"{panel}/{key}", panel, login, ""))


def _by_key(world: World, request: Request, directory: Directory, login: str, key: str) -> Known:
    held = world.keys.get(f"{request.panel}/{key}")
    known = directory.known(login)
    if held is None or held.login != login or known is None:
        raise _refused(world, "bad_password", "Invalid key", request.address)
    world.keys.drop(held.id)
    _check_limits(world, request, known)
    return known


def _check_limits(world: World, request: Request, known: Known) -> None:
    name = f"{request.panel}/{known.login}"
    if not known.active:
        raise _refused(world, "suspended", "The account is suspended", request.address)
    bound = known.addresses and request.address not in known.addresses
    if bound or name in world.dials.address_bound:
        raise _refused(world, "address", "Access from this IP denied", request.address)
    if known.two_factor or name in world.dials.two_factor:
        text = "A two-factor authentication code is required"
        raise _refused(world, "two_factor", text, request.address)


def _check_lock(world: World, request: Request) -> None:
    dials = world.dials
    if not dials.lock_after:
        return
    wrong = world.wrong_passwords.get(f"{request.panel}/{request.address}", [])
    recent = [at for at in wrong if at > world.now() - dials.lock_seconds]
    if len(recent) >= dials.lock_after:
        text = "Too many wrong passwords, access from this IP is blocked"
        raise _refused(world, "banned", text, request.address)


def _count_wrong(world: World, request: Request) -> None:
    name = f"{request.panel}/{request.address}"
    world.wrong_passwords.setdefault(name, []).append(world.now())


def _session_login(world: World, request: Request) -> str:
    key = request.params["auth"]
    session = world.sessions.get(key)
    if session is not None and session.panel == request.panel:
        fresh = world.now() - world.last_use.setdefault(key, world.now())
        same = session.address == request.address or not world.dials.session_address
        if fresh <= world.dials.session_seconds and same:
            world.last_use[key] = world.now()
            return session.login
        if same:
            world.sessions.drop(key)
    if world.dials.dead_session_html:
        raise LoginPage
    raise _refused(world, "expired", "The session has expired, log in again", request.address)


def _refused(world: World, key: str, text: str, address: str) -> Refusal:
    kind, about = world.dialect.error(key)
    return Refusal(kind, about, f"remote_addr: [{address}]", text)
