"""Pages over 100,000 accounts and a run of 10,000 bindings: real gunicorn, somebody logged in."""

from __future__ import annotations

import re
import statistics
import sys
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from tests.bench.installation import installation
from tests.bench.usage import cpu

if TYPE_CHECKING:
    from tests.bench.installation import Installation

BINDINGS = 10_000
ACCOUNTS_LIMIT, RUN_LIMIT, POLL_LIMIT = 50.0, 60.0, 8.0
"""Milliseconds within which 95 of 100 requests shall be answered."""
ACCOUNTS = {
    "page 1": "",
    "page 500": "?page=500",
    "bound": "?state=bound",
    "bound, page 300": "?state=bound&page=300",
    "not bound": "?state=unbound",
    "not bound, page 500": "?state=unbound&page=500",
    "being bound": "?state=moving",
    "needs attention": "?state=attention",
    "cancelled": "?state=cancelled",
    "server": "?server=1",
    "server, page 200": "?server=1&page=200",
    "plan": "?plan=1",
    "plan, page 100": "?plan=1&page=100",
    "ready": "?match=ready",
    "ready, page 400": "?match=ready&page=400",
    "to choose": "?match=choose",
    "in conflict": "?match=conflict",
    "searched": "?q=mail77",
    "searched in vain": "?q=zzqqzz",
    "searched client": "?q=client+777",
    "searched two letters": "?q=77",
    "searched, all have it": "?q=example",
}
RUN = {"": "", "page 90": "?page=90", "waiting": "?state=waiting"}


class Asked(NamedTuple):
    """Milliseconds of each request, and within how many 95 of 100 shall be answered."""

    took: list[float]
    limit: float


class Found(NamedTuple):
    """What each page and quiet poll took, by name; CPU milliseconds of a quiet poll."""

    asked: dict[str, Asked]
    poll_cpu: float


def measure(accounts: int, *, times: int, database: str = "sqlite") -> Found:
    """Ask every page so many times, then every poll; the first of each is left out."""
    with installation(database) as place:
        place.start()
        cookie = place.run(sys.executable, "-m", "tests.bench.many_accounts", str(accounts)).strip()
        run = place.run(sys.executable, "-m", "tests.bench.many_bindings", str(BINDINGS)).strip()
        pages = {f"Accounts page, {name}": (f"/accounts/{query}", ACCOUNTS_LIMIT)
                 for name, query in ACCOUNTS.items()}  # fmt: skip
        pages |= {f"Run page, {name}".rstrip(", "): (f"/runs/{run}/{query}", RUN_LIMIT)
                  for name, query in RUN.items()}  # fmt: skip
        found = {name: Asked([], limit) for name, (_path, limit) in pages.items()}
        for turn in range(times + 1):
            for name, (path, _limit) in pages.items():
                took, _body = _once(place, path, cookie)
                if turn:
                    found[name].took.append(took)
        before = cpu(place.role("gunicorn"))
        polls = {
            f"quiet poll of {path}": Asked(_polls(place, path, cookie, times), POLL_LIMIT)
            for path in ("/accounts/", f"/runs/{run}/", "/runs/", "/")
        }
        spent = cpu(place.role("gunicorn")) - before
        return Found({**found, **polls}, 1000 * spent / (len(polls) * (times + 1)))


def p95(values: list[float]) -> float:
    """What 95 of 100 stay below."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def _polls(place: Installation, page: str, cookie: str, times: int) -> list[float]:
    """Milliseconds of each poll of this page that found nothing new."""
    _took, body = _once(place, page, cookie)
    names = {"digest": r'id="digest" value="(\w+)"', "ids": r'id="live-ids" value="([^"]*)"'}
    sent = {name: "".join(re.findall(pattern, body)[:1]) for name, pattern in names.items()}
    [url] = re.findall(r'id="poller" hx-get="([^"?]+)', body)
    path = f"{url}?{urlencode({**sent, 'pace': 2})}"
    return [_once(place, path, cookie, quiet=True)[0] for _ in range(times)]


def _once(place: Installation, path: str, cookie: str, *, quiet: bool = False) -> tuple[float, str]:
    """Milliseconds of one request, and what was answered."""
    asking = HTTPConnection("127.0.0.1", place.port, timeout=60)
    try:
        began = time.perf_counter()
        asking.request("GET", path, headers={"Cookie": f"sessionid={cookie}"})
        answer = asking.getresponse()
        body = answer.read().decode()
        took = 1000 * (time.perf_counter() - began)
    finally:
        asking.close()
    # A stamp lasts a minute: at its end one poll looks at all, and says so in a line.
    as_meant = answer.status == 204 or (quiet and len(body) < 500)
    if not (as_meant if quiet else answer.status == 200 and "<main" in body):
        raise RuntimeError(f"{path}: {answer.status} {answer.getheader('Location')}")
    return took, body
