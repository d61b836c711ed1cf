"""Fixtures: rows of a small provider, and the sandbox's panels, registered and discovered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.core import heartbeat
from integrator.panel_access import transports
from integrator.refresh import discovery
from tests.services.mirrors import Hoster
from tests.services.registered_panels import billing, server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

    from tests.services.sandbox import Sandbox


@pytest.fixture
def hoster(db: None) -> Hoster:
    return Hoster()


@pytest.fixture
def real_panels(settings: Settings, transactional_db: None) -> Iterator[None]:
    """Calls to panels from this process: plain http on loopback is allowed, no thread is left."""
    settings.ALLOW_INSECURE_PANELS = settings.ALLOW_PRIVATE_PANELS = True
    yield
    heartbeat.stop()
    transports.LIMITER.release_all()


@pytest.fixture
def discovered(sandbox: Sandbox, real_panels: None) -> Sandbox:
    """The sandbox's panels, registered and discovered."""
    for panel in (billing(sandbox), server(sandbox)):
        discovery.discover(panel)
    return sandbox
