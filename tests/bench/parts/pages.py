"""The Accounts page, the Run page and polls, with many accounts and a large run under way."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tests.bench.measures import Measure
from tests.bench.targets import TARGETS
from tests.bench.usage import cpu, pause
from tests.bench.visitor import Visitor, offered, p95, total
from tests.bench.worlds.installation import installation

if TYPE_CHECKING:
    from tests.bench.parts.given import Given, Taken

SEARCHES = ("mail77", "zzqqzz", "client+777", "77", "example")
"""Few have it, nobody, a client's name, two letters, all have it."""
PER_PAGE = 100
LEFT_OUT = 1
"""Requests for each page that are not counted: what is read for the first time."""
PEOPLE, EVERY = 100, 2.0
"""So many poll, each every so many seconds."""
Times = dict[str, list[float]]


def measure(given: Given) -> Taken:
    """Ask every page some times, then every poll, then let a hundred people poll at once."""
    times = 60 if given.full else 30
    with installation(given.database) as place:
        place.start()
        place.program("worlds.many_accounts", str(given.sizes.listed))
        run, bindings = place.program("worlds.many_bindings", str(given.sizes.bindings)).split()
        visitor = Visitor(place)
        accounts = {group: _asked(visitor, paths, times)
                    for group, paths in _account_pages(visitor).items()}  # fmt: skip
        last = -(-int(bindings) // PER_PAGE)
        address = f"/runs/{run}/"
        shown = ("", f"?page={last}", "?state=waiting")
        runs = _asked(visitor, [f"{address}{query}" for query in shown], times)
        quiet = _polls(visitor, ["/accounts/", address, "/runs/", "/"], times)
        crowd, share = _crowd(visitor, address, place.role("gunicorn"), 30 if given.full else 10)
    listed, held = given.sizes.listed, int(bindings)
    measures = [
        *(
            _slowest(f"accounts-{group}", found, listed)
            for group, found in accounts.items()
            if found
        ),
        _slowest("run-page", runs, held),
        _slowest("quiet-poll", quiet, held),
        Measure(TARGETS["polling"], 100 * share, held, f"p95 of their polls {p95(crowd):.1f} ms"),
    ]
    everything = {key: took for part in (*accounts.values(), runs, quiet)
                  for key, took in part.items()}  # fmt: skip
    return measures, {"milliseconds": {key: _told(took) for key, took in everything.items()}}


def _account_pages(visitor: Visitor) -> dict[str, list[str]]:
    """The addresses of the Accounts page: all that it offers, late pages of these, searches."""
    first: list[str] = []
    late: list[str] = []
    whole = visitor.open("/accounts/").body
    for query in ("", *dict.fromkeys(offered(whole))):
        address = f"/accounts/?{query}"
        first.append(address)
        last = -(-total(visitor.open(address).body) // PER_PAGE)
        late += [f"{address}&page={page}" for page in dict.fromkeys((last // 2, last)) if page > 1]
    searches = [f"/accounts/?q={text}" for text in SEARCHES]
    return {"filters": first, "late": late, "searches": searches}


def _asked(visitor: Visitor, paths: list[str], times: int) -> Times:
    """Milliseconds of each of these pages, in turns, so that none has all the bad moments."""
    found: Times = {path: [] for path in paths}
    for turn in range(times + LEFT_OUT):
        for path in paths:
            took = visitor.open(path).took
            if turn >= LEFT_OUT:
                found[path].append(took)
    return found


def _polls(visitor: Visitor, pages: list[str], times: int) -> Times:
    """Milliseconds of the polls of these pages while nothing happens."""
    found: Times = {}
    for page in pages:
        address = visitor.poller(page)
        found[f"poll of {page}"] = [visitor.poll(address) for _ in range(times)]
    return found


def _crowd(
    visitor: Visitor, page: str, web: list[Any], seconds: float
) -> tuple[list[float], float]:
    """Milliseconds of each poll of a hundred people, and the share of a core that they cost."""
    address = visitor.poller(page)
    count, gap = int(PEOPLE * seconds / EVERY), EVERY / PEOPLE
    with ThreadPoolExecutor(8) as pool:
        before, began = cpu(web), time.monotonic()
        asked = []
        for number in range(count):
            pause(max(0.0, began + number * gap - time.monotonic()))
            asked.append(pool.submit(visitor.poll, address))
        took = [one.result() for one in asked]
        share = (cpu(web) - before) / (time.monotonic() - began)
    return took, share


def _slowest(key: str, found: Times, size: int) -> Measure:
    """The 95th percentile of the slowest of these pages."""
    slowest = max(found, key=lambda path: p95(found[path]))
    note = f"{slowest.partition('?')[2] or slowest}; p50 {statistics.median(found[slowest]):.0f} ms"
    return Measure(TARGETS[key], p95(found[slowest]), size, f"of {len(found)}: {note}")


def _told(took: list[float]) -> dict[str, float]:
    return {"p50": round(statistics.median(took), 1), "p95": round(p95(took), 1)}
