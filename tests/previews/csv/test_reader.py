"""Reading a CSV file: strictly, and everything that is wrong at once."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.core.errors import CsvRefused
from integrator.previews.csv.reader import REQUIRED, read, read_all

HEADER = "server,username,domain,client,plan"


def errors_of(data: bytes | str) -> list[tuple[int, str]]:
    with pytest.raises(CsvRefused) as refused:
        read(data)
    return [(error.line, error.column) for error in refused.value.errors]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_delimiter_line_end_and_byte_order_mark(
    delimiter: str, start: bytes, end: str
) -> None:
    rows = [REQUIRED, ("isp1", "alice", "Alice.Example.", "A@mail.example", "Start")]
    text = end.join(delimiter.join(row) for row in rows) + end
    (line,) = read(start + text.encode())
    assert (line.number, line.server, line.domain) == (2, "isp1", "alice.example")
    assert (line.client, line.password, line.period) == ("A@mail.example", "", None)


def test_columns_come_in_any_order_and_case() -> None:
    (line,) = read(
        "Plan,PASSWORD,client,username,server,domain,period,autoprolong,expires\n"
        "Start,pw,7,alice,isp1,,12,ON,2031-02-28\n"
    )
    assert line.plan == "Start"
    assert line.domain == ""
    assert (line.period, line.autoprolong) == (12, True)
    assert line.expires == dt.date(2031, 2, 28)


def test_a_password_keeps_its_blanks_and_shows_in_no_repr() -> None:
    (line,) = read(f'{HEADER},password\nisp1, alice ,,7,Start,"  p;w,"" "\n')
    assert line.password == '  p;w," '
    assert line.username == "alice"
    assert "p;w" not in repr(line)


@given(st.text(st.characters(blacklist_characters="\0\r\n", blacklist_categories=["Cs"])))
def test_any_password_survives(password: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[*REQUIRED, "password"], ["s", "u", "", "1", "p", password]])
    assert read(text.getvalue().encode())[0].password == password


def test_an_unknown_a_missing_and_a_double_column_are_told_together() -> None:
    assert errors_of("server,usrname,domain,domain,client\n") == [
        (1, "domain"),
        (1, "plan"),
        (1, "username"),
        (1, "usrname"),
    ]


def test_a_misspelt_column_is_recognised() -> None:
    refused = read_all("server,username,domain,client,plan,pasword\n").errors
    assert "password" in str(refused[0].text)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",alice,,7,Start,,,", "server"),
        ("isp1, ,,7,Start,,,", "username"),
        ("isp1,alice,no domain,7,Start,,,", "domain"),
        ("isp1,alice,https://a.example,7,Start,,,", "domain"),
        ("isp1,alice,,,Start,,,", "client"),
        ("isp1,alice,,7,,,,", "plan"),
        ("isp1,alice,,7,Start,0,,", "period"),
        ("isp1,alice,,7,Start,1.5,,", "period"),
        ("isp1,alice,,7,Start,,yes,", "autoprolong"),
        ("isp1,alice,,7,Start,,,31.12.2030", "expires"),
        ("isp1,alice,,7,Start,,,2030-02-30", "expires"),
        ("isp1,alice,,7,Start", ""),
        ("isp1,alice,,7,Start,,,,more", ""),
    ],
)
def test_a_bad_cell_is_told_by_line_and_column(row: str, column: str) -> None:
    assert errors_of(f"{HEADER},period,autoprolong,expires\n\n{row}\n") == [(3, column)]


def test_all_errors_of_all_lines_are_collected() -> None:
    reading = read_all(f"{HEADER}\n,alice,,7,\nisp1,bob,,7,Start\nisp1,,,7,Start\n")
    assert [(error.line, error.column) for error in reading.errors] == [
        (2, "server"),
        (2, "plan"),
        (4, "username"),
    ]
    assert [line.username for line in reading.lines] == ["bob"]
    assert not reading.unreadable


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", 0),
        (b"\n \n", 0),
        (f"{HEADER}\n".encode(), 0),
        (b"alice,bob\n", 1),
        (f"{HEADER}\nisp1,ali\u00e7e,,7,Start".encode("latin-1"), 2),
        ("server\n".encode("utf-16"), 0),
        (f"{HEADER}\nisp1,a\0b,,7,Start".encode(), 2),
        (f'{HEADER}\nisp1,alice,,7,Start\nisp1,"bob,,7,Start\n'.encode(), 3),
    ],
)
def test_a_file_that_cannot_be_read_to_its_end_is_never_taken_in_part(
    data: bytes, line: int
) -> None:
    reading = read_all(data)
    assert reading.unreadable
    assert [error.line for error in reading.errors] == [line]


def test_a_quoted_line_break_counts_as_lines() -> None:
    reading = read_all(f'{HEADER}\n"isp\n1",alice,,7,Start\nisp1,,,7,Start\n')
    assert [error.line for error in reading.errors] == [4]


def test_trailing_delimiters_of_a_spreadsheet_are_harmless() -> None:
    (line,) = read(f"{HEADER},,\nisp1,alice,,7,Start,,\n")
    assert line.plan == "Start"


def test_a_hundred_thousand_lines_are_read() -> None:
    rows = "".join(f"isp1,user{n},site{n}.example,{n},Start,pw{n}\n" for n in range(100_000))
    assert len(read(f"{HEADER},password\n{rows}".encode())) == 100_000
