"""Workers that die of an exception that nothing catches, and a sweep that outlives them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import DataError

from integrator.core import clock
from integrator.maintenance import sweep
from integrator.models import Binding
from tests.services.provider import open_windows, where_everything_is

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from tests.services.provider import Workers

MAX_DEATHS = 3
"""``MAX_ATTEMPTS`` of these tests: after so many deaths a binding is given up."""


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the product runs after it."""


@pytest.fixture(autouse=True)
def short_spans(quick: None, settings: Settings) -> None:
    settings.MAX_ATTEMPTS, settings.LEASE_SECONDS = MAX_DEATHS, 1.0


def sweep_until(workers: Workers, over: Callable[[], bool], limit: float = 60.0) -> int:
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


def only_paused(run_id: int) -> bool:
    return Binding.objects.filter(run=run_id, run__state="paused").exists() and not open_windows()
