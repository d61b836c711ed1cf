"""What leaves in a CSV file cannot be taken for a formula."""

from __future__ import annotations

import pytest

from integrator.accounts.csv_cells import defused


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx", "＝1"])
def test_a_formula_is_shown_as_text(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "text"), [(-5, "-5"), ("+7.25", "+7.25"), (None, ""), ("a=b", "a=b")]
)
def test_everything_else_stays(value: object, text: str) -> None:
    assert defused(value) == text
