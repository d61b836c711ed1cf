"""Fixtures of these tests: a provider with workers, and threads that make calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.panel_access.parallel import senders
from tests.services.provider_fixtures import (  # noqa: F401 - fixtures
    admin,
    operator,
    provider,
    provider_with,
    quick,
    workers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings


@pytest.fixture
def threads(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Calls are made by threads, as in a worker."""
    settings.WORKER_THREADS = 16
    monkeypatch.setattr(senders, "_pools", {})
    yield
    for pool in senders._pools.values():
        pool.shutdown()
