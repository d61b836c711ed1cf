"""Switches of a plan that never show, and the bindings that failed for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from integrator.bindings.operator import actions
from integrator.models import Binding

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.provider import Provider, Workers

ON, OFF = "pricelist.processing.resume", "pricelist.processing.suspend"

MANUAL = "14"
"""What the sandbox calls the module that step 1 makes."""


def ignoring(func: str, **when: str) -> dict[str, Any]:
    """A switch that is answered *ok* and never shows."""
    return {"panel": "billmanager", "func": func, "kind": "ignored", "when": when}


def dialect_file(folder: Path, **keys: str) -> str:
    path = folder / "panel.json"
    named = {key: {"value": value} for key, value in keys.items()}
    path.write_text(json.dumps({"name": "panel", "extends": "billmanager6", "keys": named}))
    return str(path)


def never_empty(provider: Provider) -> list[dict[str, Any]]:
    """No plan was ever without a module; all switches, in order."""
    switches: list[dict[str, Any]] = provider.sandbox.ledger()["switches"]
    assert all(switch["left"] for switch in switches)
    return switches


def failed_for(cause: str) -> Binding:
    return Binding.objects.select_related("run").get(state="failed", cause=cause)


def retried(provider: Provider, workers: Workers, binding: Binding) -> None:
    actions.retry(Binding.objects.filter(pk=binding.pk), "anna")
    workers.finish(binding.run)
    provider.sound(done=1)
