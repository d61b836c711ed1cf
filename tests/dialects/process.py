"""A process that plays seeds: a fresh one finds this by name, which it could not in a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.dialects.trial import Verdict


def play(seed: int) -> Verdict:
    """Play one seed. Only a process that is ready can, see `tests.simulation.process`."""
    from tests.dialects import trial

    return trial.play(seed)
