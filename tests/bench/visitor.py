"""Somebody who is signed in and looks at an installation's pages, timed."""

from __future__ import annotations

import re
import statistics
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from lxml import html

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.worlds.installation import Installation

OWN = {"digest": r'id="digest" value="(\w+)"', "ids": r'id="live-ids" value="([^"]*)"'}
"""What a page's poller sends along, by where the page has it."""


class Answer(NamedTuple):
    """Milliseconds that an answer took, and its body."""

    took: float
    body: str


class Visitor:
    """One person's browser, as far as it asks; every request has a connection of its own."""

    def __init__(self, place: Installation) -> None:
        """Sign in on an installation that has started."""
        self._port = place.port
        self.session = place.program("worlds.person")

    def open(self, path: str) -> Answer:
        """Open a page; RuntimeError when none is shown."""
        status, answer = self._ask(path)
        if status != 200 or "<main" not in answer.body:
            raise RuntimeError(f"{path}: {status}")
        return answer

    def poller(self, path: str) -> str:
        """Where a page polls that has just been opened, with what it sends along."""
        body = self.open(path).body
        sent = {name: "".join(re.findall(pattern, body)[:1]) for name, pattern in OWN.items()}
        [url] = re.findall(r'id="poller" hx-get="([^"?]+)', body)
        return f"{url}?{urlencode({**sent, 'pace': 2})}"

    def poll(self, address: str) -> float:
        """Milliseconds of a poll that finds nothing new; RuntimeError when it finds something."""
        status, answer = self._ask(address)
        # A stamp lasts a minute: at its end one poll looks at all, and says so in a line.
        if status != 204 and len(answer.body) > 500:
            raise RuntimeError(f"{address}: {status}, {len(answer.body)} characters")
        return answer.took

    def _ask(self, path: str) -> tuple[int, Answer]:
        asking = HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            began = time.perf_counter()
            asking.request("GET", path, headers={"Cookie": f"sessionid={self.session}"})
            answer = asking.getresponse()
            body = answer.read().decode()
            return answer.status, Answer(1000 * (time.perf_counter() - began), body)
        finally:
            asking.close()


def offered(body: str) -> Iterator[str]:
    """The queries that a page offers: each choice of its filters, each link of its table's head."""
    page = html.fromstring(body)
    for form in page.iter("form"):
        if "filters" in form.get("class", "").split():
            for field in form.iter("select"):
                choices = [option.get("value") for option in field.iter("option")]
                yield from (urlencode({field.get("name", ""): one}) for one in choices if one)
    for head in page.iter("thead"):
        yield from (link.get("href", "").partition("?")[2] for link in head.iter("a"))


def total(body: str) -> int:
    """How many rows all pages of the Accounts page have together; 0: none."""
    return int("".join(re.findall(r'data-count="(\d+)"', body)[:1]) or 0)


def p95(values: Sequence[float]) -> float:
    """What 95 of 100 stay below."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=20, method="inclusive")[-1]
