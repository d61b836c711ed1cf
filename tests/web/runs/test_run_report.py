"""The report of a run: what came of it, what it cost, and what is still to be done."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal
from typing import TYPE_CHECKING

from integrator.core.clock import now
from integrator.messages.message import verbatim
from tests import factories
from tests.services.page_text import text_of

if TYPE_CHECKING:
    import pytest
    from django.test import Client

from integrator.web.runs import run_report


def test_it_tells_what_was_charged(viewer: Client) -> None:
    run = factories.run(total=4)
    for price, amount, credited in (("4.50", None, None), ("7.25", "7.30", Decimal("10.00"))):
        money = {"price": Decimal(price), "credited": credited, "currency": "EUR"}
        done = factories.done(run=run, **money)
        if amount:  # what was read back is not what was expected
            done.steps.filter(number=4).update(evidence={"charge": 5, "amount": amount})
    stopped = factories.failed(run=run, price=Decimal("3.00"), currency="EUR")
    factories.binding(run=run, price=Decimal("100.00"), currency="EUR")
    text = text_of(viewer.get(f"/runs/{run.pk}/report/").text)
    assert "14.80 EUR for 3 services" in text
    assert "3.00 EUR of it for 1 service that is not bound" in text
    assert "10.00 EUR were credited to balances before" in text
    assert stopped.account.username in text


def test_it_tells_what_people_did_and_not_what_went_by_itself(viewer: Client) -> None:
    run = factories.run(total=1)
    factories.event(run=run, actor="anna", to_state="paused", why=verbatim("lunch"))
    factories.event(run=run, to_state="running", why=verbatim("by itself"))
    queued = {"actor": "anna", "binding": factories.binding(run=run)}
    factories.event(run=run, **queued, why=verbatim("queued at the start"))
    factories.event(run=run, **queued, from_state="failed", why=verbatim("tried again"))
    text = text_of(viewer.get(f"/runs/{run.pk}/report/").text)
    assert "anna" in text
    assert "lunch" in text
    assert "by itself" not in text
    assert "queued at the start" not in text
    assert "tried again" in text


def test_a_long_list_names_what_is_left_out(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_report, "MAX_ROWS", 2)
    run = factories.run(total=5)
    for _ in range(5):
        factories.done(run=run)
    text = text_of(viewer.get(f"/runs/{run.pk}/report/").text)
    assert "3 more are in the CSV." in text


def test_the_csv_has_what_an_accountant_needs(viewer: Client) -> None:
    run = factories.run(total=2)
    done = factories.done(
        run=run, price=Decimal("4.50"), currency="EUR", expires=dt.date(2027, 1, 31), period=12
    )
    factories.failed(run=run, cause_text=verbatim("=cmd()"), done_at=None)
    answer = viewer.get(f"/runs/{run.pk}/export.csv")
    content = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    first, second = csv.DictReader(io.StringIO(content))
    assert (first["service"], first["price"], first["currency"]) == (
        str(done.service_id),
        "4.50",
        "EUR",
    )
    assert (first["period"], first["expires"]) == ("12", "2027-01-31")
    assert first["done_at"].startswith(f"{now():%Y-%m-%d}")
    assert (second["detail"], second["done_at"]) == ("'=cmd()", "")
