"""Fixtures of these tests: a small provider."""

from __future__ import annotations

from tests.services.panel_fixtures import (  # noqa: F401 - fixtures
    hoster,
)
