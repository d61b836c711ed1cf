"""Cohorts grow from one account on, and no small one comes last."""

from __future__ import annotations

import pytest

from integrator.previews.cohort_sizes import sizes


@pytest.mark.parametrize(
    ("count", "most", "cohorts"),
    [
        (0, 100, ()),
        (1, 100, (1,)),
        (12, 100, (1, 11)),
        (14, 100, (1, 7, 6)),
        (75, 100, (1, 10, 64)),
        (143, 200, (1, 10, 132)),
        (145, 200, (1, 10, 67, 67)),
        (311, 100, (1, 10, 100, 100, 100)),
        (312, 100, (1, 10, 76, 75, 75, 75)),
        (61, 20, (1, 10, 17, 17, 16)),
        (3, 1, (1, 1, 1)),
        (25, 10, (1, 8, 8, 8)),
    ],
)
def test_cohorts_grow(count: int, most: int, cohorts: tuple[int, ...]) -> None:
    assert tuple(sizes(count, 0, most)) == cohorts
