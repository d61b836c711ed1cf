"""What is said of how long a run will take: a range in words, or why nothing can be said."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
UNITS = ((90 * MINUTE, MINUTE), (48 * HOUR, HOUR), (float("inf"), DAY))
"""Below what a time is told in which unit."""
FINE = {MINUTE: (20, 1, 5), HOUR: (10, 0.5, 1), DAY: (10, 0.5, 1)}
"""Below how many of a unit a time is rounded to which part of it, and to which from there on."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What can be said of how long a run will take.

    ``shortest`` and ``longest``: seconds; both None where nothing can be said. ``why_not``: then
    why, in words; "" where nothing goes on. ``per_minute``: how many bindings its latest cohorts
    brought to their end a minute; None where none goes on. ``persons``: how many bindings wait for
    a person; they are not counted as work to do.
    """

    shortest: float | None = None
    longest: float | None = None
    why_not: str = ""
    per_minute: float | None = None
    persons: int = 0

    def rounded(self) -> tuple[float, float] | None:
        """Both ends in seconds as they are told; None where no time is told."""
        if self.shortest is None or self.longest is None:
            return None
        unit, step = _unit(self.longest)
        shortest, longest = (
            max(round(end / unit / step), 1) * step * unit for end in (self.shortest, self.longest)
        )
        return shortest, longest

    @property
    def words(self) -> str:
        """As people read it: *about 15–25 min left*, *estimating*, or why nothing can be said."""
        ends = self.rounded()
        if ends is None or self.longest is None:
            return self.why_not
        if self.longest < MINUTE:
            return _("under a minute left")
        unit, _step = _unit(self.longest)
        told = [_number(end / unit) for end in ends]
        texts = {
            MINUTE: _("about %(time)s min left"),
            HOUR: _("about %(time)s h left"),
            DAY: _("about %(time)s days left"),
        }
        return texts[unit] % {"time": "–".join(dict.fromkeys(told))}

    @property
    def persons_words(self) -> str:
        """How many bindings wait for a person; "" when none does."""
        if not self.persons:
            return ""
        return ngettext(
            "%(count)s waits for a person", "%(count)s wait for a person", self.persons
        ) % {"count": formats.number_format(self.persons, force_grouping=True)}


def _unit(longest: float) -> tuple[float, float]:
    """The unit in which a time is told, and to what part of it times are rounded."""
    unit = next(unit for most, unit in UNITS if longest < most)
    few, fine, coarse = FINE[unit]
    return unit, fine if longest < few * unit else coarse


def _number(amount: float) -> str:
    whole = amount == int(amount)
    return str(formats.number_format(amount, 0 if whole else 1))
