"""The main job: accounts become services, one order and one charge each, plans as before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.matching import matcher
from integrator.models import Account, Binding, Step

if TYPE_CHECKING:
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
