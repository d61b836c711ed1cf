"""What a person is offered when nobody else can decide."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from integrator.bindings.operator import actions, undecided_evidence
from integrator.core.errors import ActionRefused
from integrator.models import Panel
from integrator.panel_access import panel_connections
from tests.services.provider import only

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.services.provider import Provider, Workers


def test_the_services_that_could_be_it_are_offered(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--dialect", "toolbar-take")
    run, ours = provider.ordered_twice(workers)
    twin = only(run=run)
    provider.sandbox.act(
        act="order", client=twin.client.remote_id, plan=twin.plan.remote_id, domain="x.example"
    )
    workers.until(lambda: only(run=run).state == "undecided")
    found = {one.id: one for one in undecided_evidence.options(only(run=run))}
    assert found[ours].unfit == ""
    assert len([one for one in found.values() if not one.unfit]) == 2
    assert any("x.example" in one.unfit for one in found.values())
    actions.adopt(twin.pk, ours, "anna")
    workers.finish(run)
    assert only(run=run).service_id == ours


def test_a_payment_that_could_be_two_is_adopted(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--balance", "0.00")
    panel = Panel.objects.get(pk=provider.panel.pk)
    method = panel.discovery["facts"]["paymethods"][0][0]
    provider.sandbox.faults(
        {"panel": None, "func": "payment.add", "kind": "slow_after", "seconds": 4, "times": 1}
    )
    run = provider.start(1, payment="credit", paymethod=str(method))
    workers.until(lambda: len(provider.sandbox.ledger()["payments"]) == 1)
    ours = provider.sandbox.ledger()["payments"][0]["id"]
    binding = only(run=run)
    bm = panel_connections.billmanager()
    client = bm.whoami(su=binding.su)
    bm.payments.add(
        binding.su, profile_id=bm.clients.profiles(binding.su)[0].id, amount=binding.price,
        currency_id=client.currency_id or 0, method_id=method, randomnumber="twin00000000",
        send_by=time.monotonic() + 5,
    )  # fmt: skip
    workers.until(lambda: only(run=run).state == "undecided")
    binding = only(run=run)
    assert binding.cause == "several_payments"
    assert undecided_evidence.is_about_payment(binding)
    options = undecided_evidence.options(binding)
    assert {one.kind for one in options} == {"payment"}
    assert len([one for one in options if not one.unfit]) == 2
    with pytest.raises(ActionRefused):
        actions.adopt_payment(binding.pk, 4711, "anna")
    actions.adopt_payment(binding.pk, ours, "anna")
    workers.finish(run)
    ledger = provider.sound(done=1)
    assert len(ledger["payments"]) == 2
    assert [row["id"] for row in ledger["payments"] if row["status"] == 4] == [ours]
