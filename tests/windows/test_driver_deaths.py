"""A window whose drivers die one after another is held loudly, and tried again later."""

from __future__ import annotations

import datetime as dt
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DataError

from integrator.bindings import leases
from integrator.bindings.operator import actions
from integrator.bindings.work import worker_deaths
from integrator.core import clock
from integrator.maintenance import sweep
from integrator.models import Binding, Canary, Event, Window
from integrator.models.states import BindingState
from integrator.windows import failures, lease
from integrator.windows.phases import opening, tasks
from integrator.windows.post_checks import closed_window, post_checks
from tests import factories
from tests.services.killed_workers import (
    MAX_DEATHS,
    Killed,
    only_paused,
    short_spans,  # noqa: F401 - a fixture for each test
    sweep_until,
)
from tests.services.provider import only, open_windows

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database


def kills(*_: Any) -> Any:
    raise Killed


@pytest.fixture
def leases_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who dies gives nothing back."""
    real = lease.release

    def release(window: lease.Driver) -> None:
        if isinstance(sys.exc_info()[1], Killed):
            leases.let_go(window.token)
        else:
            real(window)

    monkeypatch.setattr(lease, "release", release)


def test_a_window_whose_driver_dies_each_time_is_held_and_tried_again_later(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch, leases_left: None
) -> None:
    monkeypatch.setattr(tasks, "drive", kills)
    run = provider.start(1)
    sweep_until(workers, lambda: Window.objects.filter(held=True).exists())
    window = Window.objects.get()
    assert str(window.cause) == "3 workers died while they drove this window"
    assert Event.objects.filter(window=window, to_state="held", why=window.cause).exists()
    assert window.due_at is not None
    assert window.due_at > clock.now() + failures.REST_AFTER_DEATHS - dt.timedelta(minutes=1)
    assert sweep_until(workers, lambda: Window.objects.get().due_at is not None) == 0

    # Tried once more when the rest is over, and then left alone again.
    Window.objects.update(due_at=clock.now())
    assert sweep_until(workers, lambda: Window.objects.get().deaths > MAX_DEATHS) == 1
    sweep_until(workers, lambda: Window.objects.get().due_at is not None)

    monkeypatch.undo()
    actions.keep_waiting(window.pk, "anna")
    workers.finish(run)
    workers.until(lambda: not open_windows())
    if only().state != "done":
        workers.finish(run)
    provider.sound()


def test_a_window_that_has_touched_nothing_fails_its_members_instead(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch, leases_left: None
) -> None:
    monkeypatch.setattr(opening, "drive", kills)
    run = provider.start(5)
    assert sweep_until(workers, lambda: only_paused(run.pk)) == MAX_DEATHS
    (failed,) = Binding.objects.filter(run=run, state="failed")
    assert failed.cause == worker_deaths.CAUSE
    assert provider.sandbox.ledger()["switches"] == []
    assert Window.objects.count() == 1


def test_a_database_error_in_a_window_is_counted_and_not_waited_out(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.LEASE_SECONDS = 60.0

    def refused(*_: Any) -> Any:
        raise DataError("value too long")

    monkeypatch.setattr(tasks, "drive", refused)
    provider.start(1)
    sweep_until(workers, lambda: Window.objects.filter(held=True).exists(), limit=60)
    assert Window.objects.get().deaths == MAX_DEATHS


def test_an_error_that_nobody_foresaw_does_not_open_the_same_window_for_ever(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "drive", lambda *_: 1 / 0)
    run = provider.start(1)
    pause = threading.Event()
    while not Binding.objects.filter(run=run, state="failed").exists():
        workers.errors[:] = [e for e in workers.errors if not isinstance(e, ZeroDivisionError)]
        assert not workers.errors
        sweep.sweep()
        pause.wait(0.05)
    assert only().cause == "internal"
    workers.errors[:] = [e for e in workers.errors if not isinstance(e, ZeroDivisionError)]


def test_looking_at_a_closed_window_that_ends_each_worker_raises_the_alarm(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.billmanager()
    window = factories.window("closed", after_at=clock.now(), recheck_at=clock.now())
    bound = factories.done(plan=window.plan)
    other = factories.binding(plan=window.plan, run=bound.run)
    factories.canary(window, bound, state="watched", compared_at=None)
    monkeypatch.setattr(post_checks, "look", kills)
    monkeypatch.setattr(closed_window, "_read_plan", lambda _window: None)
    for _ in range(MAX_DEATHS):
        with pytest.raises(Killed):
            closed_window.look(window.pk)
    closed_window.look(window.pk)
    window.refresh_from_db()
    why = (
        f"the accounts behind window {window} could not be compared: "
        f"{MAX_DEATHS} workers died while they"
    )
    assert str(window.alarm).startswith(why)
    assert (window.after_at, window.recheck_at, window.deaths) == (None, None, 0)
    assert window.compared_at is not None
    canary = Canary.objects.get()
    assert (canary.state, canary.password) == ("unproven", "")
    other.run.refresh_from_db()
    assert (other.run.state, other.state) == ("paused", BindingState.QUEUED)


def test_two_do_not_look_at_a_closed_window_at_once(db: None) -> None:
    window = factories.window("closed", after_at=clock.now())
    first = lease.claim_closed(window.pk)
    assert first is not None
    assert lease.claim_closed(window.pk) is None
    Window.objects.update(lease_expires_at=clock.now() - dt.timedelta(seconds=1))
    again = lease.claim_closed(window.pk)
    assert again is not None
    assert again.window.deaths == 1
    for one in (first, again):
        lease.release(one)
