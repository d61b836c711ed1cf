"""The figures as aligned lines for a terminal and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.report.report import NAMES

if TYPE_CHECKING:
    from tests.bench.measures import Measure
    from tests.bench.report.report import Report

NOTHING = "–"


def plain(report: Report) -> str:
    """Aligned lines; of each database the value, the verdict and what the value rests on."""
    rows = [["measure", "target", "database", "value", "", ""]]
    for target, measures in report.lines():
        start = [target.text, target.said]
        for name, one in zip(report.databases, measures, strict=True):
            if one is not None:
                verdict = "MISSED" if one.reached is False else one.verdict
                rows.append([*start, NAMES[name], one.figure, verdict, one.note])
                start = ["", ""]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join([*(row[n].ljust(widths[n]) for n in range(5)), row[5]]).rstrip() for row in rows
    )


def markdown(report: Report) -> str:
    """A table with a column for each database."""
    names = [f"{NAMES[name]} {found.version}" for name, found in report.databases.items()]
    rows = [["measure", "target", *names], ["---"] * (2 + len(names))]
    for target, measures in report.lines():
        rows.append([target.text, target.said, *map(_cell, measures)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(one: Measure | None) -> str:
    if one is None:
        return NOTHING
    verdict = f"**{one.verdict}**" if one.reached is False else one.verdict
    return f"{one.figure}, {verdict}"
