"""Live updates change the cells they mean, and nothing that a person is busy with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from integrator.messages.message import verbatim
from integrator.models import Binding, Window
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


def test_ticks_focus_and_rows_stay(sign_in: Callable[..., Page]) -> None:
    run = factories.run(total=3)
    bindings = [
        factories.binding("running", 3, run=run, account=factories.account(f"u{number}"))
        for number in range(3)
    ]
    page = sign_in("operator", "/accounts/")
    second = page.locator("[data-row-tick]").nth(1)
    second.check()
    second.focus()
    page.evaluate("document.querySelectorAll('tr[data-row]').forEach(row => row.kept = true)")
    first = bindings[0]
    Binding.objects.filter(pk=first.pk).update(state="failed", cause="order_refused", version=5)
    cell = page.locator(f"#state-{first.account_id}")
    expect(cell).to_contain_text("The panel refused the order")
    expect(second).to_be_checked()
    expect(second).to_be_focused()
    expect(page.locator("#picked")).to_have_text("1")
    kept = "[...document.querySelectorAll('tr[data-row]')].every(row => row.kept)"
    assert page.evaluate(kept)


def test_a_half_typed_number_is_not_taken_away(sign_in: Callable[..., Page]) -> None:
    factories.panel("billing", "billmanager")
    binding = factories.undecided()
    factories.binding("running", 3)
    page = sign_in("operator", f"/bindings/{binding.pk}/")
    page.fill("#other", "482")
    factories.window(plan=factories.plan("Gold"))
    page.evaluate("htmx.trigger('#poller', 'refresh')")
    expect(page.locator("#status")).to_contain_text("Gold sells manually")
    expect(page.locator("#other")).to_have_value("482")
    expect(page.locator("#other")).to_be_focused()
    # The cell that was kept is brought once more, as soon as nobody is in it.
    Binding.objects.filter(pk=binding.pk).update(state="queued", cause="", version=9)
    page.locator("#other").blur()
    expect(page.locator("#binding-top")).to_contain_text("Queued")


def test_an_open_dialogue_stays_open(sign_in: Callable[..., Page]) -> None:
    run = factories.run(total=2)
    failed = factories.failed(run=run)
    moving = factories.binding("running", 3, run=run)
    page = sign_in("operator", f"/runs/{run.pk}/")
    page.click("#rp-wrong_password")
    page.fill("#pw-wrong_password", "half a pass")
    Binding.objects.filter(pk=moving.pk).update(state="done", step=8, version=5)
    factories.event(binding=moving, run=run)  # as each change has one: by that a poll looks again
    expect(page.locator("#run-progress")).to_contain_text("1 of 2")
    expect(page.locator("#pw-wrong_password")).to_be_visible()
    expect(page.locator("#pw-wrong_password")).to_have_value("half a pass")
    page.keyboard.press("Enter")
    expect(page.locator(".message")).to_contain_text("1 binding is tried again.")
    assert Binding.objects.get(pk=failed.pk).password == "half a pass"


def test_a_held_window_becomes_loud_by_itself(sign_in: Callable[..., Page]) -> None:
    window = factories.window(plan=factories.plan("Gold"))
    page = sign_in("viewer", "/events/")
    expect(page.locator("#status")).to_contain_text("Gold sells manually")
    cause = verbatim("the order of b7 was not answered")
    Window.objects.filter(pk=window.pk).update(held=True, version=3, cause=cause)
    expect(page.locator("#status.held")).to_contain_text("Gold is held")
    told = page.locator("#messages [role=alert]")
    expect(told).to_contain_text("Gold is held, open since")
    expect(told).to_contain_text("the order of b7 was not answered")
    page.evaluate("htmx.trigger('#poller', 'refresh')")
    expect(told).to_have_count(1)
    told.locator("a").click()
    page.wait_for_url(f"**/windows/{window.pk}/")
    expect(page.locator("#status.held")).to_be_visible()
    expect(page.locator("#messages .message")).to_have_count(0)


def test_a_hidden_page_asks_nothing(sign_in: Callable[..., Page]) -> None:
    factories.window()
    page = sign_in("viewer", "/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.evaluate("htmx.trigger('#poller', 'refresh')")
    assert [url for url in asked if "live" in url] == []
    page.evaluate("Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
    with page.expect_request("**/live/**"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_session_end_leads_to_the_login_page(sign_in: Callable[..., Page]) -> None:
    page = sign_in("viewer", "/accounts/")
    page.context.clear_cookies()
    page.evaluate("htmx.trigger('#poller', 'refresh')")
    page.wait_for_url("**/login/?next=/accounts/")
