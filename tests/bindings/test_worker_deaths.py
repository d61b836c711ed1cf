"""What ends its worker each time is given up, loudly, and holds up nobody else.

The workers here are threads that die of an exception nothing catches; processes that are really
killed are in tests/chaos.
"""

from __future__ import annotations

import datetime as dt
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DataError

from integrator.bindings import leases, transitions
from integrator.bindings.operator import actions
from integrator.bindings.work import dispatch, preparation, task_close, worker_deaths
from integrator.core import clock
from integrator.maintenance import sweep
from integrator.models import Binding, Canary, Event, Intent, Step, Window
from integrator.models.states import BindingState, Phase
from integrator.windows import driver, lease
from integrator.windows.phases import opening, tasks
from integrator.windows.post_checks import plan_recheck, post_checks
from tests import factories
from tests.services.provider import only, open_windows, where_everything_is

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database

MOST = 3
ORDERING = transitions.Ready(lambda run: Binding.objects.filter(run=run))


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the product runs after it."""


@pytest.fixture(autouse=True)
def soon(quick: None, settings: Settings) -> None:
    settings.MAX_ATTEMPTS, settings.LEASE_SECONDS = MOST, 1.0


def mortal(workers: Workers, over: Callable[[], bool], limit: float = 60.0) -> int:
    """Sweep until ``over``, though workers die; how many did."""
    pause = threading.Event()
    died = 0
    deadline = clock.monotonic() + limit
    ended = False
    while not ended:
        ended = over()  # first: who died before that is counted below
        dead = [error for error in workers.errors if isinstance(error, Killed | DataError)]
        died += len(dead)
        workers.errors[:] = [error for error in workers.errors if error not in dead]
        assert not workers.errors
        assert clock.monotonic() < deadline, where_everything_is()
        if not ended:
            sweep.sweep()
            pause.wait(0.05)
    return died


def is_over(run_id: int) -> bool:
    going = Binding.objects.filter(run=run_id, state__in=["queued", "running", "waiting"])
    return not going.exists() and not open_windows()


def deadly(monkeypatch: pytest.MonkeyPatch, victim: Callable[[Binding], bool], error: Any) -> None:
    """Step 7 of the victim ends its worker, each time."""

    def job(claimed: transitions.Claim, bm: Any) -> None:
        if victim(claimed.binding):
            raise error
        task_close.work(claimed, bm)

    monkeypatch.setitem(dispatch.JOBS, Phase.TASKS, job)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Killed(), "3 workers died while they were at it"),
        (DataError("secret-row"), "3 tries ended in an error of the database (DataError)"),
    ],
)
def test_a_binding_over_which_each_worker_dies_fails_and_its_window_goes_on_without_it(
    provider: Provider,
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    text: str,
) -> None:
    workers.finish(provider.start(1))
    alike = [a for a in provider.accounts[1:] if a["plan"] == provider.accounts[1]["plan"]]
    victim = alike[-1]["username"]
    deadly(monkeypatch, lambda binding: binding.account.username == victim, error)
    run = provider.start(rows=provider.csv(alike))
    windows = Window.objects.count()
    died = mortal(workers, lambda: is_over(run.pk))
    poison = only(run=run, account__username=victim)
    assert (poison.state, poison.cause) == ("failed", worker_deaths.CAUSE)
    assert (poison.step, poison.cause_text, poison.window_id) == (7, text, None)
    assert Step.objects.get(binding=poison, number=7).cause == worker_deaths.CAUSE
    assert "secret-row" not in str(list(Event.objects.values_list("why")))
    assert died == MOST
    others = Binding.objects.filter(run=run).exclude(pk=poison.pk)
    assert set(others.values_list("state", flat=True)) == {"done"}
    # The canary's window, that of all others, and none for the one alone.
    assert Window.objects.count() == windows + 1
    run.refresh_from_db()
    assert run.state == "finished"

    monkeypatch.undo()
    actions.retry(Binding.objects.filter(pk=poison.pk), "anna")
    workers.finish(run)
    poison.refresh_from_db()
    assert (poison.state, poison.deaths) == ("done", 0)
    provider.sound()


def test_a_canary_over_which_each_worker_dies_stops_the_run(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly(monkeypatch, lambda _binding: True, Killed())
    run = provider.start(5)
    mortal(workers, lambda: only_paused(run.pk))
    run.refresh_from_db()
    assert "Workers died over it. 3 workers died while they were at it" in run.why
    assert len(provider.sandbox.ledger()["charges"]) == 1


def only_paused(run_id: int) -> bool:
    return Binding.objects.filter(run=run_id, run__state="paused").exists() and not open_windows()


@pytest.mark.parametrize(
    ("kind", "step", "cause"),
    [("order", 3, "order_unknown"), ("pay_line", 4, "payment_unknown"),
     ("credit", 3, "payment_unknown"), ("close", 7, "close_unknown")],
)  # fmt: skip
def test_what_is_not_known_when_a_worker_dies_again_is_for_a_person(
    db: None, kind: str, step: int, cause: str
) -> None:
    factories.billmanager()
    past = clock.now() - dt.timedelta(seconds=1)
    window = factories.window("orders", due_at=None)
    left = {"lease_token": "gone-1", "lease_expires_at": past, "deaths": MOST - 1}
    binding = factories.binding("running", step, window=window, in_lane=True, **left)
    Intent.objects.create(
        binding=binding, step=step, attempt=1, kind=kind, digest="d", at=past, send_by=past,
        settles_at=past, before={"request": {"func": kind}},
    )  # fmt: skip
    assert sweep.take_back_leases() == 1
    binding.refresh_from_db()
    assert (binding.state, binding.cause) == ("undecided", cause)
    assert binding.cause_text == f"{MOST} workers died while they were at it"
    assert (binding.window_id, binding.in_lane, binding.lease_token) == (window.pk, True, "")
    assert Step.objects.get(binding=binding, number=step).evidence == {"request": {"func": kind}}
    if kind != "order":
        return
    actions.try_again(binding.pk, "anna")
    binding.refresh_from_db()
    assert (binding.state, binding.deaths) == ("queued", 0)


def test_one_death_is_normal_and_forgotten_once_the_binding_gets_on(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives: dict[int, int] = {}

    def dies_twice_at_each_step(binding: Binding) -> bool:
        lives[binding.pk] = lives.get(binding.pk, 0) + 1
        return lives[binding.pk] < MOST

    deadly(monkeypatch, dies_twice_at_each_step, Killed())
    run = provider.start(1)
    mortal(workers, lambda: is_over(run.pk))
    binding = only()
    assert (binding.state, binding.deaths) == ("done", 0)
    assert lives[binding.pk] == MOST
    provider.sound(done=1)


def test_preparing_that_ends_each_worker_fails_before_anything_is_ordered(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = preparation.work
    victim = provider.accounts[0]["username"]

    def job(claimed: transitions.Claim) -> None:
        if claimed.binding.account.username == victim:
            raise Killed
        real(claimed)

    monkeypatch.setattr(preparation, "work", job)
    run = provider.start(3, check_passwords=True)
    assert mortal(workers, lambda: is_over(run.pk)) == MOST
    assert only(run=run, account__username=victim).cause == worker_deaths.CAUSE
    assert Binding.objects.filter(run=run, state="done").count() == 2


def test_one_over_which_a_worker_died_is_claimed_alone_and_after_all_others(
    provider: Provider,
) -> None:
    run = provider.start(6)
    bindings = Binding.objects.filter(run=run)
    bindings.update(due_at=clock.now(), deaths=1)
    innocent = bindings.order_by("pk").last()
    assert innocent is not None
    bindings.filter(pk=innocent.pk).update(deaths=0)
    claimed = transitions.claim(ORDERING, run=run.pk, most=4)
    assert [one.binding.pk for one in claimed] == [innocent.pk]
    claimed += transitions.claim(ORDERING, run=run.pk, most=4)
    assert len(claimed) == 2
    assert transitions.claim(ORDERING, run=run.pk, most=4) == []
    suspect = claimed[1]
    transitions.give_back([suspect])
    assert len(transitions.claim(ORDERING, run=run.pk, most=4)) == 1
    for one in claimed:
        leases.let_go(one.token)


# -- windows -----------------------------------------------------------------------------------
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
    mortal(workers, lambda: Window.objects.filter(held=True).exists())
    window = Window.objects.get()
    assert window.cause == "3 workers died while they drove this window"
    assert Event.objects.filter(window=window, to_state="held", why=window.cause).exists()
    assert window.due_at is not None
    assert window.due_at > clock.now() + driver.REST - dt.timedelta(minutes=1)
    assert mortal(workers, lambda: Window.objects.get().due_at is not None) == 0

    # Tried once more when the rest is over, and then left alone again.
    Window.objects.update(due_at=clock.now())
    assert mortal(workers, lambda: Window.objects.get().deaths > MOST) == 1
    mortal(workers, lambda: Window.objects.get().due_at is not None)

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
    assert mortal(workers, lambda: only_paused(run.pk)) == MOST
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
    mortal(workers, lambda: Window.objects.filter(held=True).exists(), limit=60)
    assert Window.objects.get().deaths == MOST


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
    monkeypatch.setattr(plan_recheck, "_read_plan", lambda _window: None)
    for _ in range(MOST):
        with pytest.raises(Killed):
            plan_recheck.look(window.pk)
    plan_recheck.look(window.pk)
    window.refresh_from_db()
    why = f"what came of window {window} could not be compared: {MOST} workers died while they"
    assert window.alarm.startswith(why)
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
