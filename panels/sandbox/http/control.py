"""The sandbox's control endpoints for tests and demos: JSON under ``/_sandbox/``, loopback only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from panels.sandbox.dialect import DialectError
from panels.sandbox.dials import DialError
from panels.sandbox.faults import FaultError
from panels.sandbox.http.protocol import JSON_TYPE, Response
from panels.sandbox.http.refusals import Refusal
from panels.sandbox.ledger import ledger, truth
from panels.sandbox.world import acts, jobs

if TYPE_CHECKING:
    from panels.sandbox.world.world import World

PREFIX = "/_sandbox/"


def control(world: World, method: str, path: str, body: bytes, address: str) -> Response:
    """Answer a call of one of these endpoints."""
    if not address.startswith("127.") and address != "::1":
        return _json({"error": "only from this machine"}, 403)
    jobs.run_due(world)
    endpoint = path.removeprefix(PREFIX).rstrip("/")
    try:
        return _json(_answer(world, method, endpoint, body))
    except (DialError, DialectError, FaultError, acts.ActError, json.JSONDecodeError) as error:
        return _json({"error": str(error)}, 400)
    except Refusal as refusal:
        text = {"error": refusal.text, "type": refusal.kind, "object": refusal.about}
        return _json(text, 409)
    except LookupError:
        return _json({"error": f"there is no endpoint {method} {path}"}, 404)


def _answer(world: World, method: str, endpoint: str, body: bytes) -> dict[str, Any]:
    if method == "GET":
        return {
            "ledger": lambda: ledger(world),
            "world": lambda: truth(world),
            "dials": world.dials.as_dict,
            "faults": world.faults.as_dict,
        }[endpoint]()
    document = json.loads(body or b"{}")
    if not isinstance(document, dict):
        msg = "a JSON object is needed"
        raise DialError(msg)
    if method == "POST" and endpoint == "dials":
        was = world.dials.strangers_every
        world.turn(document)
        if world.dials.strangers_every > 0 and not was:
            world.schedule(world.dials.strangers_every, "stranger", 0)
        return world.dials.as_dict()
    if method == "POST" and endpoint == "faults":
        world.faults.set(document)
        return world.faults.as_dict()
    if method == "POST" and endpoint == "act":
        return acts.perform(world, document)
    raise LookupError(endpoint)


def _json(document: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(document).encode(), status, JSON_TYPE)
