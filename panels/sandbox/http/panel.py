"""The part that both kinds of panel share: access, finding the function, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from panels.sandbox.http import access, xml
from panels.sandbox.http.call import NOBODY, Call
from panels.sandbox.http.forms import Field, form
from panels.sandbox.http.protocol import HTML_TYPE, Response
from panels.sandbox.http.refusals import LoginPage, Refusal, missed, no_access

if TYPE_CHECKING:
    from panels.sandbox.faults import Rule
    from panels.sandbox.http.call import Actor, Function
    from panels.sandbox.http.protocol import Request
    from panels.sandbox.world.world import World

FORMATS = frozenset({"xml", "devel"})


class Panel(access.Directory, Protocol):
    """One panel: its logins and its functions."""

    name: str
    binary: str
    language: str

    def function(self, call: Call) -> Function | None:
        """Give the function that a call names, or None when the panel has none."""

    def allows(self, call: Call) -> bool:
        """Whether staff rights cover the call."""


def answer(world: World, panel: Panel, request: Request, fault: Rule | None = None) -> Response:
    """Work on a request and write its answer."""
    if world.dials.updating:
        return Response(xml.updating_page(world.dials.updating), content_type=HTML_TYPE)
    lang = request.params.get("lang") or panel.language
    fixed = world.dialect.flag("language.fixed")
    lang = lang if lang in {"en", "ru"} and not fixed else panel.language
    actor = NOBODY
    try:
        if fault is not None:
            _strike(world, request, fault)
        if request.params.get("out") not in FORMATS:
            return Response(xml.login_page(), content_type=HTML_TYPE)
        if request.func == "auth":
            body = _auth(world, request, panel)
        else:
            actor = access.identify(world, request, panel)
            call = Call(world, panel.name, request.params, actor, lang, fault, request.address)
            body = _work(call, panel)
        if fault is not None and fault.kind == "locked_after":
            raise _locked(world)
    except Refusal as problem:
        name = actor.real or request.params.get("username", "")
        body = xml.refusal(problem, func=request.func, lang=lang, user=name, level=actor.level or 0)
    except LoginPage:
        return Response(xml.login_page(), content_type=HTML_TYPE)
    func = request.func
    if f"{panel.name}/{actor.real}" in world.dials.expired_passwords and "<error" not in body:
        func = "expirepass"
    return Response(
        xml.document(body, func=func, lang=lang, binary=panel.binary, params=request.params)
    )


def _auth(world: World, request: Request, panel: Panel) -> str:
    session, level = access.open_session(world, request, panel)
    return xml.element("auth", session, id=session, level=level)


def _work(call: Call, panel: Panel) -> str:
    function = panel.function(call)
    if function is None and call.world.dials.missing_without_object:
        raise missed("", "Function not found. Perhaps its module is not loaded.")
    if function is None:
        raise missed(call.func, "Function '__object__' is not found.")
    if f"{call.panel}/{call.actor.real}" in call.world.dials.expired_passwords:
        return form(call, [Field("password"), Field("confirm")])
    if call.actor is NOBODY and function.level > 0:
        kind, about = call.dialect.error("expired")
        raise Refusal(kind, about, "", "Log in first")
    if not _may(call.actor, function) or not panel.allows(call):
        raise no_access(call.func)
    return function.work(call)


def _locked(world: World) -> Refusal:
    kind, about = world.dialect.error("busy")
    return Refusal(kind, about, "", "The object is locked by another operation, try later.")


def _may(actor: Actor, function: Function) -> bool:
    return actor.level >= function.level


def _strike(world: World, request: Request, fault: Rule) -> None:
    """Raise what a fault makes the panel answer without doing anything."""
    if fault.kind == "refused":
        raise Refusal(fault.type, fault.object, "", fault.message)
    if fault.kind == "access":
        raise no_access(request.func)
    if fault.kind == "locked":
        raise _locked(world)
    if fault.kind == "login_page":
        raise LoginPage
    if fault.kind == "expire_session" and "auth" in request.params:
        world.sessions.drop(request.params["auth"])
