"""``python -m tests.simulation 0-199``: play seeds; tell the story of each that breaks a law."""

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

MAX_TOLD = 3
"""Stories are long: so many failing seeds are told in full, of the others only the laws."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make simulate SEEDS=…", description=__doc__)
    parser.add_argument("seeds", help="a seed, or first-last")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes to play in")
    parser.add_argument(
        "--rare", action="store_true", help="fail as well when a rare path was taken by no seed"
    )
    parser.add_argument(
        "--without", default="", metavar="MEND", help="take one out, see tests/simulation/mends.py"
    )
    parser.add_argument("--story", action="store_true", help="tell the story of good seeds, too")
    return parser


def told(verdict: Verdict, *, story: bool = True) -> str:
    """A verdict for people: what was played, happened and was broken, and how to see it again."""
    parts = [f"seed {verdict.seed}: {verdict.scenario}"]
    if story:
        parts += verdict.story
    parts += [f"  broken: {law}" for law in verdict.broken]
    parts.append(f"  again: make simulate SEEDS={verdict.seed}")
    return "\n".join(parts)


def table(seen: Counter[str]) -> str:
    """What was reached, and how often."""
    return "\n".join(f"{count:8d}  {name}" for name, count in sorted(seen.items()))


def main() -> int:
    """Play the seeds; 1 when one broke a law, or, if asked, when rare paths were not taken."""
    options = _parser().parse_args()
    seeds = process.seeds_of(options.seeds)
    process.ready()
    if options.without and options.without not in process.mends():
        sys.stderr.write(
            f"There is no mend {options.without}; there are: {', '.join(process.mends())}\n"
        )
        return 2
    began = time.monotonic()
    seen: Counter[str] = Counter()
    failed: list[int] = []
    play = partial(process.play, taken_out=options.without)
    for verdict in process.verdicts(play, seeds, options.jobs):
        seen.update(verdict.seen)
        if verdict.broken:
            failed.append(verdict.seed)
        if verdict.broken or options.story:
            process.say(told(verdict, story=options.story or len(failed) <= MAX_TOLD))
    process.say(table(seen))
    seconds = time.monotonic() - began
    process.say(f"{len(seeds)} seeds in {seconds:.0f} s; {len(failed)} broke a law: {failed}")
    missed = process.missed(seen) if options.rare else []
    if missed:
        process.say(f"No seed reached: {', '.join(missed)}")
    return 1 if failed or missed else 0


if __name__ == "__main__":
    sys.exit(main())
