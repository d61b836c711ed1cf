"""The table of accounts under somebody's hands: orders, columns, saved views, a story beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from integrator.models import SavedView
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


def test_sorting_keeps_ticks_filter_and_focus(sign_in: Callable[..., Page]) -> None:
    factories.many_accounts(10)
    page = sign_in("operator", "/accounts/")
    page.locator("[data-row-tick]").nth(0).check()
    head = page.locator("#sort-domain")
    head.click()
    expect(page.locator("th[aria-sort=ascending] #sort-domain")).to_be_focused()
    head.click()
    expect(page.locator("th[aria-sort=descending] #sort-domain")).to_be_visible()
    expect(page.locator("tr[data-row] th").first).to_contain_text("user000009")
    expect(page.locator("[data-row-tick]").nth(9)).to_be_checked()
    page.fill("#id_q", "user00000")
    page.select_option("#id_match", "ready")
    page.wait_for_url("**match=ready*sort=-domain*")
    expect(page.locator("tr[data-row]")).to_have_count(6)
    expect(page.locator("tr[data-row] th").first).to_contain_text("user000007")


def test_columns_go_at_once_and_stay_away(sign_in: Callable[..., Page]) -> None:
    factories.many_accounts(3)
    page = sign_in("operator", "/accounts/")
    page.click("[popovertarget=columns]")
    with page.expect_response("**/accounts/columns/"):
        page.locator("#columns [value=domain]").uncheck()
    expect(page.locator("th.col-domain")).to_be_hidden()
    expect(page.locator("td.col-domain").first).to_be_hidden()
    page.reload()
    expect(page.locator("th.col-domain")).to_be_hidden()
    expect(page.locator("th.col-plan")).to_be_visible()


def test_a_column_keeps_the_width_it_is_given(sign_in: Callable[..., Page]) -> None:
    factories.many_accounts(3)
    page = sign_in("operator", "/accounts/")
    grip = page.locator("th.col-client .grip")
    box = grip.bounding_box()
    assert box
    before = page.locator("th.col-client").bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(box["x"] + 64, box["y"] + 4)
    page.mouse.up()
    page.reload()
    after = page.locator("th.col-client").bounding_box()
    assert before
    assert after
    assert after["width"] > before["width"] + 20


def test_a_view_is_saved_from_what_is_shown(sign_in: Callable[..., Page]) -> None:
    factories.many_accounts(10)
    page = sign_in("operator", "/accounts/")
    page.select_option("#id_match", "blocked")
    page.wait_for_url("**match=blocked*")
    page.click("[popovertarget=views]")
    page.fill("#view-name", "Obstacles")
    page.keyboard.press("Enter")
    expect(page.locator(".message")).to_contain_text("The view “Obstacles” is saved.")
    assert SavedView.objects.get().query == "match=blocked"
    page.goto(page.url.partition("?")[0])
    page.click("[popovertarget=views]")
    page.click("#views a")
    expect(page.locator("tr[data-row]")).to_have_count(2)


def test_a_story_opens_beside_the_table_and_leads_back(sign_in: Callable[..., Page]) -> None:
    factories.many_accounts(4)
    page = sign_in("operator", "/accounts/")
    page.locator("[data-row-tick]").nth(3).check()
    for key in ("k", "k", "Enter"):
        page.keyboard.press(key)
    title = page.locator("#side #story-title")
    expect(title).to_have_text("user000001")
    expect(title).to_be_focused()
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("j")
    expect(title).to_have_text("user000002")
    page.keyboard.press("Escape")
    expect(page.locator("#side")).to_be_hidden()
    expect(page.locator("[data-open]").nth(2)).to_be_focused()
    expect(page.locator("[data-row-tick]").nth(3)).to_be_checked()
