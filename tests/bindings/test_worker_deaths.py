"""What ends its worker each time is given up, loudly, and holds up nobody else.

The workers here are threads that die of an exception nothing catches; processes that are really
killed are in tests/chaos.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DataError

from integrator.bindings import claims, leases
from integrator.bindings.operator import actions
from integrator.bindings.work import dispatch, preparation, task_close, worker_deaths
from integrator.core import clock
from integrator.maintenance import sweep
from integrator.models import Binding, Event, Intent, Run, Step, Window
from integrator.models.states import BindingState, Phase
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
    from collections.abc import Callable

    from integrator.bindings.work.side_by_side import Work
    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database


def is_over(run_id: int) -> bool:
    """Whether the run is finished, which is written after its last window has closed."""
    return Run.objects.filter(pk=run_id, state="finished").exists() and not open_windows()


def deadly(monkeypatch: pytest.MonkeyPatch, victim: Callable[[Binding], bool], error: Any) -> None:
    """Step 7 of the victim ends its worker, each time."""

    def job(claimed: claims.Claim, bm: Any) -> Work[None]:
        if victim(claimed.binding):
            raise error
        yield from task_close.work(claimed, bm)

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
    died = sweep_until(workers, lambda: is_over(run.pk))
    poison = only(run=run, account__username=victim)
    assert (poison.state, poison.cause) == ("failed", worker_deaths.CAUSE)
    assert (poison.step, str(poison.cause_text), poison.window_id) == (7, text, None)
    assert Step.objects.get(binding=poison, number=7).cause == worker_deaths.CAUSE
    assert "secret-row" not in str(list(Event.objects.values_list("why")))
    assert died == MAX_DEATHS
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
    sweep_until(workers, lambda: only_paused(run.pk))
    run.refresh_from_db()
    assert "Workers died over it: 3 workers died while they were at it" in str(run.why)
    assert len(provider.sandbox.ledger()["charges"]) == 1


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
    left = {"lease_token": "gone-1", "lease_expires_at": past, "deaths": MAX_DEATHS - 1}
    binding = factories.binding("running", step, window=window, in_lane=True, **left)
    Intent.objects.create(
        binding=binding, step=step, attempt=1, kind=kind, at=past, send_by=past,
        settles_at=past, before={"request": {"func": kind}},
    )  # fmt: skip
    assert sweep.reclaim_leases() == 1
    binding.refresh_from_db()
    assert (binding.state, binding.cause) == ("undecided", cause)
    assert str(binding.cause_text) == f"{MAX_DEATHS} workers died while they were at it"
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
        return lives[binding.pk] < MAX_DEATHS

    deadly(monkeypatch, dies_twice_at_each_step, Killed())
    run = provider.start(1)
    sweep_until(workers, lambda: is_over(run.pk))
    binding = only()
    assert (binding.state, binding.deaths) == ("done", 0)
    assert lives[binding.pk] == MAX_DEATHS
    provider.sound(done=1)


def test_preparing_that_ends_each_worker_fails_before_anything_is_ordered(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = preparation.work
    victim = provider.accounts[0]["username"]

    def job(claimed: claims.Claim) -> None:
        if claimed.binding.account.username == victim:
            raise Killed
        real(claimed)

    monkeypatch.setattr(preparation, "work", job)
    run = provider.start(3, check_passwords=True)
    assert sweep_until(workers, lambda: is_over(run.pk)) == MAX_DEATHS
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
    claimed = claims.claim(bindings, most=4)
    assert [one.binding.pk for one in claimed] == [innocent.pk]
    claimed += claims.claim(bindings, most=4)
    assert len(claimed) == 2
    assert claims.claim(bindings, most=4) == []
    suspect = claimed[1]
    claims.hand_back(suspect, BindingState.WAITING, due_at=clock.now())
    assert len(claims.claim(bindings, most=4)) == 1
    for one in claimed:
        leases.let_go(one.token)
