"""Forty accounts on two servers and three plans, by the command line alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.chaos.ledger_checks import complete

if TYPE_CHECKING:
    from tests.chaos.product import Product
    from tests.services.sandbox import Sandbox


def test_forty_accounts_of_a_file(
    product: Product, sandbox: Sandbox, accounts: list[dict[str, Any]]
) -> None:
    for _ in range(2):
        product.start("worker")
    chosen = [one for one in accounts if one["plan"] in {"Start", "Business", "Pro"}][:40]
    assert len({one["server"] for one in chosen}) == 2
    assert len({one["plan"] for one in chosen}) == 3
    assert max(Counter(one["client"] for one in chosen).values()) > 1
    output = product.bind(chosen).end()
    ledger = complete(output, product, sandbox, chosen)
    orders, calls = len(ledger["orders"]), sum(ledger["calls"].values())

    words = ("bind", "--csv", product.csv(chosen), "--autoprolong", "on")
    again = product.manage(*words, "--json")
    assert again.code == 2, again.out
    refused = again.json
    assert [one["line"] for one in refused["errors"]] == list(range(2, 42))
    assert len(refused["lines"]) == 40
    for number, text in enumerate(refused["lines"], start=2):
        assert text.startswith(f"line {number}, username: "), text
    in_words = product.manage(*words)
    assert in_words.code == 2
    assert "line 41" in in_words.err
    assert "Traceback" not in in_words.err
    ledger = sandbox.ledger()
    assert (len(ledger["orders"]), sum(ledger["calls"].values())) == (orders, calls)
    assert len(product.manage("runs", "--json").json["runs"]) == 1
