"""The sizes of the cohorts on a plan: small ones first, then as many as may share a window."""

from __future__ import annotations

import math

from integrator.models.preview import CANARY, COHORT_GROWTH

STRETCH = 1.2
"""By what a cohort may be larger where all the rest goes with it: a few more risk little, and would
else need a window of their own."""


def next_size(waiting: int, done: int, most: int) -> int:
    """The size of the next cohort of so many that wait, where so many are done; ``most`` at most.

    Those that are left are shared out evenly, so that no small one comes last.

    >>> next_size(300, 0, 200), next_size(300, 1, 200), next_size(12, 1, 200)
    (1, 10, 12)
    """
    if not done:
        return min(CANARY, waiting)
    proven = min(COHORT_GROWTH * done, most)
    if waiting <= min(proven * STRETCH, most):
        return waiting
    return math.ceil(waiting / math.ceil(waiting / proven))


def sizes(waiting: int, done: int, most: int) -> list[int]:
    """The sizes of all cohorts to come, see ``next_size``, where all of them are done.

    >>> sizes(75, 0, 100), sizes(300, 1, 100), sizes(75, 99, 20)
    ([1, 10, 64], [10, 97, 97, 96], [19, 19, 19, 18])
    """
    found: list[int] = []
    while waiting > 0:
        found.append(next_size(waiting, done + sum(found), most))
        waiting -= found[-1]
    return found
