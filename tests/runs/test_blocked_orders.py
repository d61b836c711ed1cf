"""Rules of the provider that refuse an order: each a cause of its own, and what else it stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings import causes
from integrator.models import Binding
from integrator.runs import circuit_breaker

if TYPE_CHECKING:
    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database

ORDER = {"panel": None, "func": "v2.vhost.order.param", "kind": "refused", "times": None}


def test_every_rule_has_a_cause_with_a_sentence_and_a_remedy() -> None:
    assert set(causes.OF_BLOCK.values()) <= set(causes.CAUSES)
    told = set(causes.OF_BLOCK.values())
    assert told <= circuit_breaker.INCURABLE | circuit_breaker.OF_RULES
    assert not circuit_breaker.OF_RULES & (circuit_breaker.OF_ONE | circuit_breaker.INCURABLE)


def test_what_concerns_all_stops_the_run_and_what_concerns_one_client_does_not(
    provider: Provider, workers: Workers
) -> None:
    """The third client may not order; once one was bound, a captcha is switched on."""
    first, other = provider.accounts[0], provider.accounts[:6]
    clients = {int(one["client"]) for one in other} - {int(first["client"])}
    closed = min(clients)
    plans = provider.sandbox.ledger()["plans"]
    provider.sandbox.dials(
        plan_rules={str(plan["id"]): {"access": "all"} for plan in plans},
        client_groups={"all": sorted({int(first["client"])} | clients - {closed})},
    )
    run = workers.finish(provider.start(6))
    assert run.state == "finished"
    states = Binding.objects.filter(run=run).values_list("client__remote_id", "state", "cause")
    assert {(client == closed, state, cause) for client, state, cause in states} == {
        (True, "failed", "client_group"),
        (False, "done", ""),
    }

    provider.sandbox.dials(captcha=["order"])
    before = len(provider.sandbox.ledger()["orders"])
    stopped = workers.finish(provider.start(rows=provider.csv(provider.accounts[6:12])))
    assert stopped.state == "paused"
    assert "asks for a captcha" in str(stopped.why)
    assert "Provider → Settings" in str(stopped.why)
    failed = Binding.objects.filter(run=stopped, state="failed")
    assert {one.cause for one in failed} == {"captcha"}
    assert failed.count() == 1  # the canary
    assert len(provider.sandbox.ledger()["orders"]) == before
    provider.sound()


def test_a_captcha_that_comes_later_stops_the_run_at_its_second_occurrence(
    provider: Provider, workers: Workers
) -> None:
    said: dict[str, Any] = {"type": "captcha_verification_failed", "message": "No."}
    run = provider.start(10)
    workers.until(lambda: Binding.objects.filter(run=run, state="done").exists())
    provider.sandbox.faults({**ORDER, **said, "when": {"sok": "ok"}})
    workers.finish(run)
    assert run.state == "paused"
    assert "for the second time" in str(run.why)
    assert {one.cause for one in Binding.objects.filter(run=run, state="failed")} == {"captcha"}
