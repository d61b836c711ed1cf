"""Signing in and out, and what machines may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tests import factories

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings


def sign_in(browser: Client, name: str, password: str = factories.PASSWORD) -> int:
    data = {"username": name, "password": password, "next": "/accounts/?q=x"}
    response = browser.post("/login/", data)
    if response.status_code == 302:
        assert response["Location"] == "/accounts/?q=x"
    return response.status_code


def test_sign_in_leads_back(db: None) -> None:
    person = factories.person("viewer")
    browser = Client()
    assert sign_in(browser, person.username, "wrong") == 200
    assert sign_in(browser, person.username) == 302
    assert browser.post("/logout/").status_code == 302
    assert browser.get("/accounts/").status_code == 302


def test_guessing_is_locked_out(db: None) -> None:
    person = factories.person("viewer")
    browser = Client()
    answers = [sign_in(browser, person.username, f"guess {n}") for n in range(6)]
    assert answers[-1] == 429
    assert sign_in(browser, person.username) == 429


def test_an_admin_ends_a_lock_out(db: None, admin: Client) -> None:
    person = factories.person("viewer")
    browser = Client()
    for number in range(6):
        sign_in(browser, person.username, f"guess {number}")
    admin.post(f"/people/{person.pk}/", {"what": "let in"})
    assert sign_in(browser, person.username) == 302


def test_language_is_kept(admin: Client) -> None:
    response = admin.post("/language/", {"language": "ru", "next": "/accounts/"}, follow=True)
    assert '<html lang="ru"' in response.text


def test_alive_and_ready(db: None) -> None:
    assert Client().get("/healthz").content == b"ok\n"
    assert Client().get("/readyz").content == b"ok\n"


def test_metrics(db: None, settings: Settings) -> None:
    factories.failed()
    factories.window(held=True)
    stranger = Client()
    assert stranger.get("/metrics").status_code == 401
    settings.METRICS_TOKEN = "token-of-the-scraper"
    wrong = stranger.get("/metrics", headers={"Authorization": "Bearer nonsense"})
    assert wrong.status_code == 401
    bearer = {"Authorization": "Bearer token-of-the-scraper"}
    text = stranger.get("/metrics", headers=bearer).text
    assert 'integrator_bindings{state="failed"} 1.0' in text
    assert "integrator_windows_held 1.0" in text


def test_no_token_means_no_bearer(db: None, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_metrics_for_people(db: None, role: str) -> None:
    browser = Client()
    browser.force_login(factories.person(role))
    assert browser.get("/metrics").status_code == 200
