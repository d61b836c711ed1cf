"""Alarms of windows, and foreign orders that are handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.core.clock import now
from integrator.messages.message import verbatim
from integrator.models import Intent, Window
from integrator.models.states import Phase
from tests import factories
from tests.services.page_text import text_of

if TYPE_CHECKING:
    from django.test import Client


def test_an_alarm_is_on_every_page_until_somebody_has_looked(operator: Client) -> None:
    window = factories.window(
        Phase.CLOSED, plan=factories.plan("Gold"), alarm=verbatim("a second account")
    )
    for address in ("/", "/accounts/", "/runs/", "/windows/", "/panels/", "/events/"):
        assert "After Gold: something is wrong" in text_of(operator.get(address).text)
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


def test_a_plan_that_is_handed_on_is_told_on_both_windows(operator: Client) -> None:
    plan = factories.plan("Gold")
    first = factories.window(Phase.CLOSED, plan=plan, restored_at=None)
    second = factories.window(Phase.OPENING, plan=plan, follows=first)
    page = operator.get("/windows/").text
    assert f"it has taken the plan over from w{first.pk}" in page
    assert "Handed on to the next cohort" in page
    assert "Nothing was switched" not in page
    assert (
        f'<a href="/windows/{second.pk}/">w{second.pk}</a>'
        in operator.get(f"/windows/{first.pk}/").text
    )


def test_a_held_window_says_which_bindings_keep_it_and_why(operator: Client) -> None:
    window = factories.window(held=True, cause=verbatim("an order is not seen"))
    asked = factories.undecided(window=window)
    unseen = factories.binding("waiting", 3, window=window)
    moment = now()
    Intent.objects.create(
        binding=unseen, step=3, attempt=1, kind="order", at=moment, send_by=moment,
        settles_at=moment, outcome="unknown",
    )  # fmt: skip
    factories.binding("waiting", 3, window=window)
    page = operator.get("/windows/").text
    assert "an order is not seen" in page
    assert f'<a href="/bindings/{asked.pk}/">' in page
    assert "It is not known whether the order was placed" in page
    assert f'<a href="/bindings/{unseen.pk}/">' in page
    assert "what was sent at step 3 has not been seen yet" in page
    assert page.count('<a href="/bindings/') == 2
