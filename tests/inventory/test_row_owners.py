"""Rows that name their client by text alone get the right owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.models import Service
from integrator.refresh import discovery

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database


def test_namesakes_by_text_alone_are_told_apart(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """All clients bear one name, and no list of services, users or payments shows an id."""
    provider = provider_with("--dialect", "toolbar-take", "--balance", "1.00")
    lists = {"account": "name", "user": "account", "vhost": "account", "expense": "account",
             "payment": "account_name"}  # fmt: skip
    cells = {f"{func} * {column}": "Namesake" for func, column in lists.items()}
    provider.sandbox.dials(odd_cells=cells | {"vhost * account": "As services write it"})
    discovery.discover(provider.panel)
    run = workers.finish(provider.start(4, payment="credit", paymethod="1"))
    assert run.state == "finished"
    provider.sound(done=4)
    discovery.discover(provider.panel)
    for service in Service.objects.filter(gone_at=None):
        assert service.client_id_remote is not None
