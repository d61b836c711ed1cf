"""A real browser in front of a real server, with somebody signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from integrator.core import heartbeat
from tests import factories
from tests.services.provider_fixtures import (  # noqa: F401 - fixtures of the main job, through a browser
    provider,
    provider_with,
    quick,
    workers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer

# The cores are shared, and the panels take their time.
expect.set_options(timeout=60_000)


# A request that was under way when the page was left is no fault of the page: htmx tells of it
# by the first name together with one of the others.
CUT_SHORT = ("htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser complains of: blocked by the policy, script errors, missing files."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    yield said
    assert [text for text in said if not text.startswith(CUT_SHORT)] == []


@pytest.fixture
def sign_in(
    page: Page, live_server: LiveServer, transactional_db: None, complaints: list[str]
) -> Iterator[Callable[..., Page]]:
    """Signs somebody of a role in, by the form, and opens an address.

    A page that asks a panel lets this process keep leases; that ends before the database does.
    """

    def open_as(role: str, address: str = "/") -> Page:
        person = factories.person(role)
        page.goto(f"{live_server.url}/login/?next={address}")
        page.fill("[name=username]", person.username)
        page.fill("[name=password]", factories.PASSWORD)
        page.click(".sign-in .primary")
        page.wait_for_url(f"**{address}")
        return page

    yield open_as
    page.close()
    heartbeat.stop()
