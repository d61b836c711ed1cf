"""Causes that are rules of the provider: why an order or a payment is refused, whoever sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from panels.coremanager.rule_refusals import Block

TEXTS: tuple[tuple[str, str | Promise, str | Promise], ...] = (
    (
        "captcha",
        _("BILLmanager asks for a captcha"),
        _(
            "No program can answer it. Switch it off under Provider → Settings in BILLmanager, or "
            "exempt the address of Integrator there, then retry."
        ),
    ),
    (
        "phone_unverified",
        _("The client's phone is not verified"),
        _(
            "BILLmanager wants that for this order. Verify the phone there, or exempt the plan or "
            "period under phone verification, then retry."
        ),
    ),
    (
        "client_group",
        _("The client's group may not order this plan"),
        _("Put the client into a group that may, or open the plan to all, then retry."),
    ),
    (
        "service_limit",
        _("The client has as many services as it may"),
        _("Raise the limit of the plan, or of its group, in BILLmanager, then retry."),
    ),
    (
        "order_rule",
        _("The plan is sold together with another service only"),
        _("Change the order rules of the plan in BILLmanager, then retry."),
    ),
    (
        "price_on_request",
        _("The plan has no price that could be charged"),
        _("Give the plan a price in BILLmanager, or bind on another plan."),
    ),
    (
        "period_refused",
        _("The plan is not sold for this period"),
        _("Retry with another period, or offer this one in BILLmanager."),
    ),
    (
        "plan_not_sold",
        _("BILLmanager does not sell this plan"),
        _(
            "It may be archived, switched off, or not sold in this data centre. Change that under "
            "Tariff plans, then retry; or retry with another plan."
        ),
    ),
    (
        "receipt_refused",
        _("The cash register did not take it"),
        _("Mend the cash register in BILLmanager, then retry; the order is not placed again."),
    ),
)
"""Key, title and advice of each."""

OF_BLOCK: dict[Block, str] = {
    "captcha": "captcha",
    "phone": "phone_unverified",
    "group": "client_group",
    "limit": "service_limit",
    "order_rule": "order_rule",
    "on_request": "price_on_request",
    "period": "period_refused",
    "plan": "plan_not_sold",
    "receipt": "receipt_refused",
}
"""The provider's rules that a refusal can speak of (`rule_refusals`), each a cause of its own."""
