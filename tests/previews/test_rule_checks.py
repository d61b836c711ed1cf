"""What keeps a client from ordering is found before anything is sent, with the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrator.matching.candidates import unbound
from integrator.models import Account, Client, Panel, Plan, Preview
from integrator.panel_setup.checks import panel_check
from integrator.previews import comparison, preview
from integrator.previews.choices import Choices
from integrator.previews.rehearsal import rehearsal
from integrator.refresh import discovery

if TYPE_CHECKING:
    from tests.services.sandbox import Sandbox

pytestmark = pytest.mark.any_database


def read_again() -> None:
    discovery.discover(Panel.objects.get(kind="billmanager"))


def make(**choices: Any) -> Preview:
    wanted = Choices(autoprolong=True, **choices)
    return preview.make(wanted, unbound(), "eva", origin=preview.MATCHED)


def said(made: Preview, plan: Plan) -> dict[str, set[str]]:
    """The rows' state → what is said of those with this plan."""
    found: dict[str, set[str]] = {}
    for row in made.rows.filter(plan=plan):
        found.setdefault(row.state, set()).update(one["key"] for one in row.reasons)
    return found


@pytest.mark.parametrize(
    ("rules", "key"),
    [
        ({"archived": "on"}, "plan_archived"),
        ({"endoflifedate": "2020-01-01"}, "plan_ended"),
        ({"price_on_request": "on"}, "price_on_request"),
        ({"minperiodtype": "year", "minperiodlen": "1"}, "period_too_short"),
        ({"itemmax": "1"}, "limit_of_plan"),
        ({"pricelist_group": "cheap"}, "limit_of_group"),
    ],
)
def test_a_rule_that_the_plan_shows_blocks_its_rows(
    discovered: Sandbox, rules: dict[str, str], key: str
) -> None:
    # A plan that one client wants for two accounts.
    rows = Account.objects.exclude(client=None).order_by("pk")
    wanted = list(rows.values_list("client_id", "plan_id"))
    plan = Plan.objects.get(pk=next(p for c, p in wanted if wanted.count((c, p)) > 1))
    discovered.dials(plan_rules={str(plan.remote_id): rules}, plan_groups={"cheap": 1})
    read_again()
    made = make()
    told = said(made, plan)
    assert key in told["blocked"]
    assert bool(told.get("ready")) == key.startswith("limit_")
    assert not [row for row in made.rows.exclude(plan=plan) if row.state == "blocked"]


def test_what_was_archived_since_the_preview_keeps_it_from_being_started(
    discovered: Sandbox,
) -> None:
    made = make()
    plan = made.rows.filter(state="ready").first()
    assert plan is not None
    assert plan.plan is not None
    discovered.dials(
        plan_rules={str(plan.plan.remote_id): {"archived": "on"}}, cash_registers={"till": True}
    )
    with pytest.raises(comparison.PreviewOutdated) as refused:
        comparison.compare(made)
    assert "archived" in "\n".join(refused.value.lines)
    assert "fiscal receipts" in "\n".join(refused.value.lines)


@pytest.mark.parametrize(
    ("dials", "key"),
    [
        ({"captcha": ["order"]}, "blocked_captcha"),
        ({"unverified_phones": True, "plan_rules": {"requery_phone": "on"}}, "blocked_phone"),
        ({"plan_rules": {"access": "partners"}}, "blocked_group"),
        ({"plan_rules": {"orderreference": "on"}}, "blocked_order_rule"),
    ],
)
def test_a_rule_that_only_the_order_form_tells_blocks_in_the_rehearsal(
    discovered: Sandbox, dials: dict[str, Any], key: str
) -> None:
    clients = list(Client.objects.values_list("remote_id", flat=True))
    plans = [str(one) for one in Plan.objects.values_list("remote_id", flat=True)]
    turned = {**dials, "client_groups": {"partners": []}}
    if "plan_rules" in dials:
        turned["plan_rules"] = dict.fromkeys(plans, dials["plan_rules"])
    if "unverified_phones" in dials:
        turned["unverified_phones"] = clients
    discovered.dials(**turned)
    read_again()
    made = make()
    ready = made.rows.filter(state="ready").count()
    assert ready
    before = discovered.ledger()["orders"]
    assert rehearsal.rehearse(made)["state"] == rehearsal.DONE
    made = Preview.objects.get(pk=made.pk)
    assert discovered.ledger()["orders"] == before
    rows = [row for row in made.rows.all() if key in {one["key"] for one in row.reasons}]
    assert len(rows) == ready
    assert {row.state for row in rows} == {"blocked"}


def test_cash_registers_are_told_before_the_start(discovered: Sandbox) -> None:
    assert make().summary["receipts"] == {}
    discovered.dials(cash_registers={"till 1": True})
    read_again()
    made = make()
    receipts = made.summary["receipts"]
    assert receipts["names"] == ["till 1"]
    assert receipts["charges"] == made.summary["charges"] > 0
    assert receipts["certain"]
    (row,) = [one for one in panel_check.check(Panel.objects.get(name="billing")).rows
              if one.func == "payment_cash_register"]  # fmt: skip
    assert row.state == "warning"
    assert "for charges" in str(row.text)
    discovered.dials(cash_registers={"till 1": False})
    read_again()
    assert make().summary["receipts"] == {}  # paid from balances: charges are not printed


def test_a_captcha_is_named_with_its_remedy_by_the_check(discovered: Sandbox) -> None:
    discovered.dials(captcha=["order"])
    rows = panel_check.check(Panel.objects.get(name="billing")).rows
    text = next(str(one.text) for one in rows if one.func.endswith("order.param"))
    assert "Provider → Settings" in text
