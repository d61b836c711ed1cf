"""The main job: accounts become services, one order and one charge each, plans as before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from integrator.matching import matcher
from integrator.models import Account, Binding, Panel, Step, Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.services.provider import Provider, Workers


def test_binds_with_one_order_and_one_charge_each(provider: Provider, workers: Workers) -> None:
    run = workers.finish(provider.start(10))
    assert run.state == "finished"
    ledger = provider.sound(done=10)
    assert len(ledger["orders"]) == 10
    assert len(ledger["charges"]) == 10
    assert {row["type"] for row in ledger["tasks"]} == {"postopen"}


def test_a_bound_account_keeps_the_client_of_its_binding(
    provider: Provider, workers: Workers
) -> None:
    run = workers.finish(provider.start(2))
    Account.objects.update(email="", fullname="", domains=[])  # so that nobody would be proposed
    matcher.match_all()
    for binding in Binding.objects.filter(run=run).select_related("account"):
        assert binding.account.client_id == binding.client_id
        assert binding.account.plan_id == binding.plan_id


def test_every_step_has_its_evidence(provider: Provider, workers: Workers) -> None:
    run = workers.finish(provider.start(3))
    for binding in Binding.objects.filter(run=run):
        own = Step.objects.filter(binding=binding)
        assert {step.number for step in own} == {3, 4, 6, 7}
        shared = Step.objects.filter(window=binding.window)
        assert {step.number for step in shared} == {1, 2, 5, 8}
        for step in (*own, *shared):
            assert step.state == "done", step
            assert step.evidence, step


def test_the_first_cohort_is_one_and_later_ones_grow(provider: Provider, workers: Workers) -> None:
    workers.finish(provider.start(14))
    sizes = list(Window.objects.order_by("pk").values_list("cohort", flat=True))
    assert sizes[0] == 1
    assert max(sizes) > 1
    canary, following = Window.objects.order_by("pk")[:2]
    assert canary.closed_at
    assert canary.closed_at <= following.created_at


def test_credits_what_the_balance_lacks(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--balance", "1.00")
    run = provider.start(6, payment="credit", paymethod=provider_paymethod(provider))
    workers.finish(run)
    ledger = provider.sound(done=6)
    credited = sum(float(row["amount"]) for row in ledger["payments"])
    charged = sum(float(row["amount"]) for row in ledger["charges"])
    clients = {row["client"] for row in ledger["charges"]}
    assert credited == pytest.approx(charged - 1.0 * len(clients))


def provider_paymethod(provider: Provider) -> str:
    found = Panel.objects.get(pk=provider.panel.pk).discovery
    return str(found["facts"]["paymethods"][0][0])


def test_sets_the_expiry_that_the_csv_asks_for(provider: Provider, workers: Workers) -> None:
    until = datetime.now(UTC).date() + timedelta(days=77)
    rows = provider.csv(provider.accounts[:2], expires=until.isoformat())
    workers.finish(provider.start(rows=rows))
    ledger = provider.sound(done=2)
    assert {row["expires"] for row in ledger["services"]} == {until.isoformat()}
    assert ledger["limit_pushes"] == []


def test_several_accounts_of_one_client_are_ordered_one_after_another(
    provider: Provider, workers: Workers
) -> None:
    by_client: dict[int, list[dict[str, object]]] = {}
    for account in provider.accounts:
        by_client.setdefault(account["client"], []).append(account)
    several = max(by_client.values(), key=len)
    assert len(several) > 1
    workers.finish(provider.start(rows=provider.csv(several)))
    provider.sound(done=len(several))
