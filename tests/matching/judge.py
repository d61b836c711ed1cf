"""Compares what matching proposes with the truth of a sandbox world (``world.field``)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from panels.sandbox.world.field import STORIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SHARE = 0.9
"""Of what is decidable, so much is to be ready."""


@dataclass(slots=True)
class Verdict:
    """What matching made of a world.

    ``wrong``: what is *ready* for the wrong client or plan; ``offered``: *ready* or *choose*
    though it is a service already or nobody's; ``by_story``: story → state → how many.
    """

    wrong: list[str] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)
    by_story: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def decidable(self) -> int:
        """How many accounts have an answer that their traces give away."""
        return sum(
            sum(states.values())
            for name, states in self.by_story.items()
            if STORIES[name].decidable
        )

    @property
    def decided(self) -> int:
        """How many of those are *ready*."""
        return sum(
            states["ready"] for name, states in self.by_story.items() if STORIES[name].decidable
        )

    @property
    def guessed(self) -> int:
        """How many are *ready* although their traces do not give the answer away."""
        return sum(
            states["ready"] for name, states in self.by_story.items() if not STORIES[name].decidable
        )

    @property
    def good(self) -> bool:
        """Nothing ready is wrong or guessed, nothing bound offered, most that can be decided is."""
        bad = self.wrong or self.offered or self.guessed
        return not bad and self.decided >= SHARE * self.decidable

    def lines(self) -> list[str]:
        """The figures, a line for each story."""
        head = f"{'story':<28}{'ready':>7}{'choose':>8}{'blocked':>9}{'bound':>7}{'never':>7}"
        rows = [
            f"{name:<28}{states['ready']:>7}{states['choose']:>8}{states['blocked']:>9}"
            f"{states['bound']:>7}{states['never']:>7}" + ("" if STORIES[name].decidable else "  –")
            for name, states in sorted(self.by_story.items())
        ]
        share = 100 * self.decided / max(1, self.decidable)
        decided = f"decidable: {self.decidable} (– are not), ready of them: {self.decided}"
        wrong = f"wrong ready: {len(self.wrong)}; offered though bound or not a customer's:"
        guessed = f"ready though undecidable: {self.guessed}"
        return [head, *rows, f"{decided} ({share:.1f} %)", f"{wrong} {len(self.offered)}", guessed]


def judge(truth: Iterable[Mapping[str, Any]], found: Mapping[tuple[str, str], Any]) -> Verdict:
    """The verdict over all accounts of the world.

    ``found``: (server, login) → [state, client (remote id), plan name], where the state is that of
    the match, *bound* for a service, or *never* for what is no customer's.
    """
    verdict = Verdict()
    for one in truth:
        key = (one["server"], one["username"])
        state, client, plan = found[key]
        verdict.by_story.setdefault(one["story"], Counter())[state] += 1
        if state == "ready" and (client, plan) != (one["client"], one["plan"]):
            verdict.wrong.append(f"{key}: {one['story']}, {client} is not {one['client']}")
        never = STORIES[one["story"]].bound or one["story"] == "reseller's"
        if never and state in {"ready", "choose"}:
            verdict.offered.append(f"{key}: {one['story']}")
    return verdict
