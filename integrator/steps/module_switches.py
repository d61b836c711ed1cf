"""What steps 2, 5 and 8 share: which modules of a plan to switch, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from panels.billmanager import BillManager
    from panels.billmanager.plans import PlanModule

KIND = "switch"


@dataclass(frozen=True, slots=True)
class Switch:
    """One module of one plan, on or off."""

    module_id: int
    on: bool


@dataclass(frozen=True, slots=True)
class SwitchModule:
    """Switches one module of a plan. ``enabled``: those that were seen to be on before."""

    kind: ClassVar = KIND

    bm: BillManager
    number: int
    plan_id: int
    switch: Switch
    enabled: Sequence[int] | None

    def describe(self) -> dict[str, Any]:
        """Which module of which plan, and which way."""
        return {"plan": self.plan_id, "module": self.switch.module_id, "on": self.switch.on}

    def before(self) -> dict[str, Any]:
        """What was on."""
        return {"enabled": self.enabled}

    def apply(self, send_by: float) -> None:
        """Switch it; to repeat this changes nothing. Raises what ``panels`` raises."""
        plans = self.bm.plans
        act = plans.switch_on if self.switch.on else plans.switch_off
        act(self.plan_id, self.switch.module_id, send_by=send_by)


def enabled(modules: Iterable[PlanModule]) -> list[int]:
    """Ids of the modules that are on, in the plan's order."""
    return [module.id for module in modules if module.enabled]


def switches(present: Sequence[int], wanted: Sequence[int]) -> list[Switch]:
    """The switches that turn ``present`` into ``wanted``: all that go on first, then those off.

    A plan must never have an empty module set, not for a moment: a customer's order would find
    no module at all (design.md, section 5).
    """
    ons = [Switch(module, on=True) for module in wanted if module not in present]
    offs = [Switch(module, on=False) for module in present if module not in wanted]
    return ons + offs


def snapshot(modules: Iterable[PlanModule], *, without: Collection[int]) -> list[dict[str, Any]]:
    """The plan's modules as JSON, in order, to restore from.

    ``without``: our own manual modules. Should one be on at rest, an earlier window left it on;
    restoring must not put it back.
    """
    return [
        {
            "id": module.id,
            "name": module.name,
            "enabled": module.enabled,
            "orderpriority": module.orderpriority,
        }
        for module in modules
        if module.id not in without
    ]


def own(snapshot_rows: Iterable[dict[str, Any]]) -> list[int]:
    """Ids of the modules that the provider sells this plan with, in the plan's order."""
    return [row["id"] for row in snapshot_rows if row["enabled"]]
