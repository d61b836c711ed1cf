"""What is made of figures: verdicts, tables, the chart, the page; nothing is measured here."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from integrator.core.env import BASE_DIR
from tests.bench.measures import Measure
from tests.bench.report import machine
from tests.bench.report.chart import BARS, LABELS, MOST, svg
from tests.bench.report.publication import BEGIN, END, PAGE, inserted, publish
from tests.bench.report.report import Found, Report
from tests.bench.report.tables import markdown, plain
from tests.bench.targets import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = {"cpu": "A <fast> one", "cores": 2, "memory_gb": 4.0, "system": "Linux", "python": "3.11"}
SVG = "{http://www.w3.org/2000/svg}"


def of(key: str, value: float, size: int = 100_000) -> Measure:
    return Measure(TARGETS[key], value, size, "what it rests on")


@pytest.fixture
def report() -> Report:
    """One target reached, one missed, one taken of too little, one that only SQLite has."""
    made = Report("2026-11-30", MACHINE, "abc1234", 3)
    made.databases["sqlite"] = Found("3.40.1", keyed(
        of("slow-script", 2.5), of("cpu", 1.25), of("memory", 300.0, 60), of("growth", 0.0)
    ))  # fmt: skip
    made.databases["postgres"] = Found(
        "15.18", keyed(of("slow-script", 1.5), of("cpu", 0.5), of("memory", 400.0, 60))
    )
    return made


def keyed(*measures: Measure) -> dict[str, Measure]:
    return {one.target.key: one for one in measures}


@pytest.mark.parametrize(
    ("key", "value", "size", "reached"),
    [
        ("slow-script", 2.0, 1000, True),
        ("slow-script", 1.99, 1000, False),
        ("slow-script", 9.0, 999, None),
        ("memory", 350.0, 10_000, True),
        ("memory", 350.1, 10_000, False),
        ("memory", 999.0, 1000, None),
        ("wrong", 0.0, 5000, True),
        ("wrong", 1.0, 5000, False),
    ],
)
def test_a_figure_is_judged_by_its_bound_and_its_size(
    key: str, value: float, size: int, reached: bool | None
) -> None:
    assert of(key, value, size).reached is reached


def test_a_figure_of_too_little_shows_its_size() -> None:
    assert of("memory", 300.0, 60).verdict == "not judged: 60 bindings"


def test_only_what_is_judged_can_be_missed(report: Report) -> None:
    assert report.missed
    for found in report.databases.values():
        del found.measures["slow-script"], found.measures["cpu"]
    assert not report.missed


def test_the_lines_of_the_terminal(report: Report) -> None:
    lines = plain(report).splitlines()
    assert len(lines) == 1 + 4 + 3
    [script] = [line for line in lines if line.startswith(TARGETS["slow-script"].text)]
    cells = [one.strip() for one in script.split("  ") if one.strip()]
    assert cells[1:5] == ["≥ 2 ×", "SQLite", "2.50 ×", "reached"]
    assert "MISSED" in lines[lines.index(script) + 1]
    assert len({line.index("SQLite") for line in lines if "SQLite" in line}) == 1


def test_the_table_of_the_page(report: Report) -> None:
    rows = [line.strip("|").split("|") for line in markdown(report).splitlines()]
    assert [cell.strip() for cell in rows[0]] == [
        "measure", "target", "SQLite 3.40.1", "PostgreSQL 15.18",
    ]  # fmt: skip
    cells = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows[2:]}
    assert cells[TARGETS["slow-script"].text] == ["≥ 2 ×", "2.50 ×, reached", "1.50 ×, **missed**"]
    assert cells[TARGETS["memory"].text][1:] == [
        "300.00 MB, not judged: 60 bindings", "400.00 MB, not judged: 60 bindings",
    ]  # fmt: skip
    assert cells[TARGETS["growth"].text][1:] == ["0.00 %, reached", "–"]


def test_a_bar_is_as_long_as_its_target_is_reached(report: Report) -> None:
    root = ET.fromstring(svg(report))
    bars = [bar for bar in root.iter(f"{SVG}rect") if bar.get("width") != "14"]
    lengths = [float(bar.get("width", "")) for bar in bars]
    unit = BARS / MOST
    wanted = [
        ("bar0", 1.25 * unit),
        ("bar1 missed", 0.75 * unit),
        ("bar0 missed", 0.8 * unit),
        ("bar1", 2 * unit),
        ("bar0 unjudged", 350 / 300 * unit),
        ("bar1 unjudged", 350 / 400 * unit),
        ("bar0", BARS),
    ]
    assert [bar.get("class") for bar in bars] == [look for look, _ in wanted]
    assert lengths == pytest.approx([length for _, length in wanted], abs=0.1)
    [line] = root.iter(f"{SVG}line")
    assert float(line.get("x1", "")) == pytest.approx(float(bars[0].get("x", "")) + unit, abs=0.1)


def test_nothing_in_the_chart_lies_outside_of_it_or_on_another_line(report: Report) -> None:
    for key in TARGETS:
        for found in report.databases.values():
            found.measures.setdefault(key, of(key, 1.0))
    root = ET.fromstring(svg(report))
    height = float(root.get("height", ""))
    bars = [bar for bar in root.iter(f"{SVG}rect") if bar.get("width") != "14"]
    tops = [float(bar.get("y", "")) for bar in bars]
    assert len(set(tops)) == len(tops) == 2 * sum(1 for one in TARGETS.values() if one.bound)
    assert min(tops) > 0
    assert max(tops) < height
    assert "prefers-color-scheme: dark" in svg(report)
    assert 6.2 * max(len(one.text) for one in TARGETS.values()) + 12 < LABELS


def test_a_report_is_read_back_as_it_was_written(report: Report, tmp_path: Path) -> None:
    report.databases["sqlite"].records["slow"] = {"windows": 3}
    report.failed.append("sqlite, fast")
    path = tmp_path / "below" / "bench.json"
    report.write(path)
    assert Report.of_json(json.loads(path.read_text(encoding="utf-8"))) == report


def test_figures_are_put_between_the_marks_each_time(report: Report, tmp_path: Path) -> None:
    page = tmp_path / PAGE
    page.write_text(f"# Head\n\n{BEGIN}\nold\n{END}\n\n## Tail\n", encoding="utf-8")
    publish(report, tmp_path)
    once = page.read_text(encoding="utf-8")
    publish(report, tmp_path)
    assert page.read_text(encoding="utf-8") == once
    assert once.startswith(f"# Head\n\n{BEGIN}\n\nMeasured on 2026-11-30, revision abc1234, on 2 ")
    assert once.endswith(f"{markdown(report)}\n\n{END}\n\n## Tail\n")
    assert "old" not in once
    assert ET.fromstring((tmp_path / "performance.svg").read_text(encoding="utf-8")) is not None


def test_nothing_is_published_where_there_are_no_marks(report: Report, tmp_path: Path) -> None:
    (tmp_path / PAGE).write_text(f"# Head\n{END}\n{BEGIN}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has no"):
        publish(report, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [PAGE]


def test_the_page_of_this_project_takes_figures(report: Report) -> None:
    text = (BASE_DIR / "docs" / PAGE).read_text(encoding="utf-8")
    assert markdown(report) in inserted(text, markdown(report))


def test_the_machine_is_told_by_what_it_can_do_alone() -> None:
    told = machine.machine()
    assert set(told) == set(MACHINE)
    assert told["cores"] >= 1
    assert told["cpu"]
    assert str(BASE_DIR) not in json.dumps([told, machine.revision(), machine.version("sqlite")])
