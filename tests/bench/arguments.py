"""The command line of `make bench`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.parts.given import Given
from tests.bench.sizes import sizes

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

DATABASES = ("sqlite", "postgres")


class Asked(NamedTuple):
    """What was asked for: ``given`` for each database, the parts, where to write, whether to show.

    ``again``: a report that was written before; nothing is measured then.
    """

    given: list[Given]
    parts: list[str]
    json: Path
    publish: bool
    again: Path | None

    @property
    def rounds(self) -> int:
        """How often what ends in a ratio is measured."""
        return self.given[0].rounds


def read(words: Sequence[str], parts: Collection[str], about: str) -> Asked:
    """What these words ask for, of these parts; SystemExit where they cannot be understood."""
    parser = _parser(parts, about)
    told = parser.parse_args(words)
    if told.publish and told.only:
        parser.error("--publish shows all parts: leave out --only")
    databases = told.database or (DATABASES if told.full else DATABASES[:1])
    rounds = told.rounds or (3 if told.full else 1)
    wanted = sizes(full=told.full, most=told.accounts)
    return Asked(
        [Given(name, wanted, rounds, told.full) for name in dict.fromkeys(databases)],
        list(dict.fromkeys(told.only or parts)),
        told.json,
        told.publish,
        told.again,
    )


def _parser(parts: Collection[str], about: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=about)
    parser.add_argument(
        "--full", action="store_true", help="as much of everything as the targets ask for"
    )
    parser.add_argument(
        "--accounts", type=_positive, metavar="N", help="at most so many, of anything; for a trial"
    )
    parser.add_argument("--rounds", type=_positive, metavar="N", help="1, or 3 with --full")
    parser.add_argument(
        "--database", action="append", choices=DATABASES, help="sqlite, or both with --full"
    )
    parser.add_argument("--only", action="append", metavar="PART", choices=parts)
    folder = Path(os.environ.get("VAR_DIR") or "var")
    parser.add_argument("--json", type=Path, default=folder / "bench.json", metavar="FILE")
    parser.add_argument(
        "--publish", action="store_true", help="put the figures and the chart into docs/"
    )
    parser.add_argument(
        "--again", type=Path, metavar="FILE", help="measure nothing; show what a run wrote there"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it has to be 1 or more")
    return number
