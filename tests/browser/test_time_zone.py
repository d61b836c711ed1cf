"""The browser tells its time zone, and pages show it from the first one on."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


@pytest.mark.browser_context_args(timezone_id="Asia/Kolkata")
def test_times_are_those_of_the_browser(sign_in: Callable[..., Page]) -> None:
    run = factories.run(total=1)
    noon = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
    factories.binding("done", 8, run=run, done_at=noon)
    page = sign_in("viewer", f"/runs/{run.pk}/report/")
    expect(page.locator("main")).to_contain_text("03/02/2026 5:30 p.m.")
