"""One thread of a process works on the bindings of a window, and takes up more as it goes."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DataError

from integrator.bindings import claims
from integrator.bindings.claims import Claim
from integrator.bindings.work import attempts, dispatch, side_by_side
from integrator.bindings.work.side_by_side import read
from integrator.core import clock
from integrator.models import Binding, Window
from integrator.models.states import Phase
from integrator.panel_access import transports
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrator.bindings.work.side_by_side import Work
    from integrator.models import Run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("threads")]

PATIENCE = 20.0
"""Seconds after which what should happen meanwhile does not."""


@pytest.fixture
def window(db: None) -> Window:
    """A window whose tasks are closed."""
    factories.billmanager()
    return factories.window(Phase.TASKS)


@pytest.fixture
def run(window: Window) -> Run:
    """The run of its bindings."""
    return factories.run()


def ready(run: Run, window: Window, **fields: Any) -> Binding:
    """A binding whose task is to be closed now."""
    given = {"run": run, "window": window, "plan": window.plan, "due_at": clock.now(), **fields}
    return factories.binding("waiting", step=7, **given)


def works(
    monkeypatch: pytest.MonkeyPatch, calls: Callable[[Binding], Callable[[], object]]
) -> list[int]:
    """Have step 7 of each binding make one call; ids of those that were worked on, in order."""
    begun: list[int] = []

    def job(claimed: Claim, _bm: Any) -> Work[None]:
        begun.append(claimed.binding.pk)
        yield from read(calls(claimed.binding))
        attempts.wait(claimed, "readback", due_at=None)

    monkeypatch.setitem(dispatch.JOBS, Phase.TASKS, job)
    return begun


def serve(window: Window) -> bool:
    return dispatch._serve(window.pk, lambda: False)


def test_what_becomes_ready_is_taken_up_while_a_slow_call_is_under_way(
    window: Window, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, later = ready(run, window), ready(run, window, due_at=None)
    second = threading.Event()

    def call(binding: Binding) -> Callable[[], object]:
        if binding.pk == later.pk:
            return second.set

        def until_the_other() -> None:
            Binding.objects.filter(pk=later.pk).update(due_at=clock.now())
            assert second.wait(PATIENCE)

        return until_the_other

    begun = works(monkeypatch, call)
    assert serve(window)
    assert begun == [slow.pk, later.pk]
    assert not Binding.objects.exclude(waiting_for="readback").exists()


def test_another_thread_of_the_process_leaves_them_to_the_first(
    window: Window, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(run, window)
    answers: list[bool] = []
    works(monkeypatch, lambda _binding: lambda: answers.append(serve(window)))
    assert serve(window)
    assert answers == [False]
    ready(run, window)
    assert serve(window)


def test_a_slow_call_keeps_no_other_thread_from_the_window_once_its_turn_is_over(
    window: Window, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, later = ready(run, window), ready(run, window, due_at=None)
    over = threading.Event()

    def call(binding: Binding) -> Callable[[], object]:
        def make() -> None:
            if binding.pk == slow.pk:
                over.set()
                threading.Event().wait(3 * side_by_side.LOOK)  # in which the turn is given up
                Binding.objects.filter(pk=later.pk).update(due_at=clock.now())
                assert serve(window)

        return make

    begun = works(monkeypatch, call)
    assert dispatch._serve(window.pk, over.is_set)
    assert begun == [slow.pk, later.pk]
    assert not dispatch._served


def test_while_calls_are_slow_more_are_taken_up_than_at_once_but_not_without_end(
    window: Window, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, most = claims.MAX_CLAIMED, dispatch.max_under_way()
    for _ in range(2 * most):
        ready(run, window)
    held: list[int] = []
    full = threading.Event()

    def call(_binding: Binding) -> Callable[[], object]:
        first = len(begun) == 1

        def make() -> None:
            held.append(Binding.objects.filter(state="running").count())
            if len(held) == 2 * at_once:
                threading.Event().wait(3 * side_by_side.LOOK)  # in which more could be taken up
                full.set()
            assert first or full.wait(PATIENCE)

        return make

    begun = works(monkeypatch, call)
    assert serve(window)
    assert len(begun) == 2 * most
    assert at_once < max(held) <= most


def test_one_over_which_a_worker_died_has_nobody_beside_it(
    window: Window, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, suspect = ready(run, window), ready(run, window, deaths=1)
    third = ready(run, window, due_at=None)
    beside: dict[int, list[int]] = {}

    def call(binding: Binding) -> Callable[[], object]:
        def look() -> None:
            if binding.pk == suspect.pk:
                Binding.objects.filter(pk=third.pk).update(due_at=clock.now())
                threading.Event().wait(3 * side_by_side.LOOK)
            running = Binding.objects.filter(state="running").order_by("pk")
            beside[binding.pk] = list(running.values_list("pk", flat=True))

        return look

    begun = works(monkeypatch, call)
    assert serve(window)
    assert begun == [first.pk, suspect.pk, third.pk]
    assert beside == {pk: [pk] for pk in begun}


def test_nothing_more_is_taken_up_once_a_work_has_failed_and_what_is_under_way_ends(
    window: Window, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good, left = (ready(run, window), ready(run, window), ready(run, window, due_at=None))

    def call(binding: Binding) -> Callable[[], object]:
        def make() -> None:
            if binding.pk == bad.pk:
                Binding.objects.filter(pk=left.pk).update(due_at=clock.now())
                raise DataError

        return make

    works(monkeypatch, call)
    with pytest.raises(DataError):
        serve(window)
    assert Binding.objects.get(pk=good.pk).waiting_for == "readback"
    assert Binding.objects.get(pk=left.pk).state == "waiting"


def test_nothing_more_is_taken_up_while_calls_wait_for_a_place(
    window: Window, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither beside others nor after them, until there is room, or the turn is over."""
    first, later = ready(run, window), ready(run, window, due_at=None)
    waited: list[bool] = []

    def no_room(*_asked: object) -> bool:
        waited.append(False)
        return False

    def call(binding: Binding) -> Callable[[], object]:
        def crowd() -> None:
            if binding.pk == first.pk:
                Binding.objects.filter(pk=later.pk).update(due_at=clock.now())
                monkeypatch.setattr(transports.LIMITER, "is_crowded", lambda _rank: True)
                monkeypatch.setattr(transports.LIMITER, "wait_for_room", no_room)

        return crowd

    begun = works(monkeypatch, call)
    assert dispatch._serve(window.pk, lambda: len(waited) > 2)
    assert begun == [first.pk]
    assert len(waited) == 3


def test_a_lease_that_was_lost_and_claimed_again_by_the_same_thread_is_lost(
    window: Window, run: Run
) -> None:
    """Both claims may be written in one transaction; one token does not stand for the other."""
    until = clock.now() + dt.timedelta(seconds=60)
    lost, other = (
        ready(run, window, lease_token="second", lease_expires_at=until) for _ in range(2)
    )
    Binding.objects.update(state="running")
    stale, fresh = Claim(lost, "first"), Claim(other, "second")
    assert list(claims.fenced(stale, fresh)) == [other]
    assert claims.fenced(Claim(lost, "second"), fresh).count() == 2
    assert not claims.fenced().exists()
