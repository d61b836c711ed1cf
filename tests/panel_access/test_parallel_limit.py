"""A busy panel gets fewer calls at a time."""

from __future__ import annotations

import datetime as dt
import math
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from integrator.bindings.work import dispatch
from integrator.core import clock, heartbeat
from integrator.models import Binding, Panel, PanelSlot, WorkerProcess
from integrator.models.states import Phase
from integrator.panel_access import panel_connections, transports
from integrator.panel_access.parallel import adaptive_limit, leased_places, parallel_limit, urgency
from integrator.panel_access.parallel.parallel_limit import DatabaseLimiter
from panels.coremanager.errors import LimitTimeout, PanelError
from tests import factories
from tests.services.waits import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrator.panel_access.parallel.urgency import Rank
    from tests.services.provider import Provider

pytestmark = pytest.mark.any_database

PATIENCE = 20.0


def test_a_busy_panel_gets_fewer_calls_at_a_time_and_recovers(
    provider: Provider,
) -> None:
    provider.sandbox.dials(parallel=1, parallel_over="refuse", latency=150)
    bm = panel_connections.billmanager(Panel.objects.get(pk=provider.panel.pk))
    refused: list[PanelError] = []

    def ask() -> None:
        try:
            bm.modules.all()
        except PanelError as error:
            refused.append(error)
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert refused
    panel = Panel.objects.get(pk=provider.panel.pk)
    assert panel.pace == panel.max_parallel // 2
    assert "503" in str(panel.pace_why)
    assert adaptive_limit.limit(panel.name) == panel.pace
    Panel.objects.filter(pk=panel.pk).update(
        pace_at=clock.now() - adaptive_limit.RECOVERY_INTERVAL - dt.timedelta(1)
    )
    adaptive_limit.recover()
    assert adaptive_limit.limit(panel.name) == panel.max_parallel // 2 + 1
    for _ in range(panel.max_parallel):
        Panel.objects.filter(pk=panel.pk).update(pace_at=clock.now() - dt.timedelta(minutes=1))
        adaptive_limit.recover()
    healed = Panel.objects.get(pk=panel.pk)
    assert healed.pace is None
    assert str(healed.pace_why) == ""
    assert adaptive_limit.limit(panel.name) == panel.max_parallel


def test_a_process_whose_calls_wait_for_places_takes_up_nothing_more(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what it declares would wait so long that it may not be sent any more."""
    limiter = DatabaseLimiter(lambda _panel: 1)
    monkeypatch.setattr(transports, "LIMITER", limiter)
    window = factories.window(Phase.TASKS)
    ready = factories.binding("waiting", step=7, window=window, due_at=clock.now())
    looks: list[int] = []

    def is_over() -> bool:
        looks.append(1)
        return len(looks) > 3

    with limiter.slot("billing", PATIENCE):
        assert not limiter.is_crowded(urgency.FIRST)
        waiting = Waiting(limiter)
        assert eventually(lambda: limiter.is_crowded(urgency.FIRST))
        dispatch.look_at_window(window.pk, stop=is_over)
        assert Binding.objects.get(pk=ready.pk).state == "waiting"
    waiting.join()
    assert not limiter.is_crowded(urgency.FIRST)
    assert limiter.wait_for_room(urgency.FIRST, PATIENCE)
    limiter.release_all()


class Waiting(threading.Thread):
    """Waits for a place with a call of this rank, and writes down when it has had it."""

    def __init__(
        self, limiter: DatabaseLimiter, rank: Rank = urgency.FIRST, had: list[Rank] | None = None
    ) -> None:
        super().__init__()
        self.limiter = limiter
        self.rank = rank
        self.had = [] if had is None else had
        self.start()

    def run(self) -> None:
        with urgency.ranked(self.rank), self.limiter.slot("billing", PATIENCE):
            self.had.append(self.rank)
        connections.close_all()


def test_orders_go_before_tasks_and_the_older_window_before_the_younger(
    transactional_db: None,
) -> None:
    limiter = DatabaseLimiter(lambda _panel: 1)
    orders, tasks = (
        [urgency.of_bindings(phase, window) for window in (3, 8)]
        for phase in (Phase.ORDERS, Phase.TASKS)
    )
    had: list[Rank] = []
    with limiter.slot("billing", PATIENCE):
        waiting = []
        for count, rank in enumerate((tasks[1], orders[1], tasks[0], urgency.FIRST, orders[0])):
            waiting.append(Waiting(limiter, rank, had))
            assert eventually(lambda n=count: limiter._pool("billing").waiting == n + 1)  # type: ignore[misc]
        assert limiter.is_crowded(urgency.FIRST)
    for thread in waiting:
        thread.join()
    assert had == [urgency.FIRST, *orders, *tasks]
    limiter.release_all()


def test_more_that_goes_first_is_taken_up_beside_what_waits_behind_it(
    transactional_db: None,
) -> None:
    limiter = DatabaseLimiter(lambda _panel: 1)
    older, younger = (urgency.of_bindings(Phase.TASKS, window) for window in (3, 8))
    with limiter.slot("billing", PATIENCE):
        waiting = Waiting(limiter, older)
        assert eventually(lambda: limiter.is_crowded(older))
        assert limiter.is_crowded(younger)
        assert not limiter.is_crowded(urgency.of_bindings(Phase.ORDERS, 8))
        assert not limiter.wait_for_room(younger, 0.05)
    waiting.join()
    limiter.release_all()


def test_who_has_waited_for_long_gives_way_no_longer(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel_limit, "PATIENCE", 0.2)
    limiter = DatabaseLimiter(lambda _panel: 1)
    had: list[Rank] = []
    tasks = urgency.of_bindings(Phase.TASKS, 3)
    pool = limiter._pool("billing")
    with limiter.slot("billing", PATIENCE):
        patient = Waiting(limiter, tasks, had)
        assert eventually(lambda: pool.waiting == 1)
        # Somebody who goes first waits all the time, and never takes what becomes free.
        hurried = pool.waits(urgency.FIRST)
        with pool.lock:
            hurried.__enter__()
    patient.join(PATIENCE)
    assert had == [tasks]
    with pool.lock:
        hurried.__exit__(None, None, None)
    limiter.release_all()


class OtherProcess:
    """Acts as another process does, which has a row and places of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.limiter = DatabaseLimiter(lambda _panel: 4)
        now = clock.now()
        for token in ("other", heartbeat.process_token()):
            WorkerProcess.objects.create(
                token=token, role="worker", host="here", pid=1, started_at=now, seen_at=now
            )

    @contextmanager
    def acting(self) -> Iterator[DatabaseLimiter]:
        with self._patch.context() as patch:
            patch.setattr(heartbeat, "process_token", lambda: "other")
            yield self.limiter

    def call(self, patience: float) -> None:
        with self.acting() as limiter, limiter.slot("billing", patience):
            pass


def test_a_process_gives_up_what_is_above_its_share_as_soon_as_another_waits(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that had all places kept them as long as it had calls of its own to make."""
    monkeypatch.setattr(heartbeat, "add_duty", lambda *_duty, **_how: None)
    ours = DatabaseLimiter(lambda _panel: 4)
    other = OtherProcess(monkeypatch)
    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(ours.slot("billing", PATIENCE))
        with pytest.raises(LimitTimeout):
            other.call(0.01)
        with other.acting() as limiter:
            limiter.exchange()
        ours.exchange()
        waiting = Waiting(ours)
        assert eventually(lambda: ours._pool("billing").waiting == 1)
    # Our own call that waits has one of those two that we may keep.
    waiting.join()
    ours.exchange()
    assert PanelSlot.objects.filter(holder=heartbeat.process_token()).count() == 2
    other.call(PATIENCE)
    # Nobody wants more any longer: what is needed is taken again.
    monkeypatch.setattr(parallel_limit, "WANTING_SECONDS", 0.0)
    with other.acting() as limiter:
        limiter.exchange()
    ours.exchange()
    assert ours._pool("billing").keep == math.inf
    ours.release_all()


def test_a_process_that_has_died_wants_nothing_for_long(transactional_db: None) -> None:
    """Else others had half of their places for a lease time after a worker was killed."""
    now = clock.now()
    dead = WorkerProcess.objects.create(
        token="dead", role="worker", host="here", pid=1, started_at=now, seen_at=now
    )
    for ago, wanting in ((0.0, 1), (leased_places.WANTED_FOR + 1, 0)):
        dead.wants = {"billing": now.timestamp() - ago}
        dead.save()
        assert leased_places.wanting()["billing"] == wanting


def test_a_process_that_ends_gives_its_places_back(transactional_db: None) -> None:
    """A command's place was missing to the workers for a lease time after it had ended."""
    limiter = DatabaseLimiter(lambda _panel: 2)
    with limiter.slot("billing", PATIENCE):
        assert PanelSlot.objects.exclude(holder="").exists()
    heartbeat.stop()  # as at the end of a process
    assert not PanelSlot.objects.exclude(holder="").exists()
