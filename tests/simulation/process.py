"""A process that plays seeds: a fresh one finds these by name, which it could not in a script."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter

    from tests.simulation.simulate import Verdict


def ready() -> None:
    """Set Django up, once for each process."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()


def play(seed: int, taken_out: str = "") -> Verdict:
    """Play one seed, without a mend where one is named. Only a process that is ready can."""
    from tests.simulation.mends import without
    from tests.simulation.simulate import simulate

    with without(taken_out):
        return simulate(seed)


def mends() -> dict[str, tuple[int, ...]]:
    """What can be taken out, and some seeds that break a law then. Only when ready."""
    from tests.simulation.mends import MENDS

    return {name: mend.seeds for name, mend in MENDS.items()}


def missed(seen: Counter[str]) -> list[str]:
    """The rare paths that no seed has taken. Only a process that is ready can tell."""
    from tests.simulation import sometimes

    return [name for name in sometimes.MUST if not seen[name]]
