"""Every page by the rules of axe, in both themes; nothing is wider than the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from integrator.core import clock
from integrator.messages.message import verbatim
from integrator.messages.reasons import reason
from integrator.models.states import Phase
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


WIDE_LETTERS = """
() => document.querySelectorAll('*').forEach(one => { one.style.fontFamily = 'monospace'; })
"""
"""Systems differ in their letters; hardly any are as wide as these."""


def everything() -> list[str]:
    """One of each thing; the addresses of all pages."""
    factories.many_accounts(12)
    factories.account(factories.HOSTILE[:60], domain=factories.LONG * 2)
    run = factories.run(total=5)
    failed = factories.failed(run=run)
    undecided = factories.undecided(run=run)
    factories.done(run=run)
    window = factories.window(plan=factories.plan(factories.LONG * 2), held=True, closing=True,
                              cause=verbatim(factories.LONG * 3))  # fmt: skip
    factories.binding("running", 4, run=run, window=window)
    factories.binding("waiting", 6, run=run, waiting_for="task")
    closed = factories.window(
        Phase.CLOSED, alarm=verbatim("a second account"), compared_at=clock.now()
    )
    factories.stranger(closed, domain=factories.LONG)
    factories.stranger(closed, state="opened", handed_by="operator")
    factories.new_user(closed)
    factories.canary(closed, failed)
    fitting = factories.client(factories.LONG)
    asked = factories.account("asked", state="choose", active=False, email=factories.LONG,
                              match_candidates=[fitting.remote_id])  # fmt: skip
    factories.drift(factories.LONG, account=factories.account(service=factories.service()))
    factories.event(binding=failed, run=run, why=verbatim(factories.LONG * 2))
    server, preview = factories.panel(factories.LONG[:60]), factories.preview(3)
    preview.summary["rehearsal"] = {
        "state": "done", "at": clock.now().isoformat(), "forms": 3, "seconds": 0.4, "wrong": 1,
        "steps": [{"step": 2, "found": [reason("plan_back", plan=factories.LONG, own="x")],
                   "unknown": [reason("learn_close")],
                   "wrong": [reason("step_unread", said=factories.LONG * 2)]}],
    }  # fmt: skip
    preview.save()
    factories.panel("billing", "billmanager")
    guided = factories.run(total=1)
    guided.preview.guided = True
    guided.preview.save()
    asking = factories.window(plan=factories.plan(factories.LONG), asks=3)
    factories.binding("waiting", 3, run=guided, window=asking, plan=asking.plan)
    factories.change(factories.LONG, server)
    factories.account(email="nobody@mail.example", fullname=factories.HOSTILE[:60])
    return ["/", "/accounts/", "/accounts/csv/", "/accounts/clients/",
            f"/accounts/{asked.pk}/", f"/accounts/{asked.pk}/choose/", "/drift/", "/changes/",
            f"/previews/{preview.pk}/", "/runs/",
            f"/runs/{run.pk}/", f"/runs/{guided.pk}/guided/", f"/bindings/{failed.pk}/",
            f"/bindings/{undecided.pk}/",
            f"/windows/{closed.pk}/", f"/bindings/{failed.pk}/undo/",
            "/windows/", "/panels/", f"/panels/{server.pk}/", "/panels/add/", "/plan-map/",
            "/events/", "/people/"]  # fmt: skip


@pytest.mark.parametrize(
    ("theme", "width"),
    [("light", 1280), pytest.param("dark", 1280, marks=pytest.mark.slow), ("dark", 360)],
)
def test_axe_finds_nothing(sign_in: Callable[..., Page], theme: str, width: int) -> None:
    addresses = everything()
    page = sign_in("admin", "/events/")
    site = page.url.removesuffix("/events/")
    page.context.add_cookies([{"name": "theme", "value": theme, "url": site}])
    page.set_viewport_size({"width": width, "height": 800})
    found = {}
    for address in addresses:
        page.goto(site + address)
        result = Axe().run(page)
        if result.violations_count:
            found[address] = result.generate_report()
    assert not found, "\n".join(f"{k}: {v}" for k, v in found.items())


@pytest.mark.parametrize("language", ["en", "ru"])
def test_nothing_is_wider_than_the_screen(sign_in: Callable[..., Page], language: str) -> None:
    addresses = everything()
    page = sign_in("admin", "/events/")
    site = page.url.removesuffix("/events/")
    page.context.add_cookies([{"name": "django_language", "value": language, "url": site}])
    wide = []
    for address in addresses:
        page.goto(site + address)
        for width in (360, 1024, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            root = "document.documentElement"
            if page.evaluate(f"{root}.scrollWidth > window.innerWidth"):
                wide.append((width, address))
        page.evaluate(WIDE_LETTERS)
        for width in (360, 1024):
            page.set_viewport_size({"width": width, "height": 800})
            if page.evaluate(f"{root}.scrollWidth > window.innerWidth"):
                wide.append((width, f"{address} in wide letters"))
    assert wide == []


def test_a_phone_shows_whose_binding_it_is_and_why_something_happened(
    sign_in: Callable[..., Page],
) -> None:
    run = factories.run(total=1)
    account = factories.account("hollowpress60")
    failed = factories.failed(run=run, account=account)
    factories.event(binding=failed, run=run, why=verbatim("isp1 auth: HTTP 500"))
    page = sign_in("admin", f"/runs/{run.pk}/")
    page.set_viewport_size({"width": 360, "height": 800})
    cell = page.get_by_role("rowheader", name="hollowpress60")
    assert cell.evaluate("cell => cell.scrollWidth <= cell.clientWidth")
    assert cell.evaluate("cell => cell.clientWidth") > 100
    steps = page.locator(".run-rows .strip").first
    edge = "strip => strip.closest('td').getBoundingClientRect().right"
    assert steps.evaluate(f"{edge} - strip.getBoundingClientRect().right") >= 6
    page.goto(page.url.replace(f"/runs/{run.pk}/", "/events/"))
    assert page.get_by_text("isp1 auth: HTTP 500").locator("visible=true").count() == 1
