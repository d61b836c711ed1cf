"""A panel that refuses to close tasks, and who was charged meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrator.models import Binding

if TYPE_CHECKING:
    from integrator.models import Run
    from tests.services.provider import Provider

CLOSE = {"panel": None, "func": "task.edit", "when": {"clicked_button": "close"}}


def refuse_closes(provider: Provider, **more: Any) -> None:
    said = {"message": "Values of the field are wrong", "object": "username"}
    provider.sandbox.faults({**CLOSE, "kind": "refused", **said, **more})


def charged(provider: Provider) -> int:
    ledger = provider.sandbox.ledger()
    assert len(ledger["orders"]) == len(ledger["charges"])
    return len(ledger["charges"])


def stopped(run: Run) -> list[Binding]:
    return list(Binding.objects.filter(run=run, state__in=["failed", "undecided"]))
