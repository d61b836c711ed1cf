"""Hostile and broken CSV files: never a crash, never half of a file, and always the line."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from integrator.core.errors import CsvRefused
from integrator.models import Preview, PreviewRow
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.previews.csv import reader
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster

pytestmark = pytest.mark.any_database

ON = Choices(autoprolong=True)
NAMES = ("alice", "bob")
CELLS = st.one_of(
    st.sampled_from(
        ["isp1", "alice", "bob", "", "3001", "Start", "on", "2031-01-01", "12", "=1+1", "a\nb",
         '"', "\ufeff", "пример.рф", "client3001@mail.example", "9" * 40, "-1", "\u202e", "'"]
    ),
    st.text(max_size=6),
)  # fmt: skip
HEADERS = st.one_of(
    st.just([*reader.REQUIRED]),
    st.just([*reader.COLUMNS]),
    st.permutations(reader.COLUMNS),
    st.lists(st.one_of(st.sampled_from(reader.COLUMNS), CELLS), max_size=10),
)


def _right(head: list[str], username: str) -> list[str]:
    cells = {"server": "isp1", "username": username, "client": "3001", "plan": "Start"}
    return [cells.get(name, "") for name in head]


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Something like a file of ours: rows of a width of their own, now and then cut or bent."""
    text = io.StringIO(newline="")
    mark = draw(st.sampled_from([",", ";", "\t", ",", "|"]))
    writer = csv.writer(text, delimiter=mark, lineterminator=draw(st.sampled_from(["\n", "\r\n"])))
    head = draw(HEADERS)
    writer.writerow(head)
    right = st.sampled_from(NAMES).map(lambda name: _right(head, name))
    row = right | right.map(lambda cells: cells[:-1]) | st.lists(CELLS, max_size=11)
    row |= st.lists(CELLS, min_size=len(head), max_size=len(head))
    rows = [_right(head, name) for name in draw(st.lists(st.sampled_from(NAMES), unique=True))]
    for cells in rows + (draw(st.lists(row, max_size=4)) if draw(st.booleans()) else []):
        writer.writerow(cells)
    data = text.getvalue().encode(draw(st.sampled_from(["utf-8", "utf-8-sig"])), "surrogatepass")
    place = draw(st.integers(0, len(data)))
    bend = draw(st.sampled_from([*[b""] * 8, b'"', b"\0", b"\xff", b"\r", b"\n"]))
    return data[:place] + bend + data[place:]


@given(st.binary(max_size=200) | files())
@settings(max_examples=400, derandomize=True)
def test_reading_anything_answers_with_lines_or_with_errors(data: bytes) -> None:
    reading = reader.read_all(data)
    last = len(data.splitlines()) + 1
    assert reading.lines or reading.errors
    assert all(2 <= line.number <= last for line in reading.lines)
    for error in reading.errors:
        assert error.text
        assert 0 <= error.line <= last
    # A line is right or wrong, never both.
    assert not {one.number for one in reading.lines} & {one.line for one in reading.errors}


@pytest.fixture
def many(hoster: Hoster) -> Hoster:
    mirrors.account(hoster.server)
    mirrors.account(hoster.server, "bob")
    return hoster


@given(data=files(), skips=st.booleans())
@settings(
    max_examples=150, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_file_is_taken_whole_or_not_at_all(many: Hoster, data: bytes, skips: bool) -> None:
    Preview.objects.all().delete()
    try:
        made = preview.make_from_csv(ON, data, "eva", skip_bad=skips)
    except CsvRefused:
        assert not Preview.objects.exists()
        assert not PreviewRow.objects.exists()
        return
    event("taken")
    reading = reader.read_all(data)
    wrong = {one["line"] for one in made.summary["skipped"]}
    taken = set(made.rows.values_list("number", flat=True))
    assert taken
    assert taken | wrong == {one.number for one in reading.lines} | wrong
    assert not taken & wrong
    assert skips or not wrong


@pytest.mark.slow
def test_a_hundred_thousand_lines_that_are_wrong_are_all_named(many: Hoster) -> None:
    rows = "".join(f"isp1,nobody{n},,3001,Start\n" for n in range(100_000))
    with pytest.raises(CsvRefused) as refused:
        preview.make_from_csv(ON, f"server,username,domain,client,plan\n{rows}", "eva")
    assert [one.line for one in refused.value.errors] == list(range(2, 100_002))
    assert not Preview.objects.exists()
