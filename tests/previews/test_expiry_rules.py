"""Expiry dates by a rule."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.core.clock import now
from integrator.core.errors import CsvRefused, Refused
from integrator.previews import expiry_rules, preview, row_totals
from integrator.previews.choices import Choices
from tests.previews.provider_previews import HEADER, from_csv
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster


@given(st.dates(dt.date(2000, 1, 1), dt.date(2200, 1, 1)))
def test_no_rule_shortens_what_is_paid_for(paid_until: dt.date) -> None:
    end = expiry_rules.applied("month-end", paid_until)
    start = expiry_rules.applied("month-start", paid_until)
    assert end is not None
    assert start is not None
    assert (end + dt.timedelta(days=1)).day == start.day == 1
    assert dt.timedelta(0) <= end - paid_until < dt.timedelta(days=31)
    assert dt.timedelta(0) <= start - paid_until < dt.timedelta(days=31)
    assert expiry_rules.applied("", paid_until) is None


def test_a_rule_dates_the_rows_that_name_no_day(hoster: Hoster) -> None:
    for name in ("alice", "bob"):
        mirrors.account(hoster.server, name)
    text = hoster.csv(
        "isp1,alice,,3001,Start,", "isp1,bob,,3001,Start,2031-05-05",
        header="server,username,domain,client,plan,expires",
    )  # fmt: skip
    made = preview.make_from_csv(Choices(autoprolong=True, expires="Month-End"), text, "eva")
    alice, bob = made.rows.order_by("number")
    paid_until = row_totals.months_later(now().date(), 1)
    assert alice.expires == alice.suspends_on == expiry_rules.applied("month-end", paid_until)
    assert bob.expires == bob.suspends_on == dt.date(2031, 5, 5)
    assert preview.choices_of(made).expires == "month-end"
    again = preview.remake(made, "eva")
    dated = [list(one.rows.values_list("expires", flat=True)) for one in (made, again)]
    assert dated[0] == dated[1]


def test_a_day_that_is_over_is_refused(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    with pytest.raises(Refused, match="2001-01-01"):
        preview.make_from_csv(
            Choices(autoprolong=True, expires="2001-01-01"),
            hoster.csv("isp1,alice,,3001,Start"), "eva",
        )  # fmt: skip


def test_the_expiry_date_lies_ahead(hoster: Hoster) -> None:
    mirrors.account(hoster.server)
    with pytest.raises(CsvRefused):
        from_csv(hoster, "isp1,alice,,3001,Start,2020-01-01", header=f"{HEADER},expires")
    day = (now() + dt.timedelta(days=9)).date()
    made = from_csv(hoster, f"isp1,alice,,3001,Start,{day}", header=f"{HEADER},expires")
    assert made.rows.get().expires == day
    assert made.summary["first_suspension"] == day.isoformat()


@pytest.mark.parametrize(
    ("start", "period", "end"),
    [
        ("2031-01-31", 1, "2031-02-28"),
        ("2031-12-15", 1, "2032-01-15"),
        ("2031-03-31", 12, "2032-03-31"),
        ("2028-02-29", 12, "2029-02-28"),
    ],
)
def test_a_period_ends_by_the_calendar(start: str, period: int, end: str) -> None:
    day = row_totals.first_suspension(None, period, dt.date.fromisoformat(start))
    assert day.isoformat() == end
