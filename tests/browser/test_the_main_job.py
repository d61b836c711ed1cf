"""The main job through the browser: filter, select, preview, bind, watch, retry; the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from integrator.models import Account, Binding

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.services.provider import Provider, Workers


def test_from_a_filter_to_done_with_one_wrong_password(
    sign_in: Callable[..., Page],
    provider: Provider,
    workers: Workers,
) -> None:
    chosen = [a for a in provider.accounts if a["server"] == "isp1"]
    matching = Account.objects.filter(panel__name="isp1").count()
    wrong = chosen[0]
    page = sign_in("operator", "/accounts/")

    page.select_option("[name=server]", label="isp1")
    expect(page.locator("[data-row-tick]")).to_have_count(matching)
    page.locator("#all-matching").check()
    expect(page.locator("#picked")).to_have_text(str(matching))
    page.locator("#bind").click()

    page.check("[name=autoprolong][value=on]")
    page.check("[name=passwords][value=check]")
    passwords = {a["username"]: a["password"] for a in chosen} | {wrong["username"]: "not this"}
    page.fill("[name=password_list]", "\n".join(" ".join(pair) for pair in passwords.items()))
    page.get_by_role("button", name="Make the preview").click()

    expect(page.locator("h1")).to_contain_text(f"{len(chosen)} accounts can be bound")
    assert "not this" not in page.content()
    with workers.sweeping():
        page.locator("[popovertarget=start]").first.click()
        page.locator("#start .primary:visible").click()
        page.wait_for_url("**/runs/*/")
        expect(page.locator("#run-causes")).to_contain_text("Wrong password")
        done = len(chosen) - 1
        expect(page.locator("main")).to_contain_text(f"{done} of {len(chosen)}")

        failed = Binding.objects.get(state="failed")
        page.get_by_role("link", name=wrong["username"]).first.click()
        page.wait_for_url(f"**/bindings/{failed.pk}/")
        page.locator("#retry-password").click()
        page.fill("#retry [name=password]", wrong["password"])
        page.locator("#retry .primary").click()
        expect(page.locator("#binding-top")).to_contain_text("Done")
    provider.sound(done=len(chosen))
    assert wrong["password"] not in page.content()
