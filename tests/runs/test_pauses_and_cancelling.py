"""Runs that are paused or cancelled: what still happens, what does not, and what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings.operator import actions
from integrator.core.errors import ActionRefused
from integrator.messages.message import verbatim
from integrator.models import Binding, Event, Run, Window
from integrator.runs import endings, run_state
from integrator.steps.verdicts import Proven
from integrator.windows import members
from integrator.windows.phases import charges
from integrator.windows.post_checks import post_checks
from tests import factories
from tests.services.provider import only

if TYPE_CHECKING:
    from tests.services.provider import Provider, Workers


def test_pausing_lets_nothing_new_begin(provider: Provider, workers: Workers) -> None:
    run = provider.start(8)
    workers.until(lambda: Binding.objects.filter(state="done").exists())
    actions.pause(run.pk, "anna", verbatim("lunch"))
    workers.until(lambda: not Window.objects.exclude(phase="closed").exists())
    orders = len(provider.sandbox.ledger()["orders"])
    done = Binding.objects.filter(state="done").count()
    assert orders == done
    assert done < 8
    provider.sound(done=done)
    actions.resume(run.pk, "anna")
    workers.finish(run)
    provider.sound(done=8)
    assert Event.objects.filter(subject="run", actor="anna", to_state="paused").exists()


def test_cancelling_frees_what_was_not_ordered(provider: Provider, workers: Workers) -> None:
    run = provider.start(8)
    workers.until(lambda: Binding.objects.filter(state="done").exists())
    actions.cancel(run.pk, "anna", verbatim("wrong plan"))
    workers.until(
        lambda: (
            not Window.objects.exclude(phase="closed").exists()
            and not Binding.objects.filter(state__in=["queued", "running", "waiting"]).exists()
        )
    )
    provider.sound()
    for binding in Binding.objects.filter(run=run, state="cancelled"):
        assert binding.reserved == (binding.service_id is not None)
        assert binding.password == ""


def test_cancelling_a_finished_run_frees_what_failed_in_it(
    provider: Provider, workers: Workers
) -> None:
    account = provider.accounts[0]
    run = workers.finish(provider.start_without_passwords(workers))
    assert only(run=run).state == "failed"
    actions.cancel(run.pk, "anna")
    cancelled = only(run=run)
    assert (cancelled.state, cancelled.reserved) == ("cancelled", False)
    with pytest.raises(ActionRefused):
        actions.cancel(run.pk, "anna")
    again = workers.finish(provider.start(rows=provider.csv([account])))
    assert only(run=again).state == "done"


def test_cancelling_says_what_it_means_before_and_after(
    provider: Provider, workers: Workers
) -> None:
    run = provider.start(8)
    workers.until(lambda: Binding.objects.filter(state="done").exists())
    before = endings.of_cancelling(run)
    assert before.free + before.credited + before.reserved + before.done == 8
    actions.cancel(run.pk, "anna")
    workers.until(
        lambda: not Binding.objects.filter(state__in=["queued", "running", "waiting"]).exists()
    )
    after = endings.of_cancelling(run)
    reserved = Binding.objects.filter(run=run, state="cancelled", reserved=True).count()
    assert after.reserved == reserved
    assert after.done == Binding.objects.filter(run=run, state="done").count()
    assert after.free == 8 - after.reserved - after.done
    assert after.sentences()


def test_cancelling_a_run_that_is_paused_at_that_moment_says_so(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = factories.run()
    binding = factories.binding(run=run)
    real = run_state.change

    def meanwhile(run: Any, *args: Any, **kwargs: Any) -> bool:
        type(run).objects.filter(pk=run.pk).update(state="paused")
        return real(run, *args, **kwargs)

    monkeypatch.setattr(run_state, "change", meanwhile)
    with pytest.raises(ActionRefused):
        actions.cancel(run.pk, "anna")
    binding.refresh_from_db()
    assert binding.state == "queued"


def test_a_run_that_is_paused_by_what_is_seen_before_a_window_switches_nothing(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = post_checks.before

    def alarming(window: Window, bm: Any) -> dict[str, str]:
        found = real(window, bm)
        for run in Run.objects.filter(bindings__window=window):
            run_state.pause(run.pk, verbatim("a new user is ours"))
        return found

    monkeypatch.setattr(post_checks, "before", alarming)
    run = workers.finish(provider.start(3))
    assert (run.state, str(run.why)) == ("paused", "a new user is ours")
    assert provider.sandbox.ledger()["switches"] == []
    assert Window.objects.get().phase == "closed"
    binding = Binding.objects.filter(run=run).order_by("-state_at").first()
    assert binding is not None
    assert (binding.state, binding.window_id, binding.in_lane) == ("waiting", None, False)
    monkeypatch.undo()
    actions.resume(run.pk, "anna")
    workers.finish(run)
    provider.sound(done=3)


def test_a_pause_is_not_lost_to_whoever_resumes_at_the_same_moment(db: None) -> None:
    run = factories.run()
    binding = factories.binding(run=run)
    binding.run = Run(pk=run.pk, state="paused", preview=run.preview)  # as it was a moment ago
    charge = {"differs": True, "amount": "12.00", "expected": "10.00"}
    ledger = members.Ledger([binding])
    ledger.waits(binding, members.TASKS)
    charges.compare_with_preview(binding, Proven(charge), ledger)
    ledger.write()
    run.refresh_from_db()
    assert (run.state, str(run.why)) == ("paused", f"b{binding.pk} was charged 12.00, not 10.00")
    assert Event.objects.filter(run=run, to_state="paused").count() == 1
    assert not run_state.pause(run.pk, verbatim("again"))
