"""Puts a report into the documents: the figures between two marks, and the chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.report.chart import svg
from tests.bench.report.tables import markdown

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.report.report import Report

BEGIN = "<!-- the figures: written by `make bench ARGS=--publish` -->"
END = "<!-- the end of the figures -->"
PAGE, CHART = "performance.md", "performance.svg"


def publish(report: Report, folder: Path) -> None:
    """Write figures and chart into this folder of documents.

    Raises ValueError, with nothing written, where the page lacks the marks.
    """
    page = folder / PAGE
    written = inserted(page.read_text(encoding="utf-8"), figures(report))
    (folder / CHART).write_text(svg(report), encoding="utf-8")
    page.write_text(written, encoding="utf-8")


def inserted(page: str, text: str) -> str:
    """The page with this text between the marks; ValueError where it lacks them."""
    head, begin, rest = page.partition(BEGIN)
    _old, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE} has no {BEGIN} … {END}")
    return f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}"


def figures(report: Report) -> str:
    """When and where, the chart, and the table."""
    where = report.machine
    rounds = "Each ratio is of one round"
    if report.rounds > 1:
        rounds = f"Each ratio is the median of {report.rounds} rounds"
    said = (
        f"Measured on {report.date}, revision {report.revision}, on {where['cores']} cores of"
        f" {where['cpu']} with {where['memory_gb']} GB, {where['system']}, Python"
        f" {where['python']}. {rounds}."
    )
    chart = f"![Each measure as a share of its target]({CHART})"
    return "\n\n".join([said, chart, markdown(report)])
