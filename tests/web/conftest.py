"""What the tests of the pages share: somebody of each role, signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from integrator.core import heartbeat
from integrator.messages.message import verbatim
from integrator.web.layout import live
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def _long_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """No minute ends in the middle of a test, after which a poll looks once more in any case."""
    monkeypatch.setattr(live, "STAMP_SECONDS", 10**9)


@pytest.fixture
def signed_in(db: None) -> Iterator[Callable[[str], Client]]:
    """A browser in which a person of this role has signed in.

    A page that asks a panel lets this process keep leases; that ends before the database does.
    """

    def sign_in(role: str) -> Client:
        browser = Client()
        browser.force_login(factories.person(role))
        return browser

    yield sign_in
    heartbeat.stop()


@pytest.fixture
def viewer(signed_in: Callable[[str], Client]) -> Client:
    return signed_in("viewer")


@pytest.fixture
def operator(signed_in: Callable[[str], Client]) -> Client:
    return signed_in("operator")


@pytest.fixture
def admin(signed_in: Callable[[str], Client]) -> Client:
    return signed_in("admin")


@pytest.fixture
def operator_of_billing(operator: Client) -> Client:
    factories.billmanager(stopped=verbatim("no calls in this test"))
    return operator
