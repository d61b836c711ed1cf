"""Fixtures of these tests: the stand-in panels."""

from __future__ import annotations

from tests.services.panel_fixtures import (  # noqa: F401 - fixtures
    discovered,
    hoster,
    real_panels,
)
