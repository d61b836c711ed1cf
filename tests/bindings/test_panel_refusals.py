"""What a panel refuses fails with its reason, and can be retried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.models import Binding, Intent
from tests.services.provider import only

if TYPE_CHECKING:
    from tests.services.provider import Provider, Workers

ORDER = "v2.vhost.order.param"


@pytest.mark.any_database
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


def test_a_refusal_that_cannot_be_explained_is_still_a_refusal(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.faults(
        {"panel": None, "func": ORDER, "kind": "refused", "times": 1},
        {"panel": None, "func": "whoami", "kind": "access"},
    )
    run = workers.finish(provider.start(1))
    failed = only(run=run)
    assert (failed.state, failed.cause) == ("failed", "order_refused")
    assert not Intent.objects.filter(outcome__in=["", "unknown"]).exists()
