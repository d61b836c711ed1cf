"""Fixtures of these tests: the stand-in panels, and a provider with workers."""

from __future__ import annotations

from tests.services.panel_fixtures import (  # noqa: F401 - fixtures
    discovered,
    hoster,
    real_panels,
)
from tests.services.provider_fixtures import (  # noqa: F401 - fixtures
    provider,
    provider_with,
    quick,
    workers,
)
