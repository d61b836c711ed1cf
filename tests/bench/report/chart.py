"""The chart of a report: each measure as a share of its target, an SVG for light and dark pages."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tests.bench.report.report import NAMES

if TYPE_CHECKING:
    from tests.bench.measures import Measure
    from tests.bench.report.report import Report
    from tests.bench.targets import Target

MOST = 3.0
"""Shares beyond are drawn so long."""
LABELS, BARS, FIGURES = 520, 300, 160
"""Widths of the three columns."""
BAR, GAP, HEAD, FOOT = 12, 10, 48, 12
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.muted { fill: #59636e; }
.bar0 { fill: #0969da; stroke: #0969da; }
.bar1 { fill: #8250df; stroke: #8250df; }
.missed { fill: #cf222e; stroke: #cf222e; }
.unjudged { fill-opacity: 0.15; stroke-dasharray: 3 2; }
.target { stroke: #59636e; stroke-dasharray: 2 3; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .muted { fill: #9198a1; }
  .bar0 { fill: #4493f8; stroke: #4493f8; }
  .bar1 { fill: #ab7df8; stroke: #ab7df8; }
  .missed { fill: #f85149; stroke: #f85149; }
  .target { stroke: #9198a1; }
}
"""


def svg(report: Report) -> str:
    """The picture as text. What should be zero has no share, and no bar."""
    lines = [(target, measures) for target, measures in report.lines() if target.bound]
    parts: list[str] = []
    y = HEAD
    for target, measures in lines:
        parts.append(_line(target, measures, y))
        y += _height(measures)
    width, height = LABELS + BARS + FIGURES, y + FOOT
    names = list(report.databases)
    about = f"Measures of {report.date} as shares of their targets"
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img" aria-label="{about}">'
    )
    style = f"<style>{STYLE}</style>"
    rest = [*_legend(names), *parts, _target_line(height - FOOT), "</svg>", ""]
    return "\n".join([start, style, *rest])


def _height(measures: list[Measure | None]) -> int:
    return len(measures) * (BAR + 2) + GAP


def _line(target: Target, measures: list[Measure | None], y: int) -> str:
    """One target: its text, and a bar with its figure for each database."""
    middle = y + (_height(measures) - GAP) / 2 + 4
    parts = [_text(LABELS - 12, middle, target.text, anchor="end")]
    for number, one in enumerate(measures):
        if one is not None:
            top = y + number * (BAR + 2)
            parts += [_bar(one, number, top), _figure(one, top)]
    return "\n".join(parts)


def _bar(one: Measure, number: int, top: int) -> str:
    words = [f"bar{number}"]
    if one.reached is False:
        words.append("missed")
    elif one.reached is None:
        words.append("unjudged")
    width = max(1.0, min(one.share, MOST) / MOST * BARS)
    return (
        f'<rect class="{" ".join(words)}" x="{LABELS}" y="{top}" width="{width:.1f}"'
        f' height="{BAR}"/>'
    )


def _figure(one: Measure, top: int) -> str:
    """The value with its target, beside the longest possible bar."""
    text = f"{one.figure} ({one.target.said})"
    return _text(LABELS + BARS + 8, top + BAR - 1, text, muted=one.reached is None)


def _legend(names: list[str]) -> list[str]:
    """Which colour is which database, and what the other looks mean."""
    parts = []
    looks = [(NAMES[name], f"bar{number}") for number, name in enumerate(names)]
    looks += [("missed", "missed"), ("not judged: too small", "bar0 unjudged")]
    x = 12
    for text, look in looks:
        parts += [
            f'<rect class="{look}" x="{x}" y="10" width="14" height="{BAR}"/>',
            _text(x + 20, 19, text),
        ]
        x += 40 + 7 * len(text)
    return parts


def _target_line(bottom: int) -> str:
    x = LABELS + BARS / MOST
    said = f"target; longer is better, cut at {MOST:g} ×"
    return (
        f'<line class="target" x1="{x:.1f}" x2="{x:.1f}" y1="{HEAD - 8}" y2="{bottom}"/>\n'
        + _text(x, HEAD - 12, said, anchor="middle", muted=True)
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start", muted: bool = False) -> str:
    look = ' class="muted"' if muted else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{look}>{escape(text)}</text>'
