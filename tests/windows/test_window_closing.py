"""Workers that die at the worst moment, people who stop things, panels that say but do not do.

Nothing is doubled, and no plan stays in manual mode.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

from integrator.bindings import intents
from integrator.bindings.operator import actions
from integrator.bindings.refusal import ActionRefused
from integrator.core import clock
from integrator.maintenance import sweep
from integrator.models import Binding, Intent, Plan, Window
from integrator.models.states import BindingState, Outcome
from integrator.windows import lease
from integrator.windows.phases import orders
from integrator.windows.switching import switches
from panels.billmanager.plans import PlanModule
from tests.services.choice import first_of
from tests.services.provider import only, open_windows, where_everything_is

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrator.bindings.intents import Sent
    from panels.billmanager import BillManager
    from tests.services.provider import Provider, Workers

ORDER = "v2.vhost.order.param"


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the product runs after it."""


class Killer:
    """Kills the worker that carries out the next intent of one kind, before or after sending."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kind: str, *, after: bool) -> None:
        self.kind, self.after = kind, after
        self.struck = threading.Event()
        self._real = intents.carry_out
        monkeypatch.setattr(intents, "carry_out", self._carry_out)

    def _carry_out(self, intent: Intent, call: Callable[[float], Any]) -> Sent[Any]:
        if intent.kind != self.kind or self.struck.is_set():
            return self._real(intent, call)
        if self.after:
            self._real(intent, call)
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


def test_a_task_form_that_is_denied_fails_and_says_so(provider: Provider, workers: Workers) -> None:
    provider.sandbox.faults(
        {"panel": None, "func": "task.edit", "kind": "access", "when": {"sok": None}}
    )
    run = workers.finish(provider.start(1), limit=30)
    failed = only(run=run)
    assert (failed.state, failed.cause) == ("failed", "access")
    provider.sound(done=0)


def test_deciding_on_a_charge_never_orders_again(provider: Provider, workers: Workers) -> None:
    run = workers.finish(provider.start(1))
    done = only(run=run)
    order = Intent.objects.get(binding=done, kind="order")
    for step, cause in ((3, "several_charges"), (3, "wrong_module"), (7, "close_unknown")):
        Binding.objects.filter(pk=done.pk).update(state="undecided", step=step, cause=cause)
        if step == 3:
            with pytest.raises(ActionRefused):
                actions.try_again(done.pk, "anna")
        else:
            actions.try_again(done.pk, "anna")
        order.refresh_from_db()
        assert order.outcome == "done"


class Plans:
    """A plan whose panel answers every switch and follows only some of them."""

    def __init__(self, on: list[int], deaf: set[int]) -> None:
        self.on, self.deaf = on, deaf
        self.calls: list[tuple[int, bool]] = []

    def modules(self, _plan: int) -> list[PlanModule]:
        return [PlanModule(n, f"m{n}", enabled=n in self.on, orderpriority=n) for n in (11, 90)]

    def switch_on(self, _plan: int, module: int, *, send_by: float) -> None:
        assert send_by
        self._switch(module, on=True)

    def switch_off(self, _plan: int, module: int, *, send_by: float) -> None:
        assert send_by
        self._switch(module, on=False)

    def _switch(self, module: int, *, on: bool) -> None:
        self.calls.append((module, on))
        if module not in self.deaf:
            self.on = [
                m for m in (11, 90) if (m == module and on) or (m != module and m in self.on)
            ]


@pytest.fixture
def driver(quick: None) -> lease.Driver:
    now = clock.now()
    plan = Plan.objects.create(remote_id=1, name="Start", seen_at=now)
    window = Window.objects.create(plan=plan, created_at=now, phase_at=now, due_at=now)
    claimed = lease.claim(window.pk)
    assert claimed is not None
    return claimed


def test_nothing_goes_off_before_the_manual_module_is_seen_to_be_on(driver: lease.Driver) -> None:
    plans = Plans([11], deaf={90})
    for _ in range(3):
        assert switches.turn(driver, cast("BillManager", Fake(plans)), 2, [90]) is None
    assert plans.on == [11]
    assert (11, False) not in plans.calls


def test_a_late_switch_off_is_waited_for_before_the_manual_module_goes(
    driver: lease.Driver,
) -> None:
    """A switch that may still land would leave the plan without any module."""
    bm = cast("BillManager", Fake(Plans([11, 90], deaf=set())))
    late = intents.new(
        switches.KIND, 2, 1, {"plan": 1, "module": 11, "on": False}, {}, window=driver.window
    )
    late.save()
    assert switches.turn(driver, bm, 8, [11]) is None
    assert bm.plans.modules(1)[1].enabled
    Intent.objects.update(settles_at=clock.now())
    reading = switches.turn(driver, bm, 8, [11])
    assert reading
    assert reading.enabled == [11]
    assert Intent.objects.get(pk=late.pk).outcome == "nothing"


@dataclass
class Fake:
    plans: Plans


@pytest.mark.parametrize("outcome", ["done", "unknown"])
def test_what_is_just_being_paid_is_not_paid_again(outcome: str, quick: None) -> None:
    order = intents.new("order", 3, 1, {}, {"service": 0, "expense": 0})
    order.outcome, order.outcome_at = Outcome(outcome), clock.now()
    assert orders._may_still_be_paid(order, None) is not None
    order.outcome_at = order.settles_at = clock.now() - intents.listed_within()
    assert orders._may_still_be_paid(order, None) is None


def test_a_binding_left_in_a_closed_window_goes_on(provider: Provider, workers: Workers) -> None:
    run = workers.finish(provider.start(1))
    closed = Window.objects.latest("pk")
    again = Binding.objects.filter(run=run)
    again.update(state="waiting", step=6, waiting_for="tasks", window=closed, due_at=None)
    workers.until(lambda: only(run=run).state == BindingState.DONE)
    workers.until(lambda: not open_windows())
    provider.sound(done=1)
