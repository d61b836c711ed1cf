"""Many accounts at 20 ms a call, on both databases, without an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.chaos.ledger_checks import complete

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.product import Product
    from tests.services.sandbox import Sandbox

WRONG = re.compile(r'"level": "(error|critical)"|Traceback|lease\.not_extended|lease\.lost')
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.mark.slow
@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize(
    "count",
    [120, pytest.param(1000, marks=pytest.mark.timeout(600))],
)
def test_many_accounts(
    count: int,
    database: str,
    fresh: Callable[..., tuple[Product, Sandbox]],
    request: pytest.FixtureRequest,
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else ""
    size = ("--accounts", str(count), "--clients", str(count * 9 // 10), "--plans", "3")
    product, sandbox = fresh(
        *size, "--latency", "20", database_url=url, max_parallel=32, LEASE_SECONDS="30"
    )  # fmt: skip
    accounts = sandbox.world()["accounts"]
    ledger = complete(product.bind(accounts).end(30 + count / 2), product, sandbox, accounts)
    assert len(ledger["orders"]) == count
    wrong = [line for line in product.said.splitlines() if WRONG.search(line)]
    assert wrong == []
    assert ledger["calls_max_parallel_by_panel"]["billmanager"] <= 32
