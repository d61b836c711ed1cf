"""The one clock: the database's, which a slow reading of it does not turn back."""

from __future__ import annotations

import datetime as dt

import pytest

from integrator.core import clock

NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


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
