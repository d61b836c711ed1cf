"""How long plans are exposed."""

from __future__ import annotations

import pytest

from integrator.previews.exposure import cohorts


@pytest.mark.parametrize(
    ("count", "full", "sizes"),
    [
        (0, 100, ()),
        (1, 100, (1,)),
        (12, 100, (1, 10, 1)),
        (75, 100, (1, 10, 50, 14)),
        (261, 100, (1, 10, 50, 100, 100)),
        (61, 20, (1, 10, 20, 20, 10)),
        (3, 1, (1, 1, 1)),
        (25, 10, (1, 10, 10, 4)),
    ],
)
def test_cohorts_grow(count: int, full: int, sizes: tuple[int, ...]) -> None:
    assert cohorts(count, full) == sizes
