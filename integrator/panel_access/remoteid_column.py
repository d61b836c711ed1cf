"""Whether BILLmanager's list of services shows our marker (``remoteid``): learnt from orders.

The documents only hope for it (billmanager.md, section 13), so the newest order that was proven
decides; what a person adopted does not, because that person may have seen more than we can.
"""

from __future__ import annotations

from integrator.models import Step
from integrator.models.states import StepState

ORDER_STEP = 3


def newest_order() -> Step | None:
    """Step 3 of the newest order that was found without a person's help; None: there is none."""
    found = Step.objects.filter(number=ORDER_STEP, state=StepState.DONE, binding__isnull=False)
    by_itself = found.exclude(evidence__has_key="adopted_by")
    return by_itself.select_related("binding").order_by("-pk").first()


def is_shown(step: Step | None) -> bool | None:
    """Whether the list shows our marker, as this order proves; None: no order proves either."""
    if step is None or step.binding is None:
        return None
    return bool(step.evidence.get("remoteid") == step.binding.marker)


def is_foreign(remoteid: str | None, *, confirmed: bool) -> bool:
    """Whether a service listed with this ``remoteid``, which is not ours, is surely not our order.

    Where no order has proven yet whether the list shows markers, an empty one is foreign, unless
    the panel has ``confirmed`` the order; None, no such column, is not.
    """
    known = is_shown(newest_order())
    if known is None:
        return remoteid is not None and not confirmed
    return known
