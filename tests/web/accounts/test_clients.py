"""The page of clients that do not exist: a list, a word, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.messages.message import verbatim
from integrator.models import ClientUser, NewClient
from tests import factories

if TYPE_CHECKING:
    from django.test import Client

FORM = {"countries": [["276", "Germany"]], "projects": [["1", "Example"]]}


@pytest.fixture(autouse=True)
def missing(db: None) -> None:
    factories.panel("billing", "billmanager", discovery={"facts": {"client_form": FORM}})
    factories.account(email="one@mail.example", fullname="One")
    factories.account(email="two@mail.example", fullname=factories.HOSTILE[:60])


def test_only_what_is_listed_and_offered_is_asked_for(operator: Client) -> None:
    page = operator.get("/accounts/clients/").text
    assert "one@mail.example" in page
    assert "<script>alert" not in page
    for wrong in (
        {"email": "stranger@mail.example", "country": "276", "project": "1"},
        {"email": "one@mail.example", "country": "999", "project": "1"},
        {"email": "one@mail.example", "country": "276", "project": ""},
    ):
        operator.post("/accounts/clients/create/", wrong)
    assert not NewClient.objects.exists()
    good = {"email": "one@mail.example", "country": "276", "project": "1"}
    answer = operator.post("/accounts/clients/create/", good, follow=True)
    assert "1 client is being created" in answer.text
    row = NewClient.objects.get()
    assert (row.email, row.name, row.state) == ("one@mail.example", "One", "queued")


def test_the_page_follows_how_far_it_is(operator: Client) -> None:
    good = {"email": "one@mail.example", "country": "276", "project": "1"}
    page = operator.post("/accounts/clients/create/", good, follow=True).text
    digest = page.split('id="digest" value="')[1].split('"')[0]
    assert operator.get(f"/accounts/clients/live/?digest={digest}").status_code == 204
    NewClient.objects.update(state="failed", cause=verbatim("No such luck."))
    told = operator.get(f"/accounts/clients/live/?digest={digest}")
    assert "No such luck." in told.text
    assert f'id="nc-{NewClient.objects.get().pk}"' in told.text


def test_nobody_is_offered_whose_email_is_merely_spelt_otherwise(operator: Client) -> None:
    payer = factories.client()
    ClientUser.objects.create(
        remote_id=7, client=payer, email="anna@xn--bcher-kva.example", seen_at=payer.seen_at
    )
    factories.account(email="anna@bücher.example")
    factories.account(email="'one@mail.example")
    factories.account(email="<two@mail.example>")
    page = operator.get("/accounts/clients/").text
    assert "one@mail.example" in page
    assert "anna@" not in page
    assert "&#x27;one@" not in page
    assert "&lt;two@" not in page
