"""`manage.py clients`: who is missing, and creating them on a person's word."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Installation
    from tests.services.sandbox import Sandbox

EMAIL = "ordered.by.csv@mail.example"


def test_clients_are_listed_and_created_on_demand_alone(
    ready: Installation, sandbox: Sandbox
) -> None:
    listed = ready.manage("clients", "--json")
    assert listed.code == 0
    assert listed.json == {"clients": []}
    for words in (("--create", EMAIL), ("--create", EMAIL, "--country", "Atlantis"),
                  ("--create", "no-mail", "--country", "276")):  # fmt: skip
        assert ready.manage("clients", *words).code == 2
    assert sandbox.ledger()["clients_created"] == []
    made = ready.manage("clients", "--create", EMAIL, "--country", "Germany", "--json")
    (row,) = made.json["clients"]
    assert (made.code, row["email"], row["state"], row["made"]) == (0, EMAIL, "done", True)
    again = ready.manage("clients", "--create", EMAIL, "--country", "Germany", "--json")
    assert again.json["clients"][0]["client"] == row["client"]
    assert len(sandbox.ledger()["clients_created"]) == 1
