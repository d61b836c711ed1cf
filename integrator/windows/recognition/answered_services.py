"""The services that BILLmanager has answered to orders, where it answers them.

The first order API answers the id of the service; that it always does is disputed (billmanager.md
4.1), so what orders have shown before decides. It tells our order from what its client orders by
himself at the same time, on panels that show no marks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.bindings import intents
from integrator.models import Intent
from integrator.steps import step3_order as step3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from panels.billmanager.services import Service


def fitting(services: Sequence[Service], marker: str, order: Intent) -> Sequence[Service]:
    """Without those that are not the one answered to this order, unless they carry this mark.

    All of them where nothing was answered, or where an answer has meant something else before.
    """
    answered = order.result.get(intents.ANSWERED)
    if answered is None:
        return services
    found = [one for one in services if one.id == answered or one.remoteid == marker]
    return services if len(found) < len(services) and _meant_something_else() else found


def _meant_something_else() -> bool:
    """Whether the newest order with an answer has led to another service than was answered."""
    orders = Intent.objects.filter(
        kind=step3.KIND, result__has_key=intents.ANSWERED, binding__service_id__isnull=False
    )
    newest = orders.order_by("-pk").values_list("result", "binding__service_id").first()
    return newest is not None and newest[0][intents.ANSWERED] != newest[1]
