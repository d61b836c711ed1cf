"""A window closes whatever its bindings were at, and nothing is doubled."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from integrator.bindings import intents
from integrator.bindings.claims import LeaseLostError
from integrator.bindings.operator import actions
from integrator.core import clock
from integrator.maintenance import sweep
from integrator.models import Binding, Window
from integrator.models.states import BindingState, Outcome
from integrator.windows import lease, members, readings, watchdog
from integrator.windows.phases import orders, restoring
from tests import factories
from tests.services.effects import ORDER
from tests.services.provider import only, open_windows, where_everything_is
from tests.services.slow_cases import first_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from integrator.bindings.intents import Sent
    from integrator.models import Intent
    from integrator.steps.effect import Effect
    from panels.billmanager import BillManager
    from tests.services.provider import Provider, Workers


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the product runs after it."""


class Killer:
    """Kills the worker that carries out the next intent of one kind, before or after sending."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kind: str, *, after: bool) -> None:
        self.kind, self.after = kind, after
        self.struck = threading.Event()
        self._real = intents.carry_out
        monkeypatch.setattr(intents, "carry_out", self._carry_out)

    def _carry_out(self, intent: Intent, effect: Effect[Any]) -> Sent[Any]:
        if intent.kind != self.kind or self.struck.is_set():
            return self._real(intent, effect)
        if self.after:
            self._real(intent, effect)
        self.struck.set()
        raise Killed


def until_killed(workers: Workers) -> None:
    """Sweep until the victim has died; its death is no error of the workers."""
    pause = threading.Event()
    for _ in range(600):
        dead = [error for error in workers.errors if isinstance(error, Killed)]
        if dead:
            workers.errors[:] = [error for error in workers.errors if error not in dead]
            return
        assert not workers.errors
        sweep.sweep()
        pause.wait(0.05)
    raise AssertionError(where_everything_is())


def stop(act: str, run: int, window: int) -> None:
    if act == "restore":
        actions.restore(window, "anna")
    elif act == "cancel":
        actions.cancel(run, "anna")
    else:
        actions.pause(run, "anna")


def cancelled(workers: Workers, *, ordered: bool) -> None:
    workers.until(lambda: only().state == BindingState.CANCELLED, limit=20)
    assert only().reserved == ordered
    assert not only().in_lane


@pytest.mark.parametrize("after", first_of([True, False]))
@pytest.mark.parametrize("act", ["restore", "cancel", "pause"])
def test_a_window_closes_over_an_order_whose_worker_died(
    act: str, after: bool, provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    Killer(monkeypatch, "order", after=after)
    run = provider.start(1)
    until_killed(workers)
    window = Window.objects.exclude(phase="closed").get()
    stop(act, run.pk, window.pk)
    workers.until(lambda: Window.objects.get(pk=window.pk).phase == "closed", limit=30)
    if act == "pause":
        actions.resume(run.pk, "anna")
    if act == "cancel":
        cancelled(workers, ordered=after)
        provider.sound(done=0)
    else:
        workers.finish(run)
        provider.sound(done=1)
    assert len(provider.sandbox.ledger()["orders"]) == (1 if after or act != "cancel" else 0)


@pytest.mark.parametrize("act", first_of(["restore", "cancel"]))
@pytest.mark.parametrize("kind", ["take", "close"])
def test_a_window_closes_over_a_task_whose_worker_died(
    kind: str, act: str, provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    Killer(monkeypatch, kind, after=False)
    run = provider.start(1)
    until_killed(workers)
    window = Window.objects.exclude(phase="closed").get()
    stop(act, run.pk, window.pk)
    workers.until(lambda: Window.objects.get(pk=window.pk).phase == "closed", limit=30)
    if act == "cancel":
        cancelled(workers, ordered=True)
        provider.sound(done=0)
    else:
        workers.finish(run)
        provider.sound(done=1)


@pytest.mark.parametrize("act", first_of(["restore", "cancel", "pause"]))
def test_a_window_closes_over_an_unpaid_order(
    act: str, provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.sandbox.dials(refused_leaves="service")
    run = provider.start(1)
    client = only(run=run).client
    provider.sandbox.act(act="set_balance", client=client.remote_id, balance=0)
    workers.finish(run)
    assert only(run=run).step == 4
    provider.sandbox.act(act="set_balance", client=client.remote_id, balance=10_000_00)
    Killer(monkeypatch, "pay_line", after=False)
    actions.retry(Binding.objects.filter(run=run), "anna")
    until_killed(workers)
    window = Window.objects.exclude(phase="closed").get()
    stop(act, run.pk, window.pk)
    workers.until(lambda: Window.objects.get(pk=window.pk).phase == "closed", limit=30)
    if act == "cancel":
        cancelled(workers, ordered=True)
        return
    if act == "pause":
        actions.resume(run.pk, "anna")
    workers.finish(run)
    provider.sound(done=1)


@pytest.mark.parametrize("kind", first_of(["credit", "set_paid"]))
@pytest.mark.parametrize("act", ["restore", "cancel"])
def test_a_window_closes_over_a_credit_whose_worker_died(
    act: str,
    kind: str,
    provider_with: Callable[..., Provider],
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = provider_with("--balance", "0")
    Killer(monkeypatch, kind, after=True)
    run = provider.start(1, payment="credit", paymethod="1")
    until_killed(workers)
    window = Window.objects.exclude(phase="closed").get()
    stop(act, run.pk, window.pk)
    workers.until(lambda: Window.objects.get(pk=window.pk).phase == "closed", limit=30)
    if act == "cancel":
        cancelled(workers, ordered=False)
    else:
        workers.finish(run)
        provider.sound(done=1)
    assert len(provider.sandbox.ledger()["payments"]) == 1


def test_a_binding_left_in_a_closed_window_goes_on(provider: Provider, workers: Workers) -> None:
    run = workers.finish(provider.start(1))
    closed = Window.objects.latest("pk")
    again = Binding.objects.filter(run=run)
    again.update(state="waiting", step=6, waiting_for="tasks", window=closed, due_at=None)
    workers.until(lambda: only(run=run).state == BindingState.DONE)
    workers.until(lambda: not open_windows())
    provider.sound(done=1)


def test_a_driver_that_lost_its_lease_after_reading_settles_nothing(
    quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settled as never happened, a cancelled binding would free its account for a second order."""
    window = factories.window("orders", due_at=clock.now())
    binding = factories.binding("waiting", window=window, waiting_for="readback")
    order = intents.new(ORDER, 1, binding=binding)
    order.outcome, order.settles_at = Outcome.UNKNOWN, clock.now()
    order.save()
    driver = lease.claim(window.pk)
    assert driver is not None

    def slept(*_args: Any, **_kwargs: Any) -> readings.Reading:
        Window.objects.filter(pk=window.pk).update(lease_token="another's")
        return readings.Reading([], [])

    monkeypatch.setattr(readings, "read", slept)
    with pytest.raises(LeaseLostError):
        orders._read_back(driver, cast("BillManager", None), [binding])
    order.refresh_from_db()
    assert order.outcome == "unknown"


@pytest.mark.parametrize("said", [None, "opened"])
def test_a_window_has_outlived_its_limit_when_that_is_over_and_not_before(
    db: None, settings: Settings, said: str | None
) -> None:
    settings.WINDOW_LIMIT = 60
    for seconds, over in ((50, False), (70, True)):
        ago = clock.now() - dt.timedelta(seconds=seconds)
        window = factories.window(
            opened_at=ago if said is None else ago - dt.timedelta(hours=1),
            watched_since=None if said is None else ago,
        )
        assert watchdog.outlived(window) == over


def test_only_what_waits_for_the_plan_is_done_once_it_is_restored(quick: None) -> None:
    window = factories.window("restoring", due_at=clock.now())
    bound = factories.binding("waiting", 8, window=window, waiting_for=members.RESTORE)
    begun = factories.binding("waiting", 7, window=window, waiting_for=members.READBACK)
    driver = lease.claim(window.pk)
    assert driver is not None
    restoring.finish(driver)
    states = dict(Binding.objects.values_list("pk", "state"))
    assert (states[bound.pk], states[begun.pk]) == ("done", "waiting")
