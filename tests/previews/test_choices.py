"""The choices for a run."""

from __future__ import annotations

from typing import Any

import pytest

from integrator.core.errors import Refused
from integrator.previews.choices import Choices, PayMethod, find_paymethod

METHODS = [PayMethod(3, "Bank", "EUR"), PayMethod(4, "Bonus"), PayMethod(5, "Bonus"),
           PayMethod(6, "3", "EUR")]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"payment": "cash"},
        {"payment": "credit"},
        {"paymethod": "Bank"},
        {"check_passwords": True, "reset_passwords": True},
        {"cohort": 0},
        {"cohort": 1001},
        {"period": 0},
        {"period": 121},
        {"hours": "2-6"},
        {"hours": "25:00-06:00"},
        {"hours": "06:00-06:00"},
        {"expires": "tomorrow"},
        {"expires": "2031-02-30"},
    ],
)
def test_what_does_not_fit_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        Choices(**wrong).checked()
    assert len(refused.value.lines) == 1


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(Refused) as refused:
        Choices(payment="credit", cohort=0, hours="late").checked()
    assert len(refused.value.lines) == 3


@pytest.mark.parametrize("hours", ["", "02:00-06:00", "22:30-04:00"])
def test_good_choices_pass(hours: str) -> None:
    assert Choices(payment="credit", paymethod=" Bank ", hours=hours).checked().paymethod == "Bank"


def test_a_payment_method_by_id_before_name() -> None:
    assert find_paymethod("3", METHODS).name == "Bank"
    assert find_paymethod("Bank", METHODS).id == 3


@pytest.mark.parametrize("word", ["Bonus", "Cash", "99", "bank"])
def test_a_payment_method_that_is_not_one_is_refused(word: str) -> None:
    with pytest.raises(Refused) as refused:
        find_paymethod(word, METHODS)
    assert len(refused.value.lines) == len(METHODS)
