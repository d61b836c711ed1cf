"""Keys on any page: the palette, binding, retrying."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


def test_the_palette_goes_anywhere(sign_in: Callable[..., Page]) -> None:
    account = factories.account("shop-anna")
    page = sign_in("operator", "/events/")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-word")).to_be_focused()
    expect(page.locator("#found a").first).to_contain_text("Overview")
    assert Axe().run(page).response["violations"] == []
    page.keyboard.type("shop-an")
    expect(page.locator("#found a")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#found a")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#palette-word")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/accounts/{account.pk}/")
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_enter_follows_what_fits_the_letters_that_stand_there(
    sign_in: Callable[..., Page],
) -> None:
    run = factories.run(total=1)
    page = sign_in("operator", "/events/")
    page.keyboard.press("Control+k")
    expect(page.locator("#found a").first).to_contain_text("Overview")
    page.keyboard.type(f"r{run.pk}", delay=0)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs/{run.pk}/")


def test_keys_work_in_another_script(sign_in: Callable[..., Page]) -> None:
    factories.many_accounts(3)
    page = sign_in("operator", "/accounts/")
    press = """key => document.activeElement.dispatchEvent(
        new KeyboardEvent("keydown", { ...key, bubbles: true }))"""
    page.evaluate(press, {"key": "о", "code": "KeyJ"})
    page.evaluate(press, {"key": "ч", "code": "KeyX"})
    expect(page.locator("[data-row-tick]:checked")).to_have_count(1)
    page.evaluate(press, {"key": "л", "code": "KeyK", "ctrlKey": True})
    expect(page.locator("#palette-word")).to_be_focused()
    page.evaluate(press, {})  # as a browser does that fills a form in


def test_b_binds_what_is_ticked_and_nothing_else(sign_in: Callable[..., Page]) -> None:
    factories.many_accounts(3)
    page = sign_in("operator", "/accounts/")
    page.keyboard.press("b")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("b")
    page.wait_for_url("**/accounts/bind/")


def test_r_leads_to_retry_and_does_not_press_it(sign_in: Callable[..., Page]) -> None:
    failed = factories.failed()
    page = sign_in("operator", f"/bindings/{failed.pk}/")
    page.keyboard.press("r")
    expect(page.locator("#retry-button")).to_be_focused()
    failed.refresh_from_db()
    assert failed.state == "failed"
    page.goto(page.url.replace(f"/bindings/{failed.pk}/", f"/runs/{failed.run_id}/"))
    page.keyboard.press("r")
    expect(page.locator(f"#r-{failed.cause}")).to_be_focused()
