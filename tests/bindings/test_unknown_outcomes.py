"""Whatever happens to one call: nothing is doubled, and the run comes to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrator.models import Binding, Intent
from tests.services.choice import first_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database

EFFECTS: dict[str, dict[str, str]] = {
    "processing.add.settings": {},
    "pricelist.processing.resume": {},
    "pricelist.processing.suspend": {},
    "v2.vhost.order.param": {},
    "task.edit": {"sok": "ok"},
}
READS = ["vhost", "task", "pricelist.processing"]


@pytest.mark.parametrize(
    "kind", first_of(["reset_after", "reset_before", "http_500", "truncated"], count=2)
)
def test_broken_effects(kind: str, provider: Provider, workers: Workers) -> None:
    """Each effect of the eight steps is struck twice in one run."""
    rules: list[dict[str, Any]] = [
        {"panel": None, "func": func, "kind": kind, "times": 2, "when": when}
        for func, when in EFFECTS.items()
    ]
    provider.sandbox.faults(*rules)
    workers.finish(provider.start(3))
    assert [rule["struck"] for rule in provider.sandbox.rules()] == [2] * len(rules)
    provider.sound(done=3)
    if kind == "reset_after":
        adopted = Intent.objects.filter(why="read back")
        kinds = set(adopted.values_list("kind", flat=True))
        assert {"create_module", "order", "switch"} <= kinds
        assert kinds & {"take", "close"}
        switched = adopted.filter(kind="switch").values_list("before__request__on", flat=True)
        assert set(switched) == {True, False}


@pytest.mark.parametrize(
    "kind", first_of(["reset_before", "truncated", "login_page", "locked", "http_500"], count=2)
)
def test_broken_reads(kind: str, provider: Provider, workers: Workers) -> None:
    rules = [{"panel": "billmanager", "func": func, "kind": kind, "times": 1} for func in READS]
    run = provider.start(2)
    provider.sandbox.faults(*rules)
    workers.finish(run)
    provider.sound(done=2)


def test_a_session_that_expires_in_the_middle(provider: Provider, workers: Workers) -> None:
    run = provider.start(3)
    provider.sandbox.faults(
        {"panel": None, "func": "*", "kind": "expire_session", "probability": 0.2, "times": 5}
    )
    workers.finish(run)
    provider.sound(done=3)


@pytest.mark.parametrize("func", first_of(["payment.add", "payment.setpaid"]))
@pytest.mark.parametrize("kind", ["reset_after", "reset_before"])
def test_a_broken_credit_is_not_doubled(
    func: str, kind: str, provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--balance", "0")
    provider.sandbox.faults({"panel": None, "func": func, "kind": kind, "times": 2})
    workers.finish(provider.start(2, payment="credit", paymethod="1"))
    ledger = provider.sound(done=2)
    credited = [row for row in ledger["payments"] if row["status"] == 4]
    assert sum(float(row["amount"]) for row in credited) == sum(
        float(row["amount"]) for row in ledger["charges"]
    )


def test_a_slow_order_that_lands_after_the_time_out(provider: Provider, workers: Workers) -> None:
    run = provider.start(2)
    provider.sandbox.faults(
        {
            "panel": None,
            "func": "v2.vhost.order.param",
            "kind": "slow_after",
            "seconds": 4,
            "times": 1,
        }
    )
    workers.finish(run)
    provider.sound(done=2)


def test_the_gate_waits_for_a_slow_opening(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--task-delay", "3")
    workers.finish(provider.start(2))
    provider.sound(done=2)


def test_refused_orders_fail_with_their_reason_and_can_be_retried(
    provider: Provider, workers: Workers
) -> None:
    run = provider.start(2)
    provider.sandbox.faults(
        {"panel": None, "func": "v2.vhost.order.param", "kind": "refused", "times": 1}
    )
    workers.finish(run)
    failed = Binding.objects.get(run=run, state="failed")
    assert failed.cause == "order_refused"
    assert failed.step == 3
    assert provider.sandbox.ledger()["violations"] == []
    from integrator.bindings.operator import actions

    report = actions.retry(Binding.objects.filter(pk=failed.pk), "anna")
    assert report.retried == [failed.pk]
    run.refresh_from_db()
    if run.state == "paused":  # it was the canary
        actions.resume(run.pk, "anna")
    workers.finish(run)
    provider.sound(done=2)
