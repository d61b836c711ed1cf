"""Between the network and the panels: counting, faults before and after the work, control."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.billmanager.panel import BillManager
from panels.sandbox.http import xml
from panels.sandbox.http.forms import done
from panels.sandbox.http.panel import answer
from panels.sandbox.http.protocol import HTML_TYPE, Response
from panels.sandbox.ispmanager.panel import IspManager
from panels.sandbox.world import jobs
from panels.sandbox.world.world import BILLMANAGER

if TYPE_CHECKING:
    from panels.sandbox.faults import Rule
    from panels.sandbox.http.panel import Panel
    from panels.sandbox.http.protocol import Request
    from panels.sandbox.world.world import World

_BODIES = {
    "blank": (b"", b" ", 100_000, b""),
    "flood": (b"<doc>", b"<elem/>", 3_000_000, b"</doc>"),
}
"""What breaks a program that takes an answer as it comes: white space, and rows without end."""
_ERROR_PAGE = (
    b"<html><head><title>500 Internal Server Error</title></head>"
    b"<body><h1>Internal Server Error</h1><hr>nginx</body></html>"
)
_PATHS = {
    "/billmgr": "billmgr",
    "/manager/billmgr": "billmgr",
    "/ispmgr": "ispmgr",
    "/manager/ispmgr": "ispmgr",
}


def serves(path: str, panel: str) -> bool:
    """Whether a path is one of the two that a panel answers on."""
    return _PATHS.get(path) == ("billmgr" if panel == BILLMANAGER else "ispmgr")


class Gateway:
    """The panels of one world, ready for requests.

    ``arrive`` gets a request first and may name a fault, whose ``slow_before`` the caller
    waits out; ``work`` then does it. The caller waits ``Response.seconds`` before it answers.
    """

    def __init__(self, world: World) -> None:
        """Build every panel of the world."""
        self.world = world
        self.panels: dict[str, Panel] = {BILLMANAGER: BillManager(world)}
        for server in world.servers:
            self.panels[server] = IspManager(world, server)

    def arrive(self, request: Request) -> Rule | None:
        """Count a request and draw its fault, if it has one."""
        world = self.world
        world.calls[request.func] += 1
        world.busy[request.panel] += 1
        busy = world.busy[request.panel]
        world.most_busy[request.panel] = max(world.most_busy[request.panel], busy)
        return world.faults.draw(request) if world.faults.rules else None

    def leave(self, request: Request) -> None:
        """Count a request as answered."""
        self.world.busy[request.panel] -= 1

    def work(self, request: Request, fault: Rule | None) -> Response:
        """Do what is due, then the request, and shape the answer as the fault says."""
        jobs.run_due(self.world)
        kind = fault.kind if fault is not None else ""
        if kind == "reset_before":
            return Response(b"", reset=True)
        if kind == "http_500":
            return Response(_ERROR_PAGE, 500, HTML_TYPE)
        panel = self.panels[request.panel]
        if kind == "ignored" and request.func != "auth":
            return _confirmed(self.world, panel, request)
        response = answer(self.world, panel, request, fault)
        return response if fault is None else _spoilt(response, fault)


def _spoilt(response: Response, fault: Rule) -> Response:
    """Give the answer of a request that was carried out, as the fault lets it arrive."""
    kind = fault.kind
    if kind == "http_500_after":
        return Response(_ERROR_PAGE, 500, HTML_TYPE)
    if kind == "reset_after":
        response.reset = True
    elif kind == "truncated":
        response.body = response.body[: len(response.body) * 2 // 3]
        response.cut = True
    elif kind == "slow_after":
        response.seconds = fault.seconds
    elif kind in _BODIES:
        head, piece, times, end = _BODIES[kind]
        response.body = head + piece * times + end
    return response


def _confirmed(world: World, panel: Panel, request: Request) -> Response:
    """Answer ok, and do nothing; the ledger shows what was ignored."""
    world.record("ignored", func=request.func, **_named(request))
    body = xml.document(
        done(), func=request.func, lang=panel.language, binary=panel.binary, params=request.params
    )
    return Response(body)


def _named(request: Request) -> dict[str, str]:
    return {name: request.params[name] for name in ("plid", "elid") if name in request.params}
