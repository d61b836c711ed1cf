"""Pages of a binding that people decide on, correct or undo, and of a run that they cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.core import clock
from integrator.messages.message import verbatim
from integrator.models import Binding
from tests import factories

if TYPE_CHECKING:
    from django.test import Client


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
    run = factories.run(state="paused", why=verbatim("10 bindings in a row have failed on billing"))
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
    panel = factories.panel("web-1", pace=2, pace_why=verbatim("HTTP 503"), pace_at=clock.now(),
                            failures_in_row=3)  # fmt: skip
    page = operator.get(f"/panels/{panel.pk}/").text
    assert "Slowed down" in page
    assert "2 of 8" in page
    assert "Failures in a row" in page
