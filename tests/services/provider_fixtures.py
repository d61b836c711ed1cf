"""Fixtures: a hosting provider with workers, and people who have signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from integrator.core import heartbeat
from integrator.panel_access import transports
from tests import factories
from tests.services.provider import Provider, Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.fixtures import Settings

    from tests.services.sandbox import Sandbox

QUICK = ("--task-delay", "0.05", "--close-delay", "0.05")


@pytest.fixture
def quick(settings: Settings, transactional_db: None) -> Iterator[None]:
    """Spans of seconds instead of minutes, plain http on loopback, no thread left behind."""
    settings.ALLOW_INSECURE_PANELS = settings.ALLOW_PRIVATE_PANELS = True
    settings.SETTLE_SECONDS, settings.READ_TIMEOUT, settings.LEASE_SECONDS = 1.0, 3.0, 4.0
    settings.HORIZON_SECONDS = 6.0
    yield
    heartbeat.stop()
    transports.LIMITER.release_all()


@pytest.fixture
def workers(quick: None) -> Iterator[Workers]:
    with Workers() as threads:
        yield threads


@pytest.fixture
def provider_with(quick: None, start_sandbox: Callable[..., Sandbox]) -> Callable[..., Provider]:
    """Makes a provider with two servers; further options are the sandbox's."""

    def make(*options: str, accounts: int = 14) -> Provider:
        sandbox = start_sandbox(
            "--accounts", str(accounts), "--clients", "7", "--plans", "3", *QUICK, *options,
            ispmanagers=2,
        )  # fmt: skip
        return Provider(sandbox)

    return make


@pytest.fixture
def provider(provider_with: Callable[..., Provider]) -> Provider:
    return provider_with()


@pytest.fixture
def operator(transactional_db: None) -> Client:
    """A browser in which an operator has signed in."""
    browser = Client()
    browser.force_login(factories.person("operator"))
    return browser


@pytest.fixture
def admin(db: None) -> Client:
    browser = Client()
    browser.force_login(factories.person("admin"))
    return browser
