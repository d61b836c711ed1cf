"""A claim is for what was looked for, and every binding that joins a window is served in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator import clock
from integrator.models import Binding, Window
from integrator.workflow import actions, engine

if TYPE_CHECKING:
    import pytest

    from tests.workflow.provider import Provider, Workers


def test_a_binding_that_went_on_meanwhile_is_not_claimed(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = provider.start(1)
    Binding.objects.filter(run=run).update(due_at=clock.now())

    def another_worker_moves_it_on(_rows: list[object]) -> None:
        Binding.objects.filter(run=run).update(step=7)
        engine.wake(Binding.objects.filter(run=run))

    monkeypatch.setattr("random.shuffle", another_worker_moves_it_on)
    assert engine.claim(Binding.objects.filter(run=run, step__in=(3, 4)), lane=True) is None
    assert engine.claim(Binding.objects.filter(run=run, step__in=(3, 4)), lane=True) is None
    monkeypatch.undo()
    claimed = engine.claim(Binding.objects.filter(run=run, step=7))
    assert claimed is not None
    engine.let_go(claimed.token)


def test_a_step_7_that_failed_is_retried_in_one_more_window(
    provider: Provider, workers: Workers
) -> None:
    run = provider.start(1)
    provider.sandbox.faults(
        {
            "panel": None,
            "func": "task.edit",
            "kind": "refused",
            "times": 1,
            "when": {"clicked_button": "close"},
        }
    )
    workers.finish(run)
    failed = Binding.objects.get(run=run)
    assert (failed.state, failed.step) == ("failed", 7)
    windows = Window.objects.count()
    actions.retry(Binding.objects.filter(pk=failed.pk), "anna")
    workers.finish(run)
    provider.sound(done=1)
    assert Window.objects.count() == windows + 1
