"""Ports for the servers that tests start, and stop, and start again.

They lie below what the system hands to outgoing connections and beside what `up --demo` picks, and
each test process has a share of its own. So nobody takes a port between its choice and its use, or
while its server is down for a while.
"""

from __future__ import annotations

import os
import random
from functools import cache
from itertools import count as count_up
from itertools import islice
from typing import TYPE_CHECKING

from integrator.supervisor.demo import HOST, PORTS
from integrator.supervisor.folder import first_free

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARE = 500
SHARES = 20
FIRST = PORTS.start - SHARE * SHARES


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses, each handed out once before any is handed out again."""
    found = first_free(HOST, islice(_own(), SHARE), count)
    assert len(found) == count, f"ports {FIRST} to {PORTS.start - 1} are taken by other programs"
    return found


@cache
def _own() -> Iterator[int]:
    """This process's share, round and round.

    The number of a test process is set by pytest-xdist. A second test run on this machine has the
    same share, and most likely begins elsewhere in it.
    """
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % SHARES
    first = FIRST + number * SHARE
    return (first + step % SHARE for step in count_up(random.randrange(SHARE)))
