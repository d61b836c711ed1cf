"""Whether what was measured did the job."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.services.sandbox import Sandbox


def refuse_violations(sandbox: Sandbox, bound: int) -> None:
    """Raise RuntimeError unless so many services are active and nothing went wrong."""
    ledger = sandbox.ledger()
    if ledger["violations"] or ledger["hosting_accounts_created"]:
        raise RuntimeError(f"the sandbox saw something wrong: {ledger['violations'][:5]}")
    active = sum(service["item_status"] == "2" for service in ledger["services"])
    if active != bound:
        raise RuntimeError(f"{active} services are active, not {bound}")
