"""A busy panel gets fewer calls at a time."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from integrator.bindings.work import dispatch
from integrator.core import clock, heartbeat
from integrator.models import Binding, Panel, PanelSlot
from integrator.models.states import Phase
from integrator.panel_access import adaptive_limit, panel_connections, transports
from integrator.panel_access.parallel_limit import DatabaseLimiter
from panels.coremanager.errors import PanelError
from tests import factories
from tests.services.waits import eventually

if TYPE_CHECKING:
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
    transactional_db: None,
) -> None:
    """Else what it declares would wait so long that it may not be sent any more."""
    limiter = DatabaseLimiter(lambda _panel: 1)
    window = factories.window(Phase.TASKS)
    ready = factories.binding("waiting", step=7, window=window, due_at=clock.now())
    done = threading.Event()

    def wait() -> None:
        with limiter.slot("billing", PATIENCE):
            done.set()
        connections.close_all()

    waiting = threading.Thread(target=wait)
    with pytest.MonkeyPatch.context() as patch, limiter.slot("billing", PATIENCE):
        patch.setattr(transports, "LIMITER", limiter)
        assert not limiter.is_crowded()
        waiting.start()
        assert eventually(limiter.is_crowded)
        dispatch.look_at_window(window.pk)
        assert Binding.objects.get(pk=ready.pk).state == "waiting"
    assert done.wait(PATIENCE)
    waiting.join()
    assert not limiter.is_crowded()
    limiter.release_all()


def test_a_process_that_ends_gives_its_places_back(transactional_db: None) -> None:
    """A command's place was missing to the workers for a lease time after it had ended."""
    limiter = DatabaseLimiter(lambda _panel: 2)
    with limiter.slot("billing", PATIENCE):
        assert PanelSlot.objects.exclude(holder="").exists()
    heartbeat.stop()  # as at the end of a process
    assert not PanelSlot.objects.exclude(holder="").exists()
