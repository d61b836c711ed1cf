"""Columns that a person leaves out, and views saved for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.models import SavedView
from tests import factories

if TYPE_CHECKING:
    from django.test import Client


def test_columns_left_out_stay_so_in_this_browser(operator: Client) -> None:
    factories.account("anna")
    shown = ["server", "domain", "plan", "steps"]
    answer = operator.post("/accounts/columns/", {"column": shown, "next": "/accounts/?q=a"})
    assert answer.headers["location"] == "/accounts/?q=a"
    text = operator.get("/accounts/").text
    assert "has-under no-client no-match" in text
    assert 'value="server" checked' in text
    assert 'value="client">' in text


def test_under_htmx_the_table_changes_in_place(operator: Client) -> None:
    answer = operator.post(
        "/accounts/columns/", {"column": ["plan"]}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 204
    hidden = '{"columns": {"hidden": ["server", "domain", "client", "match", "steps"]}}'
    assert answer.headers["HX-Trigger"] == hidden


@pytest.mark.parametrize("value", ["", "account.state", "client;drop", "x" * 3000])
def test_a_strange_cookie_leaves_nothing_out(operator: Client, value: str) -> None:
    factories.account("anna")
    operator.cookies["hidden-columns"] = value
    assert 'class="fixed stuck accounts has-under"' in operator.get("/accounts/").text


def test_columns_do_not_lead_to_other_hosts(operator: Client) -> None:
    answer = operator.post("/accounts/columns/", {"next": "https://evil.example/"})
    assert answer.headers["location"] == "/accounts/"


def test_a_view_is_saved_shown_to_all_and_deleted(operator: Client, viewer: Client) -> None:
    query = "page=3&sort=-client&match=ready&csrf=1&q=anna"
    answer = operator.post("/accounts/views/", {"name": " To do ", "query": query}, follow=True)
    assert "The view “To do” is saved." in answer.text
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("To do", "q=anna&match=ready&sort=-client")
    text = viewer.get("/accounts/").text
    assert 'href="/accounts/?q=anna&amp;match=ready&amp;sort=-client"' in text
    assert "Delete the view" not in text
    operator.post(f"/accounts/views/{view.pk}/delete/", {"query": query})
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("name", ["", "  ", "x" * 61])
def test_a_view_needs_a_name(operator: Client, name: str) -> None:
    answer = operator.post("/accounts/views/", {"name": name, "query": "q=a"}, follow=True)
    assert "Give the view a name" in answer.text
    assert answer.redirect_chain == [("/accounts/?q=a", 302)]


def test_a_name_is_given_once(operator: Client) -> None:
    for _ in range(2):
        answer = operator.post("/accounts/views/", {"name": "To do", "query": "q=a"}, follow=True)
    assert "There is a view “To do” already" in answer.text
    assert SavedView.objects.count() == 1


def test_a_query_that_no_column_holds_is_refused(operator: Client) -> None:
    answer = operator.post("/accounts/views/", {"name": "Long", "query": "q=" + "a" * 2000})
    assert answer.status_code == 302
    assert not SavedView.objects.exists()
