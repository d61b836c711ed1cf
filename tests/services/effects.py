"""Effects that are declared and never sent: what an intent is made of where none is to be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Declared:
    """An effect of this kind and step, with what would be sent and what was seen before."""

    kind: str
    number: int
    request: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """What would be sent."""
        return self.request

    def before(self) -> dict[str, Any]:
        """What was seen."""
        return self.seen

    def apply(self, send_by: float) -> None:
        """Nobody sends it."""
        raise AssertionError(send_by)


ORDER = Declared("order", 3, seen={"service": 0, "expense": 0})
