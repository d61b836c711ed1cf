"""Prices of plans: from the public price list, else from the forms of orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.models import ClientUser
from panels.coremanager.errors import AccessDenied, FunctionMissing, Refused, UnexpectedAnswer

if TYPE_CHECKING:
    from panels.billmanager import BillManager
    from panels.billmanager.plans import Offer


def some_user() -> int | None:
    """The id of some client's user to act as; None while none is known."""
    users = ClientUser.objects.filter(gone_at=None, active=True).order_by("remote_id")
    return users.values_list("remote_id", flat=True).first()


def offers(bm: BillManager, user: int | None) -> dict[int, Offer]:
    """Prices and data centres by plan id; those that the price list lacks are read as this client.

    ``user``: None where no client is known yet; then the price list alone counts. What the order
    forms do not show either is left out. Raises what reading the price list raises where nothing
    else shows a price.
    """
    listed: dict[int, Offer] = {}
    refused: Refused | None = None
    try:
        listed = bm.plans.offers()
    except (AccessDenied, FunctionMissing) as error:
        refused = error
    if user is None or bm.dialect.order is None:
        if refused is not None:
            raise refused
        return listed
    silent = [plan for plan in bm.plans.all() if not is_sellable(listed.get(plan.id))]
    if not silent:
        return listed
    try:
        found = bm.orders.offers(user)
    except (Refused, UnexpectedAnswer) as error:
        if getattr(error, "transient", False):
            raise
        found = {}
    if refused is not None and not found:
        raise refused
    return {**listed, **{plan.id: found[plan.id] for plan in silent if plan.id in found}}


def is_sellable(offer: Offer | None) -> bool:
    """Whether an offer has the prices and data centres that an order needs."""
    return offer is not None and bool(offer.periods) and bool(offer.datacenters)
