"""A run's canary that stops: the run stops with it, and one client is charged at most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from integrator.bindings.operator import actions
from integrator.messages.message import verbatim
from integrator.models import Binding, Run
from integrator.runs import circuit_breaker
from integrator.steps.verdicts import Ambiguous
from integrator.windows import members
from tests import factories
from tests.services.odd_dialects import odd_form
from tests.services.refused_closes import charged, refuse_closes, stopped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.test import Client
    from pytest_django.fixtures import Settings

    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database


def test_a_canary_whose_task_cannot_be_closed_stops_the_run(
    provider: Provider, workers: Workers, operator: Client
) -> None:
    refuse_closes(provider)
    run = workers.finish(provider.start(14))
    assert run.state == "paused"
    assert charged(provider) == 1
    assert len([t for t in provider.sandbox.ledger()["tasks"] if t["performer"]]) == 1
    (canary,) = stopped(run)
    assert (canary.step, canary.cause) == (7, "task_refused")
    page = operator.get(f"/runs/{run.pk}/").text
    assert "This run is paused:" in page
    sentence = (
        f"canary b{canary.pk} stopped at step 7: The panel refused to close the task: billing"
    )
    assert sentence in page
    assert "Values of the field are wrong" in page
    assert "What to do: Read the panel" in page

    # Resumed without a cure: one more, and no more.
    actions.resume(run.pk, "anna")
    workers.finish(run)
    assert (run.state, charged(provider)) == ("paused", 2)

    # Cured and retried: the same accounts go first, and then all others.
    provider.sandbox.faults()
    actions.retry(Binding.objects.filter(run=run, state="failed"), "anna")
    actions.resume(run.pk, "anna")
    workers.finish(run)
    assert run.state == "finished"
    provider.sound(done=14)
    assert charged(provider) == 14


def test_a_form_without_what_closing_needs_charges_one_client(
    provider_with: Callable[..., Provider], workers: Workers, tmp_path: Path
) -> None:
    provider = provider_with("--dialect", odd_form(tmp_path), accounts=8)
    run = workers.finish(provider.start(6))
    assert run.state == "paused"
    assert charged(provider) == 1
    assert "lacks what this step needs" in str(run.why)
    assert "ticket_note" in str(run.why)


def test_the_sentence_is_read_in_russian(operator: Client) -> None:
    factories.billmanager()
    binding = factories.binding("failed", 7, window=factories.window())
    factories.binding(run=binding.run)
    with transaction.atomic():
        circuit_breaker.failed(
            binding, 7, "form_unknown", verbatim("billing task.edit: lacks close")
        )
    run = Run.objects.get(pk=binding.run_id)
    assert run.state == "paused"
    operator.cookies["django_language"] = "ru"
    page = operator.get(f"/runs/{run.pk}/").text
    assert f"пробная привязка b{binding.pk} остановилась на шаге 7: " in page
    assert "billing task.edit: lacks close. Что делать: Форма" in page


def test_a_canary_that_needs_a_decision_stops_the_run(
    provider: Provider, workers: Workers, settings: Settings
) -> None:
    """BILLmanager has said that the task is closed, and the service never becomes active."""
    provider.sandbox.dials(close_delay=3600.0)
    run = provider.start(4)
    binding = Binding.objects.filter(run=run)
    workers.until(lambda: binding.filter(step=7, waiting_for="readback").exists())
    ledger = members.Ledger(canary := list(binding.filter(step=7)))
    verdict = Ambiguous("close_unknown", verbatim("the service is not active"), {})
    workers.until(lambda: _undecide(ledger, canary[0], verdict))
    run.refresh_from_db()
    assert run.state == "paused"
    assert str(run.why).startswith(
        f"canary b{canary[0].pk} stopped at step 7: It is not known whether"
    )
    assert charged(provider) == 1


def _undecide(ledger: members.Ledger, binding: Binding, verdict: Any) -> bool:
    """What the window's driver does once the time is over in which the panel may do it."""
    binding.refresh_from_db()
    ledger.undecided(binding, 7, verdict)
    return bool(ledger.write())


def test_canaries_that_fail_for_causes_of_their_own_are_followed_by_others_but_not_for_ever(
    provider: Provider, workers: Workers
) -> None:
    """Wrong passwords, seen before anything is ordered: the third one in a row is enough."""
    rows = provider.csv(provider.accounts[:6], password="certainly wrong")
    run = workers.finish(provider.start(rows=rows))
    assert run.state == "paused"
    assert len(stopped(run)) == circuit_breaker.MAX_CANARIES
    assert str(run.why).startswith("3 canaries in a row stopped before anything was ordered")
    assert charged(provider) == 0
    assert provider.sandbox.ledger()["switches"] == []


def test_a_canary_that_ends_the_run_leaves_it_finished(
    provider: Provider, workers: Workers
) -> None:
    refuse_closes(provider, times=1)
    run = workers.finish(provider.start(1))
    assert run.state == "finished"
    actions.retry(Binding.objects.filter(run=run), "anna")
    workers.finish(run)
    provider.sound(done=1)
