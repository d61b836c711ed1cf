"""``python -m tests.simulation 0-199``: play seeds; print the story of each that fails.

A seed fails when it violates an invariant (``tests/simulation/invariants.py``).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation import process

if TYPE_CHECKING:
    from tests.simulation.simulate import Verdict

MAX_PRINTED = 3
"""Failing seeds that are printed with their story; of further ones only the invariants are."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make simulate SEEDS=…", description=__doc__)
    parser.add_argument("seeds", help="a seed, or first-last")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes to play in")
    parser.add_argument(
        "--rare", action="store_true", help="fail as well when a rare path was taken by no seed"
    )
    parser.add_argument(
        "--without",
        default="",
        metavar="MUTATION",
        help="take one out, see tests/simulation/mutations.py",
    )
    parser.add_argument("--story", action="store_true", help="tell the story of good seeds, too")
    return parser


def verdict_text(verdict: Verdict, *, story: bool = True) -> str:
    """The verdict as text: the scenario, the story, what was violated, how to play it again."""
    parts = [f"seed {verdict.seed}: {verdict.scenario}"]
    if story:
        parts += verdict.story
    parts += [f"  violated: {one}" for one in verdict.violations]
    parts.append(f"  again: make simulate SEEDS={verdict.seed}")
    return "\n".join(parts)


def table(seen: Counter[str]) -> str:
    """What was reached, and how often."""
    return "\n".join(f"{count:8d}  {name}" for name, count in sorted(seen.items()))


def main() -> int:
    """Play the seeds; 1 when one failed or, with ``--rare``, when a rare path was not taken."""
    options = _parser().parse_args()
    seeds = process.seeds_of(options.seeds)
    process.ready()
    if options.without and options.without not in process.mutations():
        sys.stderr.write(
            f"There is no mutation {options.without}; there are: {', '.join(process.mutations())}\n"
        )
        return 2
    began = time.monotonic()
    seen: Counter[str] = Counter()
    failed: list[int] = []
    play = partial(process.play, taken_out=options.without)
    for verdict in process.verdicts(play, seeds, options.jobs):
        seen.update(verdict.seen)
        if verdict.violations:
            failed.append(verdict.seed)
        if verdict.violations or options.story:
            process.emit(verdict_text(verdict, story=options.story or len(failed) <= MAX_PRINTED))
    process.emit(table(seen))
    seconds = time.monotonic() - began
    process.emit(f"{len(seeds)} seeds in {seconds:.0f} s; {len(failed)} failed: {failed}")
    missed = process.missed(seen) if options.rare else []
    if missed:
        process.emit(f"No seed reached: {', '.join(missed)}")
    return 1 if failed or missed else 0


if __name__ == "__main__":
    sys.exit(main())
