"""Cohorts grow from one account on, and no small one comes last."""

from __future__ import annotations

import pytest

from integrator.previews.cohort_sizes import sizes


@pytest.mark.parametrize(
    ("count", "most", "cohorts"),
    [
        (0, 100, ()),
        (1, 100, (1,)),
        (12, 100, (1, 10, 1)),
        (75, 100, (1, 10, 50, 14)),
        (261, 100, (1, 10, 50, 100, 100)),
        (262, 100, (1, 10, 50, 67, 67, 67)),
        (61, 20, (1, 10, 17, 17, 16)),
        (3, 1, (1, 1, 1)),
        (25, 10, (1, 8, 8, 8)),
    ],
)
def test_cohorts_grow(count: int, most: int, cohorts: tuple[int, ...]) -> None:
    assert tuple(sizes(count, 0, most)) == cohorts
