"""What was measured, and whether its target is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.bench.targets import TARGETS, Target


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure with its target.

    ``size``: of how many accounts, bindings or whatever else its target names. ``note`` says what
    the figure rests on.
    """

    target: Target
    value: float
    size: int
    note: str = ""

    @property
    def judged(self) -> bool:
        """Whether it was taken of as much as its target asks for."""
        return self.size >= self.target.size

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None where the figure is not judged."""
        if not self.judged:
            return None
        bound = self.target.bound
        return self.value >= bound if self.target.least else self.value <= bound

    @property
    def share(self) -> float:
        """How far the target is reached: 1 at the target, more where it is better.

        Infinite where nothing is left of what should be little.
        """
        if self.target.least:
            return self.value / self.target.bound
        return self.target.bound / self.value if self.value > 0 else float("inf")

    @property
    def verdict(self) -> str:
        """The verdict in words; of a figure that is not judged, its size."""
        words = {True: "reached", False: "missed", None: f"not judged: {self.of}"}
        return words[self.reached]

    @property
    def figure(self) -> str:
        """The value with its unit."""
        return f"{self.value:.2f} {self.target.unit}".strip()

    @property
    def of(self) -> str:
        """The size, with what it counts."""
        return f"{self.size:,} {self.target.of}"

    def as_json(self) -> dict[str, Any]:
        """The measure, for a file; ``of_json`` reads it."""
        return {
            "key": self.target.key,
            "measure": self.target.text,
            "target": self.target.said,
            "value": round(self.value, 4),
            "unit": self.target.unit,
            "size": self.size,
            "reached": self.reached,
            "note": self.note,
        }

    @classmethod
    def of_json(cls, row: dict[str, Any]) -> Measure:
        """The measure that was written so; KeyError where it has no target any more."""
        return cls(TARGETS[row["key"]], row["value"], row["size"], row["note"])
