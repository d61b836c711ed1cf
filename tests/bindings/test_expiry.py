"""The day up to which a service is paid: set when the panel lets it be set, else told."""

from __future__ import annotations

import datetime as dt
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from integrator.bindings.operator import report
from integrator.core import clock
from integrator.messages.message import say
from integrator.models import Binding, Event, Step
from panels.billmanager.tasks.tasks import Tasks
from tests.services.odd_dialects import written
from tests.services.provider import close_by_hand, only

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.test import Client as Browser

    from tests.services.provider import Provider, Workers


def test_sets_the_expiry_that_the_csv_asks_for(provider: Provider, workers: Workers) -> None:
    until = datetime.now(UTC).date() + timedelta(days=77)
    rows = provider.csv(provider.accounts[:2], expires=until.isoformat())
    workers.finish(provider.start(rows=rows))
    ledger = provider.sound(done=2)
    assert {row["expires"] for row in ledger["services"]} == {until.isoformat()}
    assert ledger["limit_pushes"] == []


@pytest.mark.any_database
@pytest.mark.parametrize("dialect", ["second-form", "status-field"])
def test_an_expiry_that_is_shut_while_the_opening_runs_is_set_after_the_close(
    dialect: str, provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--dialect", dialect)
    provider.sandbox.dials(edit_pushes_limits=False)
    until = (datetime.now(UTC).date() + timedelta(days=77)).isoformat()
    run = workers.finish(provider.start(rows=provider.csv(provider.accounts[:3], expires=until)))
    assert run.state == "finished"
    ledger = provider.sound(done=3)
    assert {row["expires"] for row in ledger["services"]} == {until}
    assert set(Binding.objects.values_list("expires_set", flat=True)) == {True}
    assert report.run_json(run)["expiry_to_do"] == []
    for step in Step.objects.filter(number=7):
        assert step.state == "done"
        assert "expires_not_set" not in step.evidence


@pytest.mark.any_database
def test_limits_that_a_late_expiry_pushes_are_seen_at_the_canary(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """Saving a bound service may push limits (billmanager.md 7.3): only the canary pays for it."""
    provider = provider_with("--dialect", "status-field")
    until = (datetime.now(UTC).date() + timedelta(days=77)).isoformat()
    run = workers.finish(provider.start(rows=provider.csv(provider.accounts[:3], expires=until)))
    assert run.state == "paused"
    assert len(provider.sandbox.ledger()["orders"]) == 1


@pytest.mark.any_database
def test_an_expiry_that_can_never_be_set_is_still_to_do(
    provider_with: Callable[..., Provider], workers: Workers, tmp_path: Path, admin: Browser
) -> None:
    provider = provider_with("--dialect", written(tmp_path, rows__expiry_opens="never"))
    day = (datetime.now(UTC).date() + timedelta(days=77)).isoformat()
    run = workers.finish(provider.start(rows=provider.csv(provider.accounts[:2], expires=day)))
    assert run.state == "finished"
    ledger = provider.sound(done=2)
    assert ledger["limit_pushes"] == []
    for binding in Binding.objects.all():
        step = Step.objects.get(binding=binding, number=7)
        assert (step.state, step.evidence["expires_not_set"]) == ("done", day)
        assert Event.objects.filter(binding=binding, why=say("expiry.to_do", day=str(day))).exists()
        page = admin.get(reverse("binding", args=[binding.pk])).content.decode()
        assert "Expiry not set, still to do" in page
        assert "does not let the date be set" in page
    assert report.run_json(run)["expiry_to_do"] == [str(b) for b in Binding.objects.order_by("pk")]
    page = admin.get(reverse("run", args=[run.pk])).content.decode()
    assert "Expiry not set, still to do" in page


@pytest.mark.any_database
def test_a_refused_expiry_fails_no_binding(provider: Provider, workers: Workers) -> None:
    day = (datetime.now(UTC).date() + timedelta(days=77)).isoformat()
    provider.sandbox.faults({"panel": None, "func": "vhost.edit", "kind": "refused", "times": 1,
                             "when": {"sok": "ok"}})  # fmt: skip
    run = workers.finish(provider.start(rows=provider.csv(provider.accounts[:1], expires=day)))
    assert run.state == "finished"
    provider.sound(done=1)
    assert report.run_json(run)["expiry_to_do"] == [str(only(run=run))]


def test_an_expiry_that_could_not_be_set_any_more_is_told(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Tasks.openings
    looked: list[int] = []

    def openings(self: Tasks, plan_id: int) -> Any:
        found = real(self, plan_id)
        if found and not looked:
            looked.append(plan_id)
            close_by_hand(provider)
            return []
        return found

    monkeypatch.setattr(Tasks, "openings", openings)
    day = (clock.now() + dt.timedelta(days=400)).date().isoformat()
    rows = provider.csv(provider.accounts[:1], expires=day)
    run = workers.finish(provider.start(rows=rows))
    binding = Binding.objects.get(run=run)
    assert (binding.state, binding.expires_set) == ("done", False)
    assert Step.objects.get(binding=binding, number=7).evidence["expires_not_set"] == day
    assert Event.objects.filter(binding=binding, why=say("expiry.to_do", day=str(day))).exists()
