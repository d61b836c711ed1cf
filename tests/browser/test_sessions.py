"""Sessions that end and pages that are too old: it is said, and what was typed is not lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from integrator.models import Binding, Session
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


def sign_in_again(page: Page, name: str) -> None:
    page.fill("[name=username]", name)
    page.fill("[name=password]", factories.PASSWORD)
    page.click(".sign-in .primary")


def forget_403(complaints: list[str]) -> None:
    """The browser tells of an answer that the test wanted."""
    complaints[:] = [text for text in complaints if "403" not in text]


def test_an_ended_session_leads_back_with_what_was_typed(sign_in: Callable[..., Page]) -> None:
    failed = factories.failed()
    page = sign_in("operator", f"/bindings/{failed.pk}/")
    name = page.locator(".user-name").inner_text()
    page.click("#retry-password")
    page.fill("#retry [name=username]", "typed-login")
    page.fill("#retry [name=password]", "a secret")
    Session.objects.all().delete()
    page.locator("#retry .primary").click()
    page.wait_for_url("**/login/**")
    stored = page.evaluate("JSON.stringify(sessionStorage)")
    assert "typed-login" in stored
    assert "a secret" not in stored
    sign_in_again(page, name)
    page.wait_for_url(f"**/bindings/{failed.pk}/")
    expect(page.locator("#retry [name=username]")).to_have_value("typed-login")
    expect(page.locator("#retry [name=password]")).to_have_value("")
    assert Binding.objects.get(pk=failed.pk).state == "failed"
    page.reload()
    expect(page.locator("#retry")).to_be_hidden()


def test_all_that_match_is_never_put_back(sign_in: Callable[..., Page]) -> None:
    """Another page, or another filter, would make something else of it."""
    factories.many_accounts(10)
    page = sign_in("operator", "/accounts/?match=ready")
    name = page.locator(".user-name").inner_text()
    page.locator("[data-row-tick]").nth(1).check()
    page.locator("#all-matching").check()
    Session.objects.all().delete()
    page.click("#bind")
    page.wait_for_url("**/login/**")
    sign_in_again(page, name)
    page.wait_for_url("**/accounts/?match=ready")
    expect(page.locator("[data-row-tick]").nth(1)).to_be_checked()
    expect(page.locator("#all-matching")).not_to_be_checked()
    expect(page.locator("#picked")).to_have_text("1")


def test_a_click_with_a_stale_token_is_told(
    sign_in: Callable[..., Page], complaints: list[str]
) -> None:
    candidate = factories.client("Anna")
    account = factories.account(
        "shop", match_state="choose", match_candidates=[candidate.remote_id]
    )
    page = sign_in("operator", "/accounts/")
    page.context.clear_cookies(name="csrftoken")
    page.context.clear_cookies(name="__Host-csrftoken")
    page.locator(f"#row-{account.pk} .pick").click()
    expect(page.locator("#messages [role=alert]")).to_contain_text("this page is too old")
    forget_403(complaints)
    account.refresh_from_db()
    assert account.client is None


def test_a_form_with_a_stale_token_is_a_page_that_says_so(
    sign_in: Callable[..., Page], complaints: list[str]
) -> None:
    failed = factories.failed()
    page = sign_in("operator", f"/bindings/{failed.pk}/")
    page.context.clear_cookies(name="csrftoken")
    page.context.clear_cookies(name="__Host-csrftoken")
    page.click("#retry-button")
    expect(page.locator("h1")).to_have_text("This page was too old")
    forget_403(complaints)
    assert Binding.objects.get(pk=failed.pk).state == "failed"
