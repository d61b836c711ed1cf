"""From servers that nobody has read to a preview: discovery, matching, and what a worker makes.

The e-mails, a call each, are read in the background at the pace of the settings
(`EMAILS_PER_SECOND`), for hours where there are so many accounts. They are no part of any figure:
once the lists are stored, the mirrors are given all of them, which is the most that matching can
have to do.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import contextmanager
from subprocess import DEVNULL, Popen
from typing import TYPE_CHECKING

import requests

from tests.bench.measures import Measure
from tests.bench.targets import TARGETS
from tests.bench.usage import pause
from tests.bench.visitor import Visitor
from tests.bench.worlds.installation import MANAGE, Pace, installation, panels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.parts.given import Given, Taken
    from tests.bench.worlds.installation import Installation

SERVERS = 20
PACE = Pace(latency=20.0, limit=0)
LIMIT = 1800.0
CHOICES = {
    "payment": "balance", "autoprolong": "on", "period": "1", "passwords": "given",
    "cohort": "100", "token": "bench",
}  # fmt: skip


def measure(given: Given) -> Taken:
    """Discover all, match all, and preview those of one plan."""
    size, wanted = given.sizes.discovered, given.sizes.previewed
    plans = max(1, size // wanted)
    with (
        panels(size, pace=PACE, plans=plans, servers=SERVERS) as sandbox,
        installation(given.database) as place,
    ):
        place.manage("migrate", "-v0")
        place.register(sandbox)
        discovered = _discover(place)
        truth = place.folder / "world.json"
        accounts = sandbox.world()["accounts"]
        truth.write_text(json.dumps(accounts), encoding="utf-8")
        matched = json.loads(place.program("worlds.discovered_rows", str(truth)))
        place.start()
        made, previewed = _preview(place)
    if matched["accounts"] != size:
        raise RuntimeError(f"{matched['accounts']} of {size} accounts were discovered")
    note = f"{matched['clients']:,} clients; {matched['ready']:,} accounts ready"
    measures = [
        Measure(TARGETS["discovery"], discovered, size),
        Measure(TARGETS["matching"], matched["seconds"], size, note),
        Measure(TARGETS["preview"], made, previewed, "from the form to the preview"),
    ]
    return measures, {"discovery": discovered, "matching": matched, "preview": made}


def _discover(place: Installation) -> float:
    """Seconds from the start of `manage.py discover` until every panel's lists are stored."""
    began = time.monotonic()
    with _running(place, "discover"):
        while _left(place):
            if time.monotonic() > began + LIMIT:
                raise RuntimeError(f"{_left(place)} panels are not discovered")
            pause(0.1)
        return time.monotonic() - began


@contextmanager
def _running(place: Installation, *words: str) -> Iterator[None]:
    """A command of the installation that is ended with the block."""
    command = Popen([*MANAGE, *words], env=place.program_environ, stdout=DEVNULL, stderr=DEVNULL)
    try:
        yield
    finally:
        command.terminate()
        command.wait()


def _left(place: Installation) -> int:
    sql = "SELECT count(*) FROM integrator_panel WHERE discovered_at IS NULL"
    return int(place.rows.ask(sql)[0][0])


def _preview(place: Installation) -> tuple[float, int]:
    """Seconds from sending the form until the preview is there, and how many are ready in it."""
    [[plan]] = place.rows.ask(
        "SELECT plan_id FROM integrator_account WHERE match_state = 'ready' GROUP BY plan_id"
        " ORDER BY count(*) DESC, plan_id LIMIT 1"
    )
    query = f"plan={plan}&match=ready"
    with requests.Session() as browser:
        browser.trust_env = False
        browser.cookies.set("sessionid", Visitor(place).session)
        page = browser.get(f"{place.url}/accounts/?{query}", timeout=60).text
        sent = {name: _field(page, name) for name in ("csrfmiddlewaretoken", "expected_count")}
        [action] = re.findall(r'<form method="post" action="([^"]*)" class="block">', page)
        began = time.monotonic()
        answer = browser.post(
            f"{place.url}{action}",
            data={**CHOICES, **sent, "_all": "1", "query": query},
            timeout=600,
        )
        if "/previews/" not in answer.url:
            raise RuntimeError(f"no preview was asked for: {answer.status_code} {answer.url}")
        ready = _wait(place, began)
        return time.monotonic() - began, ready


def _field(page: str, name: str) -> str:
    return str(re.findall(rf'name="{name}" value="([^"]*)"', page)[0])


def _wait(place: Installation, began: float) -> int:
    """Wait until the preview has its rows; how many are ready."""
    while not (rows := _rows(place)):
        if time.monotonic() > began + LIMIT:
            raise RuntimeError("the preview was not made")
        pause(0.1)
    return rows.get("ready", 0)


def _rows(place: Installation) -> dict[str, int]:
    """The rows of the preview by state; they are stored all at once."""
    return dict(place.rows.ask("SELECT state, count(*) FROM integrator_previewrow GROUP BY state"))
