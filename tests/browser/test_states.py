"""Each page in the states that matter, as pictures to look at: ``make pictures``.

They go to ``PICTURES`` (``var/pictures``). What a machine can tell is checked on the way: nothing
is wider than the screen, and the browser complains of nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integrator.core import clock
from integrator.core.env import BASE_DIR
from integrator.messages.message import verbatim
from integrator.models import Binding, Window
from integrator.models.states import Phase
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

PICTURES = Path(os.environ.get("PICTURES") or BASE_DIR / "var" / "pictures")
VARIANTS = (
    ("light", "en", 1280),
    ("dark", "ru", 1280),
    ("light", "ru", 1024),
    ("dark", "en", 360),
)
HEIGHT = 900
MANY = 5000
LISTS = ["/", "/accounts/", "/runs/", "/windows/", "/panels/", "/drift/", "/events/"]


def empty() -> list[str]:
    """A new installation."""
    return [*LISTS, "/panels/add/", "/plan-map/", "/accounts/csv/", "/changes/", "/people/"]


def small() -> list[str]:
    """A panel, a dozen accounts, a run that is through."""
    factories.panel("billing", "billmanager")
    accounts = factories.many_accounts(12)
    run = factories.run(total=3)
    done = [factories.done(run=run, account=account) for account in accounts[:3]]
    window = factories.window(Phase.CLOSED, cohort=3, plan=done[0].plan)
    preview = factories.preview(3)
    return [
        *LISTS,
        *(f"/accounts/{accounts[5].pk}/", f"/previews/{preview.pk}/", f"/windows/{window.pk}/"),
        *(f"/runs/{run.pk}/", f"/runs/{run.pk}/report/", f"/bindings/{done[0].pk}/"),
    ]


def full() -> list[str]:
    """Thousands of accounts, and as many bindings under way."""
    factories.panel("billing", "billmanager")
    accounts = factories.many_accounts(MANY)
    run = factories.run(total=MANY)
    window = factories.window(plan=factories.plan("Business"), cohort=100)
    made = [
        factories.binding("running" if number < 100 else "queued", 3, run=run, account=account,
                          window=window if number < 100 else None)
        for number, account in enumerate(accounts[:400])
    ]  # fmt: skip
    return ["/", "/accounts/", "/accounts/?page=30", f"/runs/{run.pk}/", f"/bindings/{made[0].pk}/"]


def failing() -> list[str]:
    """All has failed, for several causes."""
    run = factories.run(total=20, state="paused", why=verbatim("5 bindings failed in a row"))
    causes = ["wrong_password", "order_refused", "unreachable", "debt"]
    made = [
        factories.failed(run=run, cause=causes[number % 4], cause_text=verbatim(factories.LONG))
        for number in range(20)
    ]
    return ["/", "/accounts/?state=attention", f"/runs/{run.pk}/", f"/bindings/{made[0].pk}/"]


def undecided() -> list[str]:
    """A person has to decide."""
    factories.panel("billing", "billmanager")
    binding = factories.undecided()
    return ["/", f"/runs/{binding.run_id}/", f"/bindings/{binding.pk}/"]


def held() -> list[str]:
    """A window is held, and another one has left something wrong behind."""
    plan = factories.plan("Business")
    window = factories.window(plan=plan, cohort=4, cause=verbatim("b7 was not answered"))
    binding = factories.binding("waiting", 3, window=window, plan=plan)
    Window.objects.filter(pk=window.pk).update(held=True, closing=True)
    closed = factories.window(
        Phase.CLOSED, alarm=verbatim("b3 has several services: 5007 and 5009"),
        compared_at=clock.now(),
    )  # fmt: skip
    factories.stranger(closed)
    return ["/", "/windows/", f"/windows/{closed.pk}/", f"/runs/{binding.run_id}/"]


def long_names() -> list[str]:
    """Names of all things are as long and as hostile as panels let them be."""
    panel = factories.panel(factories.LONG[:60])
    client = factories.client(factories.LONG)
    plan = factories.plan(factories.LONG * 2)
    run = factories.run(total=2)
    account = factories.account(
        factories.HOSTILE[:60], panel=panel, domain=factories.LONG * 2, client=client, plan=plan,
        fullname=factories.HOSTILE,
    )  # fmt: skip
    failed = factories.failed(run=run, account=account, cause_text=verbatim(factories.LONG * 3))
    window = factories.window(plan=plan, cohort=1)
    return [*LISTS, f"/accounts/{account.pk}/", f"/runs/{run.pk}/", f"/bindings/{failed.pk}/",
            f"/windows/{window.pk}/", f"/runs/{run.pk}/report/"]  # fmt: skip


STATES = (empty, small, full, failing, undecided, held, long_names)


@pytest.mark.parametrize("make", STATES, ids=lambda make: make.__name__)
def test_pictures(sign_in: Callable[..., Page], make: Callable[[], list[str]]) -> None:
    addresses = make()
    page = sign_in("admin", "/events/")
    site = page.url.removesuffix("/events/")
    folder = PICTURES / make.__name__
    folder.mkdir(parents=True, exist_ok=True)
    wide = []
    for theme, language, width in VARIANTS:
        cookies = {"theme": theme, "django_language": language}
        page.context.add_cookies(
            [{"name": name, "value": value, "url": site} for name, value in cookies.items()]
        )
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for address in addresses:
            page.goto(site + address)
            name = address.strip("/").replace("/", "-").replace("?", "-") or "overview"
            page.screenshot(path=folder / f"{name}.{theme}-{language}-{width}.png")
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                wide.append((address, language, width))
    assert wide == []
    assert len(list(folder.iterdir())) >= len(addresses) * len(VARIANTS)


SHIFTS = """
() => {
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
}
"""


@pytest.mark.parametrize("where", ["/accounts/", "/runs/{}/"])
def test_nothing_moves_while_a_batch_runs(sign_in: Callable[..., Page], where: str) -> None:
    accounts = factories.many_accounts(MANY)
    run = factories.run(total=200)
    made = [factories.binding("queued", 3, run=run, account=account) for account in accounts[:200]]
    page = sign_in("operator", where.format(run.pk))
    rows = page.locator("[data-row-tick]")
    if where == "/accounts/":
        rows.nth(3).check()
        rows.nth(5).check()
    page.evaluate(SHIFTS)
    states = (("running", 3), ("waiting", 6), ("running", 7), ("done", 8))
    for told, (state, step) in enumerate(states, start=1):
        for binding in made[:60]:
            Binding.objects.filter(pk=binding.pk).update(
                state=state, step=step, version=told, waiting_for="task"
            )
        factories.event(run=run, binding=made[0])
        with page.expect_response("**/live/**"):
            page.evaluate("htmx.trigger('#poller', 'refresh')")
    page.wait_for_function("document.querySelectorAll('.state.s-done').length >= 50")
    assert page.evaluate("window.shifted") < 0.01
    if where == "/accounts/":
        assert rows.nth(3).is_checked()
        assert rows.nth(5).is_checked()
