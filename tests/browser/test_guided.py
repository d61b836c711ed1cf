"""A first binding through the browser, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from integrator.previews import preview
from integrator.previews.choices import Choices

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.services.provider import Provider, Workers


def test_a_first_binding_is_walked_from_the_preview_on(
    sign_in: Callable[..., Page], provider: Provider, workers: Workers
) -> None:
    account = provider.accounts[0]
    rows = provider.csv(provider.accounts[:3])
    made = preview.make_from_csv(Choices(autoprolong=True), rows, "anna")
    page = sign_in("admin", f"/previews/{made.pk}/")
    with workers.sweeping():
        page.locator("[popovertarget=start]").first.click()
        page.locator("#start [name=guided]").check()
        page.locator("#start .primary:visible").click()
        page.wait_for_url("**/guided/")
        card = page.locator("#guided-now")
        for step, sent in (
            (1, "processing.add.settings"),
            (2, "pricelist.processing.suspend"),
            (3, "v2.vhost.order.param"),
            (5, "pricelist.processing.resume"),
            (7, "task.edit"),
        ):
            expect(card.locator("h2")).to_contain_text(f"Before step {step}:")
            expect(card).to_contain_text(sent)
            expect(card.locator("time[data-until]")).to_contain_text(":")
            assert account["password"] not in page.content()
            if step == 3:
                expect(card).to_contain_text("What was seen of step 2")
                page.locator("#otherwise").click()
                page.wait_for_url("**/panels/*/?step=3*")
                expect(page.locator("#dialect")).to_contain_text("client_filter")
                expect(page.locator("#dialect")).not_to_contain_text("task_close")
                page.go_back()
            page.locator("#go-on").click()
        expect(card).to_contain_text("The first binding is done")
        page.locator("#guided-now .button").first.click()
        page.wait_for_url("**/runs/*/")
        expect(page.locator("main")).to_contain_text("1 of 1")
    provider.sound(done=1)
