"""Signing in and out."""

from __future__ import annotations

from django.test import Client

from tests import factories


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
