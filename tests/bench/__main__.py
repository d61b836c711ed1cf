"""`make bench`: measures the product against design section 10, on this machine, in one go.

Exits with 0 when all could be measured and no target is missed. A figure of fewer accounts than its
target asks for is shown with its size and not judged.
"""

from __future__ import annotations

import json
import signal
import sys
import traceback
from subprocess import SubprocessError
from typing import TYPE_CHECKING

from integrator.core.env import BASE_DIR
from tests.bench import arguments
from tests.bench.output import say
from tests.bench.parts import credit, discovery, fast, matching, memory, pages, slow
from tests.bench.report.machine import version
from tests.bench.report.publication import publish
from tests.bench.report.report import Found, Report
from tests.bench.report.tables import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.parts.given import Given, Taken

PARTS: dict[str, Callable[[Given], Taken]] = {
    "slow": slow.measure,
    "fast": fast.measure,
    "credit": credit.measure,
    "memory": memory.measure,
    "pages": pages.measure,
    "discovery": discovery.measure,
    "matching": matching.measure,
}

FAILURES = (RuntimeError, AssertionError, OSError, SubprocessError)
"""What a part raises whose programs or panels did not do what they should."""


def main(words: Sequence[str]) -> int:
    """Measure what is asked for and write it down; 1 when a target is missed or a part failed."""
    asked = arguments.read(words, PARTS, __doc__ or "")
    # Told to stop, it takes down what it has started, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report = _read(asked) if asked.again else _measured(asked)
    say(plain(report))
    for part in report.failed:
        say(f"could not be measured: {part}")
    if asked.publish and not report.failed:
        publish(report, BASE_DIR / "docs")
    return int(report.missed or bool(report.failed))


def _read(asked: arguments.Asked) -> Report:
    """What an earlier run has written."""
    if asked.again is None:
        raise ValueError("no file was named")
    return Report.of_json(json.loads(asked.again.read_text(encoding="utf-8")))


def _measured(asked: arguments.Asked) -> Report:
    """All parts on all databases; one that fails holds up no other, and each is written down."""
    report = Report.begun(asked.rounds)
    for given in asked.given:
        found = report.databases[given.database] = Found(version(given.database))
        for name in asked.parts:
            try:
                measures, found.records[name] = PARTS[name](given)
            except FAILURES:
                traceback.print_exc()
                report.failed.append(f"{given.database}, {name}")
                measures = []
            found.measures |= {one.target.key: one for one in measures}
            report.write(asked.json)
            figures = "; ".join(f"{one.target.key} {one.figure}" for one in measures)
            say(f"{given.database}, {name}: {figures}")
    return report


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
