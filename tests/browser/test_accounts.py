"""Choosing accounts with mouse and keyboard, and without scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from integrator.models import Account, Plan
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer


def ticked(page: Page) -> int:
    return page.locator("[data-row-tick]:checked").count()


def test_ranges_header_box_and_clearing(sign_in: Callable[..., Page]) -> None:
    factories.many_accounts(20)
    page = sign_in("operator", "/accounts/")
    rows = page.locator("[data-row-tick]")
    expect(page.locator("#bind")).to_be_disabled()
    rows.nth(2).click()
    rows.nth(6).click(modifiers=["Shift"])
    assert ticked(page) == 5
    expect(page.locator("#picked")).to_have_text("5")
    assert page.evaluate("document.querySelector('#tick-all').indeterminate")
    page.locator("#tick-all").click()
    assert ticked(page) == 20
    page.keyboard.press("Escape")
    assert ticked(page) == 0
    page.locator("#all-matching").check()
    expect(page.locator("#picked")).to_have_text("20")
    expect(page.locator("#bind")).to_be_enabled()


def test_keyboard(sign_in: Callable[..., Page]) -> None:
    factories.many_accounts(5)
    page = sign_in("operator", "/accounts/")
    page.keyboard.press("/")
    expect(page.locator("#id_q")).to_be_focused()
    page.keyboard.type("user00000")
    page.keyboard.press("Escape")
    for key in ("j", "j", "x", "ArrowDown", "Shift+X"):
        page.keyboard.press(key)
    assert ticked(page) == 2
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    assert ticked(page) == 2


def test_an_answer_that_comes_late_leaves_ticks_and_focus(sign_in: Callable[..., Page]) -> None:
    factories.many_accounts(5)
    page = sign_in("operator", "/accounts/")
    page.locator("#id_q").press_sequentially("user")
    with page.expect_response("**/accounts/rows/**"):
        page.keyboard.press("Escape")  # which empties the field, and so asks for all rows again
        for key in ("j", "j", "x"):
            page.keyboard.press(key)
    expect(page).to_have_url(re.compile(r"[?&]q=(&|$)"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+X")
    assert ticked(page) == 2


def test_search_keeps_focus_and_address(sign_in: Callable[..., Page]) -> None:
    factories.many_accounts(120)
    page = sign_in("operator", "/accounts/")
    page.locator("[data-row-tick]").first.check()
    page.locator("#id_q").press_sequentially("user000007")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    expect(page.locator("#id_q")).to_be_focused()
    expect(page.locator("#picked")).to_have_text("0")
    assert "q=user000007" in page.url
    expect(page.locator("#said")).to_have_text("1 account")
    page.go_back()
    expect(page.locator("tr[data-row]")).to_have_count(100)


def test_paging_moves_the_poller_along(sign_in: Callable[..., Page]) -> None:
    accounts = factories.many_accounts(130)
    page = sign_in("operator", "/accounts/")
    page.click("#next")
    expect(page.locator("tr[data-row]")).to_have_count(30)
    shown = page.locator("#live-ids").input_value().split(",")
    assert shown == [str(account.pk) for account in accounts[100:]]
    factories.failed(account=accounts[110])
    page.evaluate("htmx.trigger('#poller', 'refresh')")
    expect(page.locator(f"#state-{accounts[110].pk}")).to_contain_text("Failed")


def asking(login: str, *names: str, **fields: Any) -> Account:
    """An account that several clients fit."""
    ids = [factories.client(name).remote_id for name in names]
    told = [{"key": "username", "params": {"client": one, "username": login}} for one in ids]
    plan = Plan.objects.first() or factories.plan("Gold")
    return factories.account(
        login, state="choose", match_candidates=ids, match_reasons=told, plan=plan, **fields
    )


def test_one_key_chooses_the_client_and_goes_on(sign_in: Callable[..., Page]) -> None:
    first = asking("a-first", "Anna", "Boris")
    factories.account("b-ready")
    second = asking("c-second", "Carla", "Dmitri", "Elena", "Felix")
    page = sign_in("operator", "/accounts/")
    page.keyboard.press("j")
    page.keyboard.press("2")
    expect(page.locator(f"#state-{first.pk}")).to_contain_text("Ready")
    expect(page.locator(f"#row-{first.pk}")).to_contain_text("Boris")
    expect(page.locator(f"#row-{second.pk} .pick").first).to_be_focused()
    page.keyboard.press("4")
    dialogue = page.locator("#choose")
    expect(dialogue.get_by_text("Felix")).to_be_visible()
    page.keyboard.press("4")
    expect(page.locator(f"#state-{second.pk}")).to_contain_text("Ready")
    chosen = [Account.objects.get(pk=one.pk).client for one in (first, second)]
    assert [str(one) for one in chosen] == ["Boris", "Felix"]
    page.locator(f"#row-{first.pk} .undo").click()
    expect(page.locator(f"#row-{first.pk} .pick").first).to_be_focused()
    assert Account.objects.get(pk=first.pk).chosen_by == ""


def test_what_would_be_sold_twice_takes_more_than_one_key(sign_in: Callable[..., Page]) -> None:
    told = {"key": "domain_is_service", "params": {
        "domain": "a.example", "service": 7, "client": 3, "username": "x", "module": "m",
        "account": "a", "server": "s"}}  # fmt: skip
    account = asking("a-sold", "Anna", conflicts=[told], in_conflict=True)
    page = sign_in("operator", "/accounts/?match=conflict")
    page.keyboard.press("j")
    page.keyboard.press("1")
    expect(page.locator("#choose .note")).to_contain_text("Binding it again would sell it twice")
    assert Account.objects.get(pk=account.pk).client is None
    page.keyboard.press("1")
    expect(page.locator(f"#state-{account.pk}")).to_contain_text("Ready")
    assert Account.objects.get(pk=account.pk).words == ["domain_is_service:7"]


def test_any_client_can_be_named(sign_in: Callable[..., Page]) -> None:
    account = factories.account(state="blocked", plan=factories.plan("Gold"))
    wanted = factories.client("Elsewhere")
    page = sign_in("operator", "/accounts/")
    page.locator("[data-choose]").click()
    page.fill("#other", str(wanted.remote_id))
    page.locator("#choose .primary").click()
    expect(page.locator(f"#row-{account.pk}")).to_contain_text("Elsewhere")
    expect(page.locator(f"#state-{account.pk}")).to_contain_text("Ready")


def test_the_theme_changes_in_place(sign_in: Callable[..., Page]) -> None:
    factories.many_accounts(3)
    page = sign_in("operator", "/accounts/")
    page.locator("[data-row-tick]").first.check()
    page.click(".theme-auto")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert ticked(page) == 1
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.browser
def test_binding_works_without_scripts(
    browser: Browser, live_server: LiveServer, transactional_db: None
) -> None:
    factories.many_accounts(3)
    person = factories.person("operator")
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{live_server.url}/login/?next=/accounts/")
    page.fill("[name=username]", person.username)
    page.fill("[name=password]", factories.PASSWORD)
    page.click(".sign-in .primary")
    page.locator("[data-row-tick]").first.check()
    page.click("#bind")
    expect(page.locator("h1")).to_have_text("Bind accounts")
    page.get_by_label("Off: a site").check()
    expect(page.get_by_text("Nothing is ordered yet.")).to_be_visible()
    page.goto(f"{live_server.url}/windows/")
    page.click("button.user")
    page.get_by_text("Sign out").click()
    page.wait_for_url("**/login/")
    page.context.close()
