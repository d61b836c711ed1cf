"""Whether BILLmanager's list of services shows our mark (``remoteid``): learnt from orders.

The documents only hope for it (billmanager.md, section 13), so the newest order that was proven
tells; what a person adopted does not, because that person may have seen more than we can.
"""

from __future__ import annotations

from integrator.models import Step
from integrator.models.states import StepState

ORDER = 3


def newest() -> Step | None:
    """Step 3 of the newest order that was found without a person's help; None: there is none."""
    found = Step.objects.filter(number=ORDER, state=StepState.DONE, binding__isnull=False)
    by_itself = found.exclude(evidence__has_key="adopted_by")
    return by_itself.select_related("binding").order_by("-pk").first()


def shown(step: Step | None) -> bool | None:
    """Whether the list shows our mark, as this order tells; None: there is none that tells."""
    if step is None or step.binding is None:
        return None
    return bool(step.evidence.get("remoteid") == step.binding.marker)


def told_apart(remoteid: str | None, *, confirmed: bool) -> bool:
    """Whether a service that is listed with this ``remoteid``, not ours, is surely not our order.

    Where no order has told yet, an empty mark says so, unless the panel has ``confirmed`` the
    order; None, no mark at all, says nothing.
    """
    known = shown(newest())
    if known is None:
        return remoteid is not None and not confirmed
    return known
