"""The measures of design section 10, each with its target, and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """One number and what it should be. ``least``: the target is a lower bound, else an upper.

    ``note`` says what the number rests on.
    """

    name: str
    value: float
    target: float
    least: bool
    unit: str = ""
    note: str = ""

    @property
    def reached(self) -> bool:
        """Whether the target is reached."""
        return self.value >= self.target if self.least else self.value <= self.target

    def as_json(self) -> dict[str, object]:
        """The measure, for a file."""
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "target": self.target,
            "at": "least" if self.least else "most",
            "reached": self.reached,
            "note": self.note,
        }


def table(measures: list[Measure]) -> str:
    """The measures as aligned lines."""
    rows = [("measure", "value", "target", "", "")]
    rows += [
        (
            one.name,
            f"{one.value:.2f} {one.unit}".strip(),
            f"{'≥' if one.least else '≤'} {one.target:g} {one.unit}".strip(),
            "reached" if one.reached else "MISSED",
            one.note,
        )
        for one in measures
    ]
    widths = [max(len(row[n]) for row in rows) for n in range(4)]
    lines = ["  ".join([*(row[n].ljust(widths[n]) for n in range(4)), row[4]]) for row in rows]
    return "\n".join(line.rstrip() for line in lines)
