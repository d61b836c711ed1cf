"""What one reading proves of an order and its charge."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from integrator.steps.verdicts import Ambiguous, Failed, Proven
from panels.billmanager.payments import Expense
from panels.billmanager.services import ACTIVE, Service
from tests import factories
from tests.factories import unsaved_binding

MANUAL, ISPMANAGER = 90, 11


def service(number: int, **fields: Any) -> Service:
    return factories.listed(number, **{"plan_id": 21, "module_id": MANUAL, **fields})


def charge(number: int, amount: str = "9.90", of: int | None = None) -> Expense:
    return Expense(number, "", 5, "", Decimal(amount), "EUR", of)


def test_what_was_there_before_the_order_is_not_it() -> None:
    found = step3.candidates(unsaved_binding(), 7, [service(7), service(8)], [])
    assert [one.id for one in found] == [8]


def test_what_another_binding_has_is_not_it() -> None:
    assert step3.candidates(unsaved_binding(), 7, [service(8)], {8}) == []


def test_what_bears_somebody_elses_mark_is_not_it() -> None:
    assert step3.candidates(unsaved_binding(), 7, [service(8, remoteid="theirs")], []) == []


def test_what_bears_our_mark_is_it_whatever_else_it_shows() -> None:
    ours = service(9, remoteid="itg-ours", domain="other.example")
    assert step3.candidates(unsaved_binding(), 7, [service(8), ours], []) == [ours]


def test_on_the_ispmanager_module_it_is_sound_with_our_username_alone() -> None:
    bound = service(8, module_id=ISPMANAGER, username="anna", status=ACTIVE)
    assert isinstance(step3.judge(unsaved_binding(), bound, {MANUAL}), Proven)
    opened = service(8, module_id=ISPMANAGER, username="user8", status=ACTIVE)
    assert isinstance(step3.judge(unsaved_binding(), opened, {MANUAL}), Ambiguous)
    known = unsaved_binding()
    known.service_id = 8
    assert isinstance(step3.judge(known, opened, {MANUAL}), Failed)


def test_one_charge_of_the_price_pays_and_two_are_a_persons_question() -> None:
    paid = service(8)
    assert isinstance(step4.verify(unsaved_binding(), paid, 100, [charge(101)]), Proven)
    two = [charge(101), charge(102)]
    assert isinstance(step4.verify(unsaved_binding(), paid, 100, two), Ambiguous)


def test_a_charge_from_before_the_order_pays_nothing() -> None:
    assert not isinstance(step4.verify(unsaved_binding(), service(8), 101, [charge(101)]), Proven)


@pytest.mark.parametrize("amount", ["9.90", "12.00"])
def test_a_charge_that_names_the_service_is_its_own_whatever_the_amount(amount: str) -> None:
    verdict = step4.verify(
        unsaved_binding(), service(8), 100, [charge(101, amount, of=8), charge(102)]
    )
    assert isinstance(verdict, Proven)
    assert verdict.evidence["charge"] == 101
    assert bool(verdict.evidence.get("differs")) == (amount != "9.90")
