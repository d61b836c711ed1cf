"""Step 2: “On the tariff plan: disable the ispmanager module, enable the manual one”.

All of the plan's own modules go off, whichever server they serve: an order that reaches any of
them would open a *new* hosting account (billmanager.md 7.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrator.messages.message import say
from integrator.steps.verdicts import Absent, Proven

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

NUMBER = 2
VERSION = 1


def wanted(manual_modules: Sequence[int]) -> list[int]:
    """The module set of *manual only*."""
    return list(manual_modules)


def verify(present: Sequence[int], manual_modules: Collection[int]) -> Proven | Absent:
    """Whether nothing but our manual modules is on."""
    strangers = [module for module in present if module not in manual_modules]
    if strangers or not present:
        text = say("modules.wanted", on=str(list(present)), wanted=str(sorted(manual_modules)))
        return Absent(text)
    evidence: dict[str, Any] = {"modules_on": list(present)}
    return Proven(evidence)
