"""What is told of the time left, over whole runs of the product on simulated time.

Each run is played to its end, so that what was told is compared with what it took in truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from integrator.models import Window
from integrator.models.states import RunState
from integrator.runs import tally, time_left
from tests.services.estimates import is_right
from tests.simulation.calm_run import CalmRun, Setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker

    from integrator.models import Run
    from integrator.runs.estimate import Estimate

EVERY, SELDOM = 20.0, 3600.0
"""Seconds after which it is asked anew at the latest, as a page asks that polls; the latter while
no window is open."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told at a time, and how many cohorts were through by then."""

    at: float
    closed: int
    estimate: Estimate


@pytest.fixture
def own_database(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A simulation makes a database of its own, in memory."""
    with django_db_blocker.unblock():
        yield


def played(setting: Setting) -> tuple[float, list[Told]]:
    """How long the run took, and what was told after each closed window and in between."""
    calm = CalmRun(setting)
    found: list[Told] = []

    def look(run: Run) -> None:
        at = (calm.scheduler.now + calm.scheduler.skew) - run.started_at.timestamp()
        closed = Window.objects.closed().filter(bindings__state="done").distinct().count()
        last = found[-1] if found else None
        pause = EVERY if Window.objects.open().exists() else SELDOM
        anew = last is None or last.closed != closed or at - last.at > pause
        if anew and run.state == RunState.RUNNING:
            found.append(Told(at, closed, time_left.of(run, tally.of(run))))

    run = calm.play(look)
    assert run.finished_at is not None
    return (run.finished_at - run.started_at).total_seconds(), found


def wrong(took: float, found: list[Told]) -> list[str]:
    """Where a figure was wrong by more than a factor of two, or none was told though it could."""
    lines = []
    for told in found:
        left = took - told.at
        silent = told.estimate.longest is None
        if told.closed < 2:  # nothing can be known yet
            right = told.estimate.words == "estimating"
        else:
            right = not silent and is_right(told.estimate, left)
        if not right:
            lines.append(f"{told.closed} closed, {left:.0f} s left: {told.estimate}")
    return lines


SMALL = Setting(accounts=60, clients=54, plans=2, latency=1500, limit=8)


def test_no_figure_of_a_small_run_is_wrong_by_more_than_a_factor_of_two(own_database: None) -> None:
    took, found = played(SMALL)
    assert not wrong(took, found)
    assert took > 200
    assert len([told for told in found if told.estimate.longest]) > 5


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "setting",
    [
        Setting(accounts=30, clients=27, plans=3, latency=2000, limit=8),
        Setting(accounts=150, clients=135, plans=5, latency=1000, limit=4),
        Setting(accounts=250, clients=225, plans=2, latency=1000, limit=8, cohort=20),
        Setting(accounts=300, clients=270, plans=3, latency=20, limit=16),
        Setting(accounts=300, clients=270, plans=2, latency=1000, limit=8),
        Setting(accounts=200, clients=180, plans=1, latency=2000, limit=32),
        Setting(accounts=200, clients=20, plans=2, latency=1000, limit=16),
        Setting(accounts=120, clients=1, plans=2, latency=800, limit=8),
        Setting(accounts=300, clients=270, plans=3, latency=400, limit=8, check_passwords=True),
        # In hours that last: a range that reaches into another night is wrong by a whole day.
        Setting(accounts=100, clients=90, plans=2, latency=1500, limit=4, hours="00:55-01:25"),
        Setting(accounts=1000, clients=900, plans=3, latency=400, limit=8),
    ],
    ids=str,
)
def test_no_figure_is_wrong_by_more_than_a_factor_of_two(
    own_database: None, setting: Setting
) -> None:
    took, found = played(setting)
    assert not wrong(took, found), took
    assert any(told.estimate.longest for told in found)
