"""The least and the most of one payment by each method, stored with a discovery's facts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from integrator.models import Panel
    from panels.billmanager import PayMethod

FACT = "paymethod_limits"
"""Among the facts of a discovery: method id → [least, most, currency], "" where there is none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one payment; None: no limit. ``currency`` "": that of the payment itself.

    ``unclear``: a limit is shown that cannot be read, in the panel's words.
    """

    least: Decimal | None
    most: Decimal | None
    currency: str = ""
    unclear: str = ""


def of_method(method: PayMethod) -> Limits:
    """The limits that a payment's form shows for this method."""
    unclear = "; ".join(one.value for one in method.troubles)
    return Limits(method.least, method.most, method.limits_in, unclear)


def kept(methods: Iterable[PayMethod]) -> dict[str, list[str]]:
    """The limits of these methods as a discovery stores them."""
    found = {}
    for method in methods:
        own = of_method(method)
        limits = [str(own.least or ""), str(own.most or ""), own.currency, own.unclear]
        if any((own.least, own.most, own.unclear)):
            found[str(method.id)] = limits
    return found


def known(panel: Panel, method_id: int) -> Limits | None:
    """The limits of a method that the last discovery saw, as it is offered to some client."""
    facts: Mapping[str, Any] = panel.discovery.get("facts", {}).get(FACT, {})
    found = facts.get(str(method_id))
    if found is None:
        return None
    least, most, currency, unclear = found
    return Limits(
        Decimal(least) if least else None, Decimal(most) if most else None, currency, unclear
    )
