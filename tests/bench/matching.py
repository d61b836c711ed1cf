"""`make matching`: what matching makes of a world as one finds it in the field, against its truth.

5,000 accounts on two servers and 2,000 clients with all that makes owners hard to tell (the
stories of ``world.field``), registered, discovered and matched by the commands that an
operator types.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from tests.bench.worlds.installation import folder, installation
from tests.matching.judge import Verdict, judge
from tests.services.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

FAST = "10000"  # e-mails a second: the sandbox needs no manners


def field(
    accounts: int, clients: int, *, seed: int = 1, namesakes: int = 5, database: str = "sqlite"
) -> Verdict:
    """The verdict over a world of the field with so many namesakes among a hundred clients."""
    with folder() as made, installation(database) as place:
        place.environ["EMAILS_PER_SECOND"] = FAST
        place.manage("migrate", "-v0")
        size = ("--accounts", str(accounts), "--clients", str(clients))
        drawn = ("--seed", str(seed), "--namesakes", str(namesakes))
        sandbox = Sandbox(made, "--field", *size, *drawn, ispmanagers=2)
        sandbox.start()
        try:
            place.register(sandbox)
            place.manage("discover", "--json")
            while int(place.program("worlds.matching_rows", "wanted")):
                place.manage("discover", "--json")
            rows = json.loads(place.program("worlds.matching_rows", "proposals"))
            found = {(server, username): rest for server, username, *rest in rows}
            return judge(sandbox.world()["accounts"], found)
        finally:
            sandbox.stop()


def main(words: Sequence[str]) -> int:
    """Print the figures; 0 when nothing ready is wrong and 90 % of the decidable is ready."""
    parser = argparse.ArgumentParser(prog="make matching ARGS=…", description=__doc__)
    parser.add_argument("--accounts", type=int, default=5000)
    parser.add_argument("--clients", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--namesakes", type=int, default=5, help="of a hundred clients")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    given = parser.parse_args(words)
    verdict = field(
        given.accounts, given.clients,
        seed=given.seed, namesakes=given.namesakes, database=given.database,
    )  # fmt: skip
    sys.stdout.write("\n".join([*verdict.lines(), *verdict.wrong, *verdict.offered, ""]))
    return 0 if verdict.good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
