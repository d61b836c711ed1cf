"""A CSV file of accounts to bind, read strictly (design.md, section 7).

Reading knows nothing of the panels: what a line names is looked up by ``resolver``. All that is
wrong is collected, so that a file is corrected once and not error by error.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from integrator.core.errors import CsvRefused, LineError
from integrator.messages import invisible_characters
from integrator.messages.message import say
from integrator.previews.csv import cell_rules
from panels.normal_forms import clean, name_key, unseen_in

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from integrator.messages.message import Message

REQUIRED = ("server", "username", "domain", "client", "plan")
OPTIONAL = ("password", "period", "autoprolong", "expires")
COLUMNS = REQUIRED + OPTIONAL
DELIMITERS = (",", ";", "\t")
MAX_CELLS = 200
"""Cells that a header may have: spreadsheets leave empty ones, and each wrong one is reported."""
_HINT = re.compile(r'"?sep=([^\w\r\n"])"?[ \t]*(?:\r\n?|\n|\Z)', re.IGNORECASE)
"""A first line as Excel writes it, which names the separator of the cells."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file, each cell checked by itself.

    ``number`` is where the line begins in the file, counted from 1. ``client`` and
    ``plan`` are text as given (id, e-mail or name). ``domain`` "": the account's own main domain;
    ``password`` "": none given. ``period`` (months), ``autoprolong`` and ``expires`` None: not
    given, so the run's choice holds. ``plan_id``: the plan where it is known and not a word of
    the file; None: ``plan`` says it.
    """

    number: int
    server: str
    username: str
    domain: str
    client: str
    plan: str
    password: str = field(default="", repr=False)
    period: int | None = None
    autoprolong: bool | None = None
    expires: dt.date | None = None
    plan_id: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """All of a file: the lines that can be taken, and what is wrong with the others."""

    lines: list[Line]
    errors: list[LineError]

    @property
    def unreadable(self) -> bool:
        """Whether the file cannot be read past some place, so that no line of it is safe."""
        return any(not error.skippable for error in self.errors)


def read(data: bytes | str) -> list[Line]:
    """The lines of a file that is right in all of its lines.

    Raises CsvRefused with everything that is wrong.
    """
    reading = read_all(data)
    if reading.errors:
        raise CsvRefused(reading.errors)
    return reading.lines


def read_all(data: bytes | str) -> Reading:
    """The lines that are right and the errors of the others; raises nothing for bad input."""
    try:
        text = data if isinstance(data, str) else _decoded(data)
        records = _records(text.removeprefix("\ufeff"))
        header = _header(next(records, None))
    except _UnreadableError as error:
        return Reading([], list(error.errors))
    lines: list[Line] = []
    errors: list[LineError] = []
    try:
        for number, cells in records:
            line, wrong = _line(number, header, cells)
            errors += wrong
            if line is not None:
                lines.append(line)
    except _UnreadableError as error:
        errors += error.errors
    if not lines and not errors:
        errors.append(LineError(0, "", say("csv.no_accounts"), skippable=False))
    return Reading(lines, errors)


class _UnreadableError(Exception):
    """Reading cannot go on; ``errors`` say why."""

    def __init__(self, errors: Sequence[LineError]) -> None:
        super().__init__()
        self.errors = errors


def _unreadable(line: int, text: Message) -> _UnreadableError:
    return _UnreadableError([LineError(line, "", text, skippable=False)])


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unreadable(0, say("csv.utf16"))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _unreadable(line, say("csv.not_utf8")) from None


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank, with the number of the line on which it begins."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _unreadable(line, say("csv.zero_byte"))
    hint = _HINT.match(text)
    above = 1 if hint else 0
    rest = text[hint.end() :] if hint else text
    delimiter = hint[1] if hint else _delimiter(text)
    reader = csv.reader(io.StringIO(rest, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1 + above
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _unreadable(number, say("csv.quotation", why=str(error))) from None
        if any(map(clean, cells)):
            yield number, cells


def _delimiter(text: str) -> str:
    """The delimiter that makes the most of our columns out of the first line that has any text."""
    first = next((line for line in text.splitlines() if clean(line)), "")
    return max(DELIMITERS, key=lambda mark: sum(_name(c) in COLUMNS for c in first.split(mark)))


def _name(cell: str) -> str:
    return clean(clean(cell).strip('"')).lower()


def _header(record: tuple[int, list[str]] | None) -> list[str]:
    """The columns' names in the file's order; a trailing column without a name stays ""."""
    if record is None:
        raise _unreadable(0, say("csv.empty"))
    number, cells = record
    if len(cells) > MAX_CELLS:
        raise _unreadable(number, _too_many(cells))
    names = [_name(cell) for cell in cells]
    while names and not names[-1]:
        names.pop()
    wrong = [LineError(number, name, text, skippable=False) for name, text in _header_errors(names)]
    if wrong:
        raise _UnreadableError(wrong)
    return names


def _too_many(cells: list[str]) -> Message:
    names = ", ".join(COLUMNS)
    return say("csv.long_header", cells=len(cells), columns=len(COLUMNS), names=names)


def _header_errors(names: list[str]) -> Iterator[tuple[str, Message]]:
    if not set(names) & set(COLUMNS):
        yield "", say("csv.no_header", columns=", ".join(REQUIRED))
        return
    for name in dict.fromkeys(names):
        if sign := unseen_in(name):
            yield name_key(name), invisible_characters.named(name, sign)
        elif name not in COLUMNS:
            yield name, _unknown_column(name, names)
        elif names.count(name) > 1:
            yield name, say("csv.column_twice")
    for name in REQUIRED:
        if name not in names:
            yield name, say("csv.column_missing")


def _unknown_column(name: str, names: list[str]) -> Message:
    missing = [column for column in COLUMNS if column not in names]
    close = difflib.get_close_matches(name, missing, n=1)
    if not name:
        return say("csv.column_nameless")
    if close:
        return say("csv.column_close", close=close[0])
    return say("csv.column_unknown", columns=", ".join(COLUMNS))


def _line(number: int, header: list[str], cells: list[str]) -> tuple[Line | None, list[LineError]]:
    """The line, or None and what is wrong with it."""
    filled = len(cells)
    while filled > len(header) and not clean(cells[filled - 1]):
        filled -= 1
    cells = cells[:filled]
    if len(cells) != len(header):
        text = say("csv.cells", cells=len(cells), columns=len(header))
        return None, [LineError(number, "", text)]
    given = dict(zip(header, cells, strict=True))
    errors: list[LineError] = []

    def cell(column: str, parse: Callable[[str], T], default: T) -> T:
        try:
            return parse(given[column]) if column in given else default
        except cell_rules.BadCellError as error:
            errors.append(LineError(number, column, error.text))
            return default

    line = Line(
        number=number,
        server=cell("server", cell_rules.needed, ""),
        username=cell("username", cell_rules.needed, ""),
        domain=cell("domain", cell_rules.domain, ""),
        client=cell("client", cell_rules.needed, ""),
        plan=cell("plan", cell_rules.needed, ""),
        password=cell("password", cell_rules.password, ""),
        period=cell("period", cell_rules.period, None),
        autoprolong=cell("autoprolong", cell_rules.switch, None),
        expires=cell("expires", cell_rules.date, None),
    )
    return (None, errors) if errors else (line, [])


def stored_errors(errors: Sequence[LineError]) -> list[Mapping[str, object]]:
    """The errors as they are stored, ``text`` as a message."""
    return [{"line": e.line, "column": e.column, "text": e.text.to_json()} for e in sorted(errors)]
