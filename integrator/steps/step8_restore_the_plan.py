"""Step 8: “On the plan: disable the manual module”.

More exactly: put back what the snapshot says, in the same order. Restoring needs the snapshot
alone, never the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.messages.message import say
from integrator.steps.verdicts import Absent, Proven

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBER = 8
VERSION = 1


def verify(present: Sequence[int], own: Sequence[int]) -> Proven | Absent:
    """Whether the plan's modules are what they were before the window, in the same order."""
    if list(present) != list(own):
        return Absent(say("modules.before", on=str(list(present)), before=str(list(own))))
    return Proven({"modules_on": list(present), "as_before": True})
