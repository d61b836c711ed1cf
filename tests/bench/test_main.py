"""`make bench` from its words to its files, with parts that measure nothing."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from tests.bench import __main__ as bench
from tests.bench.measures import Measure
from tests.bench.report.report import Report
from tests.bench.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bench.parts.given import Given, Taken


def part(value: float) -> Callable[[Given], Taken]:
    """A part that finds this ratio against the script."""

    def measure(given: Given) -> Taken:
        measure = Measure(TARGETS["fast-script"], value, given.sizes.runs)
        return [measure], {"rounds": given.rounds}

    return measure


def broken(_given: Given) -> Taken:
    raise RuntimeError("a worker was restarted during the run")


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., tuple[int, Report, list[Report]]]:
    """Runs `make bench` with these parts: its exit status, its file, what it published."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    path = tmp_path / "bench.json"

    def with_parts(
        parts: dict[str, Callable[[Given], Taken]], *words: str
    ) -> tuple[int, Report, list[Report]]:
        published: list[Report] = []
        monkeypatch.setattr(bench, "PARTS", parts)
        monkeypatch.setattr(bench, "publish", lambda report, _folder: published.append(report))
        code = bench.main(["--json", str(path), *words])
        return code, Report.of_json(json.loads(path.read_text(encoding="utf-8"))), published

    return with_parts


def test_a_target_that_is_reached_is_0_and_one_that_is_missed_1(
    run: Callable[..., tuple[int, Report, list[Report]]], capsys: pytest.CaptureFixture[str]
) -> None:
    code, report, published = run({"fast": part(1.2)}, "--full", "--publish")
    assert code == 0
    assert list(report.databases) == ["sqlite", "postgres"]
    assert report.databases["postgres"].records == {"fast": {"rounds": 3}}
    assert [one.as_json() for one in published] == [report.as_json()]
    assert "1.20 ×" in capsys.readouterr().out
    code, _report, _published = run({"fast": part(0.8)}, "--full")
    assert code == 1


def test_what_is_too_small_is_not_missed(
    run: Callable[..., tuple[int, Report, list[Report]]], capsys: pytest.CaptureFixture[str]
) -> None:
    code, _report, published = run({"fast": part(0.8)}, "--accounts", "60")
    assert code == 0
    assert published == []
    assert "not judged: 60 accounts" in capsys.readouterr().out


def test_a_part_that_fails_is_told_and_holds_up_no_other(
    run: Callable[..., tuple[int, Report, list[Report]]], capsys: pytest.CaptureFixture[str]
) -> None:
    code, report, published = run({"slow": broken, "fast": part(1.2)}, "--publish")
    assert code == 1
    assert report.failed == ["sqlite, slow"]
    assert list(report.databases["sqlite"].measures) == ["fast-script"]
    assert published == []
    told = capsys.readouterr()
    assert "could not be measured: sqlite, slow" in told.out
    assert "a worker was restarted" in told.err


def test_a_file_is_shown_again_without_measuring(
    run: Callable[..., tuple[int, Report, list[Report]]], tmp_path: Path
) -> None:
    _code, first, _published = run({"fast": part(1.2)}, "--full")
    again = ("--again", str(tmp_path / "bench.json"), "--publish")
    code, _report, [shown] = run({"fast": broken}, *again)
    assert code == 0
    assert shown == first
