"""What leaves in a CSV file cannot be taken for a formula."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.previews.csv.cell_rules import defused, restored


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx", "＝1"])
def test_a_formula_is_shown_as_text(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "text"), [(-5, "-5"), ("+7.25", "+7.25"), (None, ""), ("a=b", "a=b")]
)
def test_everything_else_stays(value: object, text: str) -> None:
    assert defused(value) == text


@given(st.text("'=+-@09.x\t ", max_size=8))
def test_what_went_out_comes_in_again_as_it_was(text: str) -> None:
    assert restored(defused(text)) == text
