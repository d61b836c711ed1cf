"""What leads to the login page, or is refused for its token, says where to go on."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import factories


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/runs/7/?state=failed", "/runs/7/%3Fstate%3Dfailed"),
        ("http://testserver/runs/7/retry/", "/"),
        ("http://testserver/nowhere/", "/"),
        ("https://evil.example/runs/7/", "/"),
        ("", "/"),
    ],
)
def test_a_form_of_an_ended_session_leads_back_to_its_page(
    db: None, referer: str, back: str
) -> None:
    answer = Client().post("/runs/7/retry/", headers={"Referer": referer} if referer else {})
    assert answer.status_code == 302
    assert answer.headers["location"] == f"/login/?next={back}"


def test_a_stale_token_is_said_in_words(db: None) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(factories.person("operator"))
    answer = browser.post("/runs/7/retry/")
    assert answer.status_code == 403
    assert answer.headers["X-Refused"] == "stale"
    assert "This page was too old" in answer.text
