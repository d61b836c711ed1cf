"""Expiry dates by a rule, and the password of one row."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.core.clock import now
from integrator.core.errors import Refused
from integrator.models import PreviewRow
from integrator.previews import expiry_rules, passwords, preview, row_totals
from integrator.previews.choices import Choices
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import House


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


def test_a_rule_dates_the_rows_that_name_no_day(house: House) -> None:
    for name in ("alice", "bob"):
        mirrors.account(house.server, name)
    text = house.csv(
        "isp1,alice,,3001,Start,", "isp1,bob,,3001,Start,2031-05-05",
        header="server,username,domain,client,plan,expires",
    )  # fmt: skip
    made = preview.make_from_csv(Choices(autoprolong=True, expires="Month-End"), text, "eva")
    alice, bob = made.rows.order_by("number")
    paid_until = row_totals.months_later(now().date(), 1)
    assert alice.expires == alice.suspends_on == expiry_rules.applied("month-end", paid_until)
    assert bob.expires == bob.suspends_on == dt.date(2031, 5, 5)
    assert preview.choices_of(made).expires == "month-end"
    again = preview.anew(made, "eva")
    dated = [list(one.rows.values_list("expires", flat=True)) for one in (made, again)]
    assert dated[0] == dated[1]


def test_a_day_that_is_over_is_refused(house: House) -> None:
    mirrors.account(house.server)
    with pytest.raises(Refused, match="2001-01-01"):
        preview.make_from_csv(
            Choices(autoprolong=True, expires="2001-01-01"),
            house.csv("isp1,alice,,3001,Start"), "eva",
        )  # fmt: skip


def test_the_password_of_one_row_is_kept_until_the_start(house: House) -> None:
    mirrors.account(house.server)
    made = preview.make_from_csv(
        Choices(autoprolong=True), house.csv("isp1,alice,,3001,Start"), "eva"
    )
    row = made.rows.get()
    assert passwords.lacking(row)
    assert passwords.give(made, row.number, " s3cret ")
    row = PreviewRow.objects.get(pk=row.pk)
    assert row.password == " s3cret "
    assert not passwords.lacking(row)
    assert not passwords.give(made, 99, "x")
    made.started_at = now()
    made.save()
    assert not passwords.give(made, row.number, "other")
