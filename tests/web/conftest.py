"""What the tests of the pages share: somebody of each role, signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def signed_in(db: None) -> Callable[[str], Client]:
    """A browser in which a person of this role has signed in."""

    def sign_in(role: str) -> Client:
        browser = Client()
        browser.force_login(factories.person(role))
        return browser

    return sign_in


@pytest.fixture
def operator(signed_in: Callable[[str], Client]) -> Client:
    return signed_in("operator")


@pytest.fixture
def admin(signed_in: Callable[[str], Client]) -> Client:
    return signed_in("admin")
