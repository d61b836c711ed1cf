"""``python -m tests.dialects 0-199``: bind accounts on panels that were made up, a seed each.

Each seed binds four accounts by itself, or after an administrator has answered what the panel
check asked; a table at the end counts which.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from tests.dialects.process import play
from tests.simulation import process

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.dialects.trial import Verdict

MAX_PRINTED = 400
"""Characters of a failure that are told, but for ``--story``."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make dialects SEEDS=…", description=__doc__)
    parser.add_argument("seeds", help="a seed, or first-last")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes to play in")
    parser.add_argument("--story", action="store_true", help="tell all of each seed")
    return parser


def verdict_text(verdict: Verdict, *, story: bool = False) -> str:
    """A verdict for people."""
    parts = [f"seed {verdict.seed}: {verdict.summary}"]
    if verdict.answers:
        said = ", ".join(f"{name}={value}" for name, value in verdict.answers.items())
        parts.append(f"  said, with {verdict.ordered_before} ordered: {said}")
    if verdict.failure:
        failure = verdict.failure if story else verdict.failure[-MAX_PRINTED:]
        parts.append(f"  failed: {failure}")
        parts.append(f"  again: make dialects SEEDS={verdict.seed} ARGS=--story")
    return "\n".join(parts)


def table(verdicts: Iterable[Verdict]) -> str:
    """How many seeds were bound after how many answers, and which entries were asked for."""
    bound: Counter[int] = Counter()
    asked: Counter[str] = Counter()
    failed = charged = 0
    for verdict in verdicts:
        if verdict.failure:
            failed += 1
            continue
        bound[len(verdict.answers)] += 1
        asked.update(list(verdict.answers))
        charged += bool(verdict.answers and verdict.ordered_before)
    lines = [f"{bound[0]:6d}  bound by themselves"]
    for count in range(1, max(bound, default=0) + 1):
        plural = "answers" if count > 1 else "answer"
        lines.append(f"{bound[count]:6d}  bound after {count} {plural}")
    lines.append(f"{charged:6d}  of these when the canary had been ordered")
    lines.append(f"{failed:6d}  failed")
    lines += [f"{count:6d}    asked for {name}" for name, count in asked.most_common()]
    return "\n".join(lines)


def main() -> int:
    """Play the seeds; 1 when one failed."""
    options = _parser().parse_args()
    process.ready()
    began = time.monotonic()
    verdicts: list[Verdict] = []
    seeds = process.seeds_of(options.seeds)
    for verdict in process.verdicts(play, seeds, options.jobs):
        verdicts.append(verdict)
        if verdict.failure or options.story:
            process.emit(verdict_text(verdict, story=options.story))
    process.emit(table(verdicts))
    failed = [verdict.seed for verdict in verdicts if verdict.failure]
    seconds = time.monotonic() - began
    process.emit(f"{len(verdicts)} seeds in {seconds:.0f} s; {len(failed)} failed: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
