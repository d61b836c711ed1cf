"""Times in the person's own time zone; what the product works with stays in UTC."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from integrator.core import clock
from integrator.runs import run_state
from tests import factories
from tests.services.page_text import text_of

if TYPE_CHECKING:
    from django.test import Client

    from integrator.models import Run

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


def working_in(hours: str) -> Run:
    preview = factories.preview()
    preview.hours = hours
    preview.save()
    return factories.run(total=1, preview=preview)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("", "03/02/2026 noon"),
        ("Asia/Kolkata", "03/02/2026 5:30 p.m."),
        ("America/New_York", "03/02/2026 7 a.m."),
        ("Nowhere/Land", "03/02/2026 noon"),
        ("../../etc/passwd", "03/02/2026 noon"),
        ("x" * 5000, "03/02/2026 noon"),
    ],
)
def test_times_are_shown_as_the_browser_has_them(viewer: Client, zone: str, shown: str) -> None:
    run = factories.run(total=1)
    factories.binding("done", 8, run=run, done_at=NOON)
    viewer.cookies["timezone"] = zone
    text = text_of(viewer.get(f"/runs/{run.pk}/report/").text)
    assert shown in text


def test_zones_are_known_where_the_system_knows_none() -> None:
    """As on a bare Debian 13, or in a small container."""
    program = "import zoneinfo; print('Asia/Kolkata' in zoneinfo.available_timezones())"
    told = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "True\n"


def test_hours_of_a_run_are_told_in_both(viewer: Client) -> None:
    run = working_in("22:00-04:30")
    viewer.cookies["timezone"] = "Asia/Kolkata"
    text = text_of(viewer.get(f"/runs/{run.pk}/").text)
    assert "22:00-04:30 UTC, which is 03:30–10:00 Asia/Kolkata" in text
    viewer.cookies["timezone"] = "UTC"
    assert "22:00-04:30 UTC" in text_of(viewer.get(f"/runs/{run.pk}/").text)


def test_no_cookie_changes_when_a_run_may_work(viewer: Client) -> None:
    """The hours are asked in a request, under somebody's time zone, as well as in a worker."""
    moment = clock.now()
    begin = (moment + dt.timedelta(hours=2)).strftime("%H:%M")
    end = (moment + dt.timedelta(hours=4)).strftime("%H:%M")
    run = working_in(f"{begin}-{end}")
    factories.binding(run=run)
    expected = run_state.begins_at(run, moment)
    assert expected is not None
    viewer.cookies["timezone"] = "Asia/Kolkata"
    page = viewer.get(f"/runs/{run.pk}/")
    assert page.context["hours_begin"] == expected


def test_the_form_says_what_time_it_is_in_utc(operator: Client) -> None:
    factories.account("anna")
    operator.cookies["timezone"] = "Asia/Kolkata"
    text = text_of(operator.get("/accounts/csv/").text)
    assert f"In UTC, where it is {clock.now():%H:%M} now (" in text
    assert "Asia/Kolkata)" in text
