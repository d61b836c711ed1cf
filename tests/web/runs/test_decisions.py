"""Pages for what people decide, undo, hand over and cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.core import clock
from integrator.models import Binding, Window
from integrator.models.states import Phase
from tests import factories

if TYPE_CHECKING:
    from django.test import Client


@pytest.fixture
def operator_of_billing(operator: Client) -> Client:
    factories.billmanager(stopped="no calls in this test")
    return operator


def test_an_alarm_is_on_every_page_until_somebody_has_looked(operator: Client) -> None:
    window = factories.window(Phase.CLOSED, plan=factories.plan("Gold"), alarm="a second account")
    for address in ("/", "/accounts/", "/runs/", "/windows/", "/panels/", "/events/"):
        assert "After Gold: something is wrong" in operator.get(address).text
    page = operator.get(f"/windows/{window.pk}/").text
    assert "a second account" in page
    operator.post(f"/windows/{window.pk}/seen/")
    assert Window.objects.get(pk=window.pk).alarm_seen_by.startswith("operator")
    assert "something is wrong" not in operator.get("/accounts/").text
    assert "has looked at it" in operator.get(f"/windows/{window.pk}/").text


def test_only_an_order_that_waits_for_nobody_can_be_handed_over(operator: Client) -> None:
    window = factories.window(Phase.CLOSED)
    waits = factories.stranger(window)
    taken = factories.stranger(window, performer="colleague")
    opened = factories.stranger(window, state="opened")
    page = operator.get(f"/windows/{window.pk}/").text
    assert f'id="hand-{waits.pk}"' in page
    assert f'id="hand-{taken.pk}"' not in page
    assert f'id="hand-{opened.pk}"' not in page
    assert "Customers&#x27; orders wait" in operator.get("/windows/").text


def test_handing_over_tells_why_it_cannot_be(operator_of_billing: Client) -> None:
    order = factories.stranger(factories.window(Phase.CLOSED))
    page = operator_of_billing.post(f"/strangers/{order.pk}/hand-over/", follow=True)
    assert "no calls in this test" in page.text


def test_undoing_is_guided_and_warns_before_deletion(operator_of_billing: Client) -> None:
    binding = factories.done()
    assert "/undo/" in operator_of_billing.get(f"/bindings/{binding.pk}/").text
    page = operator_of_billing.get(f"/bindings/{binding.pk}/undo/").text
    assert f"Do not delete service {binding.service_id} before step 1 is green." in page
    assert "Open service" not in page
    told = operator_of_billing.post(f"/bindings/{binding.pk}/undo/manual/", follow=True).text
    assert "no calls in this test" in told
    assert Binding.objects.get(pk=binding.pk).state == "done"
    fresh = factories.binding("queued")
    assert "nothing to undo" in operator_of_billing.get(f"/bindings/{fresh.pk}/undo/").text


def test_the_decision_offers_what_the_panel_shows(operator_of_billing: Client) -> None:
    binding = factories.undecided()
    page = operator_of_billing.get(f"/bindings/{binding.pk}/").text
    assert f'hx-get="/bindings/{binding.pk}/options/"' in page
    assert "charged twice" in page
    told = operator_of_billing.get(f"/bindings/{binding.pk}/options/").text
    assert "no calls in this test" in told
    seen = factories.undecided()
    Binding.objects.filter(pk=seen.pk).update(cause="several_charges")
    assert 'id="try-again"' not in operator_of_billing.get(f"/bindings/{seen.pk}/").text


def test_corrections_are_offered_as_far_as_they_may_be_made(operator_of_billing: Client) -> None:
    early = factories.binding("failed", cause="no_password")
    page = operator_of_billing.get(f"/bindings/{early.pk}/").text
    assert 'name="client"' in page
    late = factories.failed()
    page = operator_of_billing.get(f"/bindings/{late.pk}/").text
    assert 'name="client"' not in page
    assert 'name="username"' in page
    told = operator_of_billing.post(
        f"/bindings/{early.pk}/retry/", {"period": "soon"}, follow=True
    ).text
    assert "number of months" in told
    told = operator_of_billing.post(
        f"/bindings/{early.pk}/retry/", {"client": "nobody@nowhere.example"}, follow=True
    ).text
    assert "No client has a user" in told
    assert Binding.objects.get(pk=early.pk).state == "failed"


def test_a_run_says_why_it_is_paused_and_what_cancelling_means(operator: Client) -> None:
    run = factories.run(state="paused", why="10 bindings in a row have failed on billing")
    factories.binding("queued", run=run, credited="7.00")
    factories.binding("queued", run=run)
    page = operator.get(f"/runs/{run.pk}/").text
    assert "This run is paused:" in page
    assert "10 bindings in a row" in page
    assert "7.00 EUR stays on the client" in page
    assert "its account is free again" in page
    told = operator.post(f"/runs/{run.pk}/cancel/", follow=True).text
    assert "7.00 EUR stays on the client" in told


def test_a_panel_that_is_slowed_down_says_so(operator: Client) -> None:
    panel = factories.panel("web-1", pace=2, pace_why="HTTP 503", pace_at=clock.now(),
                            failures_in_row=3)  # fmt: skip
    page = operator.get(f"/panels/{panel.pk}/").text
    assert "Slowed down" in page
    assert "2 of 8" in page
    assert "Failures in a row" in page


def test_without_a_billmanager_the_choices_say_so(operator: Client) -> None:
    binding = factories.binding(state="undecided", cause="order_unknown")
    assert "No BILLmanager is registered" in operator.get(f"/bindings/{binding.pk}/options/").text
