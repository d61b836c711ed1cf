"""Rules of plans and cash registers, as a discovery keeps them among its facts.

``sale_rules`` plan id → what applies of `panels.billmanager.sale_rules`; ``plan_groups`` group →
the most services that a client may have of it; ``registers`` [[name, whether it prints for charges
too (None: absent)], …].
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrator.models import Panel
    from panels.billmanager.registers import Register
    from panels.billmanager.sale_rules import SaleRules

RULES, GROUPS, REGISTERS = "sale_rules", "plan_groups", "registers"
"""Keys among the facts of a discovery."""


def kept(rules: SaleRules) -> dict[str, Any]:
    """The rules as they are stored: only what applies."""
    given = {name: value for name, value in asdict(rules).items() if value}
    return {**given, "ends": rules.ends.isoformat()} if rules.ends else given


def kept_registers(found: Iterable[Register]) -> list[list[Any]]:
    """The cash registers as a discovery stores them."""
    return [[one.name, one.charges] for one in found]


def registers(panel: Panel | None) -> list[tuple[str, bool | None]]:
    """The cash registers that the last discovery saw, as ``REGISTERS`` keeps them."""
    facts = panel.discovery.get("facts", {}) if panel is not None else {}
    return [(name, charges) for name, charges in facts.get(REGISTERS, [])]
