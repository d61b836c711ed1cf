"""The comparison by which tests judge a ledger finds what is otherwise, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.ledger_comparison import other_plans, other_services

SERVICE = {"id": 5, "status": 2, "paid": True, "username": "anna", "remoteid": "m1"}
LEDGER: dict[str, Any] = {
    "services": [SERVICE, {**SERVICE, "id": 6, "remoteid": "m2"}],
    "plans": [{"id": 21, "modules": [11, 12]}, {"id": 22, "modules": []}],
}


def test_services_as_wanted_are_not_told() -> None:
    wanted = [(5, {"username": "anna", "remoteid": "m1"}), (6, {"remoteid": "m2"})]
    assert not [*other_services(LEDGER, wanted)]


@pytest.mark.parametrize("change", [{"status": 5}, {"paid": False}, {"username": "bob"}])
def test_a_service_that_is_otherwise_is_told(change: dict[str, Any]) -> None:
    ledger = {**LEDGER, "services": [{**SERVICE, **change}]}
    assert len([*other_services(ledger, [(5, {"username": "anna"})])]) == 1


@pytest.mark.parametrize("service", [None, 7])
def test_a_service_that_is_not_there_is_told(service: int | None) -> None:
    assert len([*other_services(LEDGER, [(service, {})])]) == 1


def test_a_service_that_serves_two_is_told() -> None:
    wanted = [(5, {"remoteid": "m1"}), (5, {"remoteid": "m2"})]
    assert len([*other_services(LEDGER, wanted)]) == 1


def test_a_plan_that_sells_otherwise_is_told() -> None:
    assert not [*other_plans(LEDGER, {21: [(12, 11), (11, 12)], 22: [()]})]
    assert len([*other_plans(LEDGER, {21: [[12, 11]], 22: [[13]], 23: [[11]]})]) == 3
