"""The Accounts page over a hundred thousand accounts: real gunicorn, a person who has logged in."""

from __future__ import annotations

import statistics
import sys
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from tests.bench.installation import installation

if TYPE_CHECKING:
    from tests.bench.installation import Installation

PAGES = {
    "page 1": "/accounts/",
    "page 500": "/accounts/?page=500",
    "filtered": "/accounts/?state=bound",
    "server": "/accounts/?server=1",
    "to choose": "/accounts/?match=choose",
    "in conflict": "/accounts/?match=conflict",
    "searched": "/accounts/?q=mail77",
}


def measure(accounts: int, *, times: int, database: str = "sqlite") -> dict[str, list[float]]:
    """Milliseconds of each request, by page; the first of each is left out."""
    with installation(database) as place:
        place.start()
        cookie = place.run(sys.executable, "-m", "tests.bench.many_accounts", str(accounts)).strip()
        found: dict[str, list[float]] = {name: [] for name in PAGES}
        for turn in range(times + 1):
            for name, path in PAGES.items():
                took = _once(place, path, cookie)
                if turn:
                    found[name].append(took)
        return found


def p95(values: list[float]) -> float:
    """What 95 of 100 stay below."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def _once(place: Installation, path: str, cookie: str) -> float:
    asking = HTTPConnection("127.0.0.1", place.port, timeout=60)
    try:
        began = time.perf_counter()
        asking.request("GET", path, headers={"Cookie": f"sessionid={cookie}"})
        answer = asking.getresponse()
        body = answer.read()
        took = 1000 * (time.perf_counter() - began)
    finally:
        asking.close()
    if answer.status != 200 or b"<table" not in body:
        raise RuntimeError(f"{path}: {answer.status} {answer.getheader('Location')}")
    return took
