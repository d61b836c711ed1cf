"""Step 5: “On the plan: enable both the manual and the ispmanager module”.

*Both* is what was on before, our manual modules, and the ispmanager module of each server whose
accounts wait (design.md, section 5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.messages.message import say
from integrator.steps.verdicts import Absent, Proven

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

NUMBER = 5
VERSION = 1


def wanted(own: Sequence[int], targets: Collection[int], manual: Sequence[int]) -> list[int]:
    """The module set of *both*, the plan's own first."""
    extra = [module for module in sorted(targets) if module not in own]
    return [*own, *extra, *(module for module in manual if module not in own)]


def verify(present: Sequence[int], wanted_modules: Collection[int]) -> Proven | Absent:
    """Whether just these modules are on."""
    if set(present) != set(wanted_modules):
        text = say("modules.wanted", on=str(list(present)), wanted=str(sorted(wanted_modules)))
        return Absent(text)
    return Proven({"modules_on": list(present)})
