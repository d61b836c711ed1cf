"""The sizes of the cohorts on a plan: small ones first, then as many as may share a window."""

from __future__ import annotations

import math

from integrator.models.preview import COHORT_GROWTH


def next_size(waiting: int, after: int, most: int) -> int:
    """The size of the next cohort of so many that wait, after so many windows on their plan.

    Those that are left are shared out evenly, so that no small one comes last.

    >>> next_size(300, 0, 200), next_size(300, 2, 200), next_size(300, 3, 200)
    (1, 50, 150)
    """
    if after < len(COHORT_GROWTH) and COHORT_GROWTH[after] < most:
        return min(COHORT_GROWTH[after], waiting)
    return math.ceil(waiting / max(math.ceil(waiting / most), 1))


def sizes(waiting: int, after: int, most: int) -> list[int]:
    """The sizes of all cohorts to come, see ``next_size``.

    >>> sizes(75, 0, 100), sizes(75, 2, 100), sizes(75, 9, 20)
    ([1, 10, 50, 14], [50, 25], [19, 19, 19, 18])
    """
    found: list[int] = []
    while waiting > 0:
        found.append(next_size(waiting, after + len(found), most))
        waiting -= found[-1]
    return found
