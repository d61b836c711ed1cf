"""Whether what is told of the time left is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integrator.runs.estimate import Estimate

FACTOR = 2.0
MINUTE = 60.0
"""The least time that is told: what is left counts as no less."""
ROUNDING = MINUTE / 2
"""Seconds by which a figure may be off because whole minutes are told."""


def is_right(told: Estimate, left: float) -> bool:
    """Whether neither end of the range, as it is told, is wrong by more than a factor of two.

    ``left``: the seconds that it took in truth.
    """
    ends = told.rounded()
    assert ends is not None
    assert told.longest is not None
    if told.longest < MINUTE:  # *under a minute*
        return left < FACTOR * MINUTE
    left = max(left, MINUTE)
    return all(left / FACTOR - ROUNDING <= end <= left * FACTOR + ROUNDING for end in ends)
