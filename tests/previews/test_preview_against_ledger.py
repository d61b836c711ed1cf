"""What a preview says is what happens: charges, amounts, balances and mails, by the ledger."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from integrator.panel_access import transports
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.refresh import discovery
from integrator.runs import run_start
from tests.services.provider import ACTOR

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrator.models import Preview
    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database

FAR = 4e9


def set_letter(provider: Provider, plan_name: str, letter: str) -> None:
    """What the provider's admin does in the plan's form."""
    plan = next(one for one in provider.sandbox.world()["plans"] if one["name"] == plan_name)
    transport = transports.transport(provider.panel)
    params = {"elid": plan["id"], "opennotify": letter, "sok": "ok"}
    transport.act("pricelist.edit", params, send_by=FAR)


def balances(provider: Provider) -> dict[int, Decimal]:
    return {one["id"]: Decimal(str(one["balance"])) for one in provider.sandbox.world()["clients"]}


def of_plans(provider: Provider, **wanted: int) -> list[dict[str, Any]]:
    """So many accounts of each plan."""
    left = Counter(wanted)
    found = []
    for one in provider.accounts:
        if left[one["plan"]] > 0:
            left[one["plan"]] -= 1
            found.append(one)
    return found


def check_against_ledger(
    made: Preview, ledger: dict[str, Any], before: dict[int, Decimal], after: dict[int, Decimal]
) -> None:
    charged = [one for one in ledger["charges"] if one["kind"] == "order"]
    assert made.summary["charges"] == len(charged)
    told = sum(Decimal(one["amount"]) for one in made.summary["totals"])
    assert told == sum(Decimal(str(one["amount"])) for one in charged)
    credited = sum(Decimal(one["amount"]) for one in made.summary["credits"])
    assert credited == sum(Decimal(str(one["amount"])) for one in ledger["payments"])
    assert made.summary["mails"] == len(ledger["mails"])
    rows = list(made.rows.order_by("number").select_related("client"))
    first: dict[int, Decimal | None] = {}
    last: dict[int, Decimal | None] = {}
    for row in rows:
        assert row.client is not None
        first.setdefault(row.client.remote_id, row.balance_before)
        last[row.client.remote_id] = row.balance_after
    assert first == {client: before[client] for client in first}
    assert last == {client: after[client] for client in last}
    expiries = Counter(str(row.suspends_on) for row in rows)
    assert expiries == Counter(one["expires"] for one in ledger["services"])


def test_forty_charges_and_three_mails(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with(accounts=66)
    for plan in ("Start", "Business"):
        set_letter(provider, plan, "null")
    discovery.discover(provider.panel)
    before = balances(provider)
    chosen = of_plans(provider, Start=20, Business=17, Pro=3)
    made = preview.make_from_csv(Choices(autoprolong=True), provider.csv(chosen), ACTOR)
    assert (made.summary["charges"], made.summary["mails"]) == (40, 3)
    workers.finish(run_start.start(made.pk, ACTOR))
    check_against_ledger(made, provider.sound(done=40), before, balances(provider))


def test_what_is_credited_is_what_was_said(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--balance", "5")
    before = balances(provider)
    credit = Choices(autoprolong=False, payment="credit", paymethod="Bonus")
    made = preview.make_from_csv(credit, provider.csv(provider.accounts[:8]), ACTOR)
    assert made.summary["credits"]
    workers.finish(run_start.start(made.pk, ACTOR))
    check_against_ledger(made, provider.sound(done=8), before, balances(provider))
