"""The rules of the provider that keep a client from ordering (billmanager.md 1.7, 3.4, 4.4).

Of the codes only `captcha_verification_failed` and the types *access*, *limit* and *value* were
seen; the objects are assumed, by the columns that hold the rule.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from panels.sandbox.http.refusals import Refusal, bad_value
from panels.sandbox.world import records as r

if TYPE_CHECKING:
    from panels.sandbox.billmanager.order_requests import OrderRequest
    from panels.sandbox.world.records import Plan
    from panels.sandbox.world.world import World

COLUMNS = (
    *("archived", "endoflifedate", "price_on_request", "minperiodtype", "minperiodlen", "itemmax"),
    *("pricelist_group", "access", "requery_phone", "quickorder"),
)
"""Columns of a plan that its form shows."""
_YEAR = 12


def of(world: World, plan: Plan) -> dict[str, str]:
    """Give the columns that are set for a plan."""
    return world.dials.plan_rules.get(str(plan.id), {})


def need_no_captcha(world: World, form: str) -> None:
    """Refuse where this form asks for a captcha: no program answers it."""
    if form in world.dials.captcha:
        raise Refusal("captcha_verification_failed", "", "", "Captcha validation failed.")


def check(world: World, wanted: OrderRequest, plan: Plan) -> None:
    """Raise Refusal when a rule keeps this client from ordering this plan."""
    rules = of(world, plan)
    if rules.get("archived") == "on" or _is_over(world, rules.get("endoflifedate", "")):
        raise bad_value("pricelist", str(plan.id), "This tariff plan is not available.")
    if rules.get("price_on_request") == "on":
        raise Refusal("price_on_request", "pricelist", "", "The price is on request.")
    if _least(rules) > wanted.period:
        raise Refusal("value", "period", str(wanted.period), "The period is too short.")
    groups = rules.get("access", "")
    if groups and wanted.client not in world.dials.client_groups.get(groups, ()):
        raise Refusal("access", "pricelist", str(plan.id), "This plan is not for this client.")
    if rules.get("requery_phone") == "on" and wanted.client in world.dials.unverified_phones:
        raise Refusal("requery_phone", "phone", "", "The phone number is not verified.")
    if rules.get("orderreference") == "on":
        raise Refusal("orderreference", "pricelist", "", "It is sold with another service only.")
    _check_limits(world, wanted, plan, rules)


def _check_limits(world: World, wanted: OrderRequest, plan: Plan, rules: dict[str, str]) -> None:
    group = rules.get("pricelist_group", "")
    live = [s for s in world.services.find("client", wanted.client) if s.status != r.DELETED]
    own = sum(1 for service in live if service.plan == plan.id)
    if rules.get("itemmax") and own >= int(rules["itemmax"]):
        raise Refusal("limit", "itemmax", rules["itemmax"], "No more services can be ordered.")
    most = world.dials.plan_groups.get(group)
    plans = world.dials.plan_rules
    same = {key for key, told in plans.items() if told.get("pricelist_group") == group}
    if group and most is not None and sum(str(s.plan) in same for s in live) >= most:
        raise Refusal("limit", "itemmax", str(most), "No more services of this group.")


def _is_over(world: World, day: str) -> bool:
    return bool(day) and day <= datetime.fromtimestamp(world.now(), UTC).strftime("%Y-%m-%d")


def _least(rules: dict[str, str]) -> int:
    length = int(rules.get("minperiodlen") or 0)
    return length * (_YEAR if rules.get("minperiodtype") == "year" else 1)
