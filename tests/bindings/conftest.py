"""Fixtures of these tests: a provider with workers."""

from __future__ import annotations

from tests.services.provider_fixtures import (  # noqa: F401 - fixtures
    admin,
    operator,
    provider,
    provider_with,
    quick,
    workers,
)
