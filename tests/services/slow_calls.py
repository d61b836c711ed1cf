"""Calls that lie in a panel's queue, and the one order that is to come of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.services.provider import Provider

ORDER = "v2.vhost.order.param"


def slow(func: str, seconds: float, **when: str) -> dict[str, Any]:
    """A fault: one call lies in the panel's queue for so long before anything is done."""
    return {
        "panel": None,
        "func": func,
        "kind": "slow_before",
        "seconds": seconds,
        "times": 1,
        "when": when,
    }


def one_order_and_charge(provider: Provider) -> None:
    ledger = provider.sound(done=1)
    assert len(ledger["services"]) == 1
    assert len([row for row in ledger["charges"] if float(row["amount"])]) == 1
