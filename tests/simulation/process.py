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


def play(seed: int) -> Verdict:
    """Play one seed. Only a process that is ready can."""
    from tests.simulation.simulate import simulate

    return simulate(seed)


def missed(seen: Counter[str]) -> list[str]:
    """The rare paths that no seed has taken. Only a process that is ready can tell."""
    from tests.simulation import sometimes

    return [name for name in sometimes.MUST if not seen[name]]
