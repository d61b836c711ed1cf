"""What every part is given and gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tests.bench.measures import Measure
    from tests.bench.sizes import Sizes

    Taken = tuple[list[Measure], dict[str, Any]]
    """Its measures, and a record of what they came from."""

PLANS = 3
"""Of a run against the rivals."""


class Given(NamedTuple):
    """``database`` is ``sqlite`` or ``postgres``; ratios are medians of so many ``rounds``.

    ``full``: it may take its time.
    """

    database: str
    sizes: Sizes
    rounds: int
    full: bool = False
