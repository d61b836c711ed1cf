"""The one clock: the database's, and what is known of it where it was set ahead or back."""

from __future__ import annotations

import datetime as dt

import pytest

from integrator.bindings import intents
from integrator.core import clock
from integrator.core.clock import Clock
from integrator.models.states import Outcome
from tests import factories
from tests.services.effects import ORDER

NOON = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


class Times:
    """Real time that passes, and a database's clock that is ``ahead`` of it, in seconds."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.passed = 0.0
        self.ahead = 0.0
        self.answers_after = 0.0
        self.clock = Clock()
        patch.setattr("integrator.core.clock.time.monotonic", lambda: self.passed)
        patch.setattr(clock, "_database_time", self._asked)

    def _asked(self) -> dt.datetime:
        self.passed += self.answers_after
        return NOON + (self.passed + self.ahead) * SECOND

    def after(self, seconds: float) -> dt.datetime:
        """The time that the clock tells after so many seconds."""
        self.passed += seconds
        return self.clock.now()


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Times:
    """Times that a test sets."""
    return Times(monkeypatch)


@pytest.mark.parametrize(
    ("back", "told"),
    [
        (dt.timedelta(milliseconds=40), NOON),
        (dt.timedelta(minutes=5), NOON - dt.timedelta(minutes=5)),
        (-dt.timedelta(minutes=5), NOON + dt.timedelta(minutes=5)),
    ],
)
def test_it_goes_back_only_where_the_database_was_put_back(
    monkeypatch: pytest.MonkeyPatch, back: dt.timedelta, told: dt.datetime
) -> None:
    readings = iter([NOON, NOON - back])
    monkeypatch.setattr(clock, "_database_time", lambda: next(readings))
    monkeypatch.setattr(clock, "RESYNC_SECONDS", 0.0)
    one = clock.Clock()
    assert one.now() == NOON
    assert one.now() == told


def test_a_clock_that_was_set_ahead_is_known_to_have_been(times: Times) -> None:
    before = times.after(0.0)
    assert times.clock.set_ahead(before) == dt.timedelta()
    times.ahead = 1200.0
    after = times.after(clock.RESYNC_SECONDS)
    assert after - before == (1200 + clock.RESYNC_SECONDS) * SECOND
    assert times.clock.set_ahead(before) == 1200 * SECOND
    assert times.clock.set_ahead(after) == dt.timedelta(), "what came later is not concerned"
    times.ahead = 1230.0
    times.after(600.0)
    assert times.clock.set_ahead(before) == 1230 * SECOND
    assert times.clock.set_ahead(after) == 30 * SECOND


def test_time_that_passes_and_slow_answers_and_a_clock_put_back_set_nothing_ahead(
    times: Times,
) -> None:
    before = times.after(0.0)
    times.after(3600.0)
    times.answers_after = 20.0
    times.after(clock.RESYNC_SECONDS)
    times.answers_after = 0.0
    times.after(clock.RESYNC_SECONDS)
    times.ahead = -300.0
    times.after(clock.RESYNC_SECONDS)
    times.ahead = -299.0  # so much do clocks differ
    times.after(clock.RESYNC_SECONDS)
    assert times.clock.set_ahead(before) == dt.timedelta()


def test_the_first_time_that_a_process_reads_tells_nothing(times: Times) -> None:
    times.ahead = 1200.0
    assert times.clock.set_ahead(NOON) == dt.timedelta()
    times.after(0.0)
    assert times.clock.set_ahead(NOON) == dt.timedelta()


@pytest.mark.django_db
def test_an_unanswered_order_is_waited_for_in_real_time(times: Times) -> None:
    """By the clock alone it was absent at once, and ordered again while it was on its way."""
    real = clock.install(times.clock)
    try:
        times.after(0.0)
        order = intents.new(ORDER, 1, binding=factories.binding())
        order.save()
        intents.settle(order, Outcome.UNKNOWN)
        times.ahead = 3600.0
        assert times.after(60.0) > order.settles_at
        assert clock.now() < intents.may_show_until(order)
        assert intents.next_look(order) > clock.now()
        assert times.after(intents.horizon().total_seconds()) >= intents.may_show_until(order)
        intents.settle(order, Outcome.REFUSED)
        assert intents.listed_by(order) == clock.now() + intents.listed_within()
        times.ahead = 7200.0
        assert times.after(clock.RESYNC_SECONDS) < intents.listed_by(order)
    finally:
        clock.install(real)
