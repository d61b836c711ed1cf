"""A preview that loads itself anew when its rehearsal has ended or its run was started."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from integrator.models import Account
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.previews.rehearsal import rehearsal
from integrator.runs.launch import launch
from integrator.web.previews import previews

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from playwright.sync_api import Page, Response

    from integrator.models import Preview, Run
    from tests.services.provider import Provider


LOOK_OFTEN = "setInterval(() => htmx.trigger('#poller', 'refresh'), 100)"


def reloads(answer: Response) -> bool:
    return answer.headers.get("hx-refresh") == "true"


def test_it_waits_for_who_types_and_for_a_start_that_is_on_its_way(
    sign_in: Callable[..., Page], provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [account["username"] for account in provider.accounts[:2]]
    someone = Account.objects.filter(username__in=names)
    known = {someone.get(username=names[1]).pk: "s3cret"}
    made = preview.make(Choices(autoprolong=True), someone, "operator", passwords=known)
    rehearsal.ask_for(made)
    page = sign_in("operator", f"/previews/{made.pk}/")
    page.evaluate(LOOK_OFTEN)
    password = page.locator("input[type=password]").first
    page.locator("details", has=password).locator("summary").click()
    password.fill("secret")
    with page.expect_response(reloads):
        rehearsal.rehearse(made)
    page.locator("[popovertarget=start]").first.click()
    page.fill("#canary", "isp1:som")
    page.keyboard.press("Tab")  # nobody types now, but the dialogue is open
    with page.expect_response(reloads):
        pass  # it is told again, and waits again
    expect(page.locator("#canary")).to_have_value("isp1:som")
    expect(password).to_have_value("secret")
    password.fill("")
    with page.expect_navigation():
        page.keyboard.press("Escape")
        page.locator("h1").click()

    told = threading.Event()
    page.on("response", lambda answer: told.set() if reloads(answer) else None)

    def slow(found: Preview, actor: str) -> Run:
        run = launch(found, actor)
        assert told.wait(20), "the page did not ask while its start was on its way"
        return run

    monkeypatch.setattr(previews, "launch", slow)
    page.evaluate(LOOK_OFTEN)
    page.evaluate("document.querySelector('#start form').requestSubmit()")  # no dialogue is open
    page.wait_for_url("**/runs/*/")
