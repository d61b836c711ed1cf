"""What failed of chosen accounts is tried again from the table of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.models import Binding
from tests import factories

if TYPE_CHECKING:
    from django.test import Client as Browser

URL = "/accounts/retry/"
NEEDS = {"query": "state=attention"}


def state(binding: Binding) -> str:
    return Binding.objects.get(pk=binding.pk).state


def test_what_failed_of_the_ticked_accounts_is_tried_again(operator: Browser) -> None:
    run = factories.run()
    failed, other = (factories.binding("failed", run=run) for _ in range(2))
    page = operator.post(URL, {**NEEDS, "account": failed.account_id}, follow=True)
    assert "1 binding is tried again." in page.text
    assert page.redirect_chain[-1][0] == "/accounts/?state=attention"
    assert (state(failed), state(other)) == ("queued", "failed")


def test_all_that_match_are_those_that_were_shown(operator: Browser) -> None:
    run = factories.run()
    failed = [factories.binding("failed", run=run) for _ in range(2)]
    late = {**NEEDS, "_all": "1", "expected_count": "1"}
    assert "Nothing has been changed" in operator.post(URL, late, follow=True).text
    assert [state(one) for one in failed] == ["failed", "failed"]
    operator.post(URL, {**late, "expected_count": "2"})
    assert [state(one) for one in failed] == ["queued", "queued"]


def test_what_needs_a_decision_or_is_done_is_left(operator: Browser) -> None:
    run = factories.run()
    left = [factories.binding(each, run=run) for each in ("undecided", "done", "cancelled")]
    page = operator.post(URL, {"account": [one.account_id for one in left]}, follow=True)
    assert "Nothing is left to retry here." in page.text
    assert [state(one) for one in left] == ["undecided", "done", "cancelled"]


def test_it_is_offered_where_the_table_shows_what_needs_attention(operator: Browser) -> None:
    factories.binding("failed")
    assert "Retry what failed" in operator.get("/accounts/?state=attention").text
    assert "Retry what failed" not in operator.get("/accounts/").text
