"""Rows of a list answer. They stay where lxml put them: a cell is looked up when asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from panels import amounts
from panels.coremanager.errors import CellUnreadable
from panels.coremanager.redaction import REDACTED, is_secret
from panels.notes import Note, note

if TYPE_CHECKING:
    import builtins
    from collections.abc import Collection, Iterator
    from decimal import Decimal

    from lxml import etree

    from panels.coremanager.toolbars import Toolbar

_ID = re.compile(r"[0-9]{1,18}", re.ASCII)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T].*)?", re.ASCII)
_ON = frozenset({"on", "yes", "true", "1"})
_OFF = frozenset({"off", "no", "false", "0", "null"})
MAX_ROWS = 6_000
"""Rows that one page may have, whatever was asked for. A panel that knows no pages gives its whole
list, which BILLmanager cuts at 5,001 (billmanager.md 1.6); what has many more is no list."""
UNSET = frozenset({"", "null"})
"""An unset select is the literal `null` (billmanager.md 1.3)."""


MISSING = note("cell.missing")
"""What is wrong with a cell that is not there at all."""
ANY_KEY = "id|elid"
"""The list of clients is documented with the key `elid`, others with `id` (billmanager.md 8)."""
SHOWN = 80
"""Characters of a cell that are shown to people."""


class Row:
    """One `elem` of a list.

    Columns that are asked for with `text`, `code`, `int`, `money` and `date` must exist: a missing
    one raises `CellUnreadable`, since deciding on a column that is not there would be a guess.
    """

    __slots__ = ("_cells", "_element", "_func", "_panel")

    def __init__(self, element: etree._Element, *, panel: str, func: str) -> None:
        self._element = element
        self._cells: dict[str, etree._Element] | None = None
        self._panel = panel
        self._func = func

    def __repr__(self) -> str:
        """Name the row by its columns; cells may be secret."""
        return f"Row({', '.join(str(cell.tag) for cell in self._element)})"

    def __iter__(self) -> Iterator[str]:
        """Give the names of the columns that this row has."""
        return (str(cell.tag) for cell in self._element.iterchildren("*"))

    @property
    def func(self) -> str:
        """The function whose answer the row stands in."""
        return self._func

    def key(self, name: str) -> str:
        """Give the row's key, '' when the cell is empty; one without the column raises.

        Of several names ("id|elid", see `ANY_KEY`) the first that is there counts, and a row
        without any is distinguished by all that it holds.
        """
        if "|" not in name:
            return self.text(name)
        own = self.get(*name.split("|"))
        return own or "?" + "\0".join(f"{cell.tag}={_text(cell)}" for cell in self._element)

    def leaves(self) -> Iterator[tuple[str, str]]:
        """Give name and text of every node without children, however deep it lies in the row."""
        for node in self._element.iter("*"):
            if not len(node) and node is not self._element:
                yield str(node.tag), _text(node)

    def has(self, name: str) -> bool:
        """Whether the row has this column, be it empty."""
        return self._cell(name) is not None

    def get(self, *names: str) -> str:
        """Text of the first of these columns that is there and not empty; '' when none is."""
        for name in names:
            text = _text(self._cell(name))
            if text:
                return text
        return ""

    def text(self, name: str) -> str:
        """Text of a required column; '' when the cell is empty."""
        return _text(self._need(name))

    def code(self, name: str) -> str:
        """Raw code behind a localised cell (billmanager.md 1.6).

        The attribute `orig`, else the twin `<name>_orig` or `real_<name>`, else the text itself.
        """
        cell = self._cell(name)
        orig = None if cell is None else cell.get("orig")
        if orig is not None:
            return orig.strip()
        for twin in (f"{name}_orig", f"real_{name}"):
            other = self._cell(twin)
            if other is not None:
                return _text(other)
        return _text(self._need(name) if cell is None else cell)

    def code_or_none(self, *names: str) -> str | None:
        """Like `code` of the first of these columns that is there and set; None when none is."""
        for name in names:
            if self.has(name) or self.has(f"{name}_orig") or self.has(f"real_{name}"):
                code = self.code(name)
                if code not in UNSET:
                    return code
        return None

    def flag(self, name: str) -> bool:
        """Give a toggle (`on`/`off`) or a property (ispmanager.md 1.4).

        A property is an empty element when true and absent when false.
        """
        if self._cell(name) is None:
            return False
        text = self.code(name).lower()
        if text in _ON or not text:
            return True
        if text in _OFF:
            return False
        raise self._wrong(name, note("cell.no_flag"))

    def int(self, name: str) -> builtins.int:
        """Give a required number made of digits alone."""
        text = self.code(name)
        if _ID.fullmatch(text) is None:
            raise self._wrong(name, note("cell.no_number"))
        return int(text)

    def money(self, name: str) -> Decimal:
        """Give a required amount, in any of the ways in which panels write one (`amounts`)."""
        code = self.code(name)
        amount = amounts.exact(code) if self._is_raw(name) else money(code)
        if amount is None:
            raise self._wrong(name, note("cell.no_amount"))
        return amount

    def money_or_none(self, *names: str) -> Decimal | None:
        """Give the first of these columns that is there and set; None when none is."""
        for name in names:
            if self.code_or_none(name) is not None:
                return self.money(name)
        return None

    def currency(self, *names: str, known: Collection[str] = ()) -> str | None:
        """Give the ISO code in one of these columns ("RUB", "1.00 ₽"); None if there is none.

        A symbol of several currencies stands for the one that is among `known`.
        """
        for name in names:
            found = amounts.currency(self.get(name), known)
            if found is not None:
                return found
        return None

    def date_or_none(self, *names: str) -> date | None:
        """Give the first of these columns that is there and set, as a date; None when none is."""
        for name in names:
            text = self.code_or_none(name)
            if text is None or text.startswith("0000-"):
                continue
            found = iso_date(text)
            if found is None:
                raise self._wrong(name, note("cell.no_date"))
            return found
        return None

    def _is_raw(self, name: str) -> bool:
        """Whether `code` gives what the panel writes for programs, not the text for people."""
        cell = self._cell(name)
        return (cell is not None and cell.get("orig") is not None) or any(
            self.has(twin) for twin in (f"{name}_orig", f"real_{name}")
        )

    def _cell(self, name: str) -> etree._Element | None:
        cells = self._cells
        if cells is None:
            # Reversed, so that the first of two cells with one name wins.
            cells = self._cells = {str(c.tag): c for c in self._element.iterchildren(reversed=True)}
        return cells.get(name)

    def _need(self, name: str) -> etree._Element:
        cell = self._cell(name)
        if cell is None:
            raise self._wrong(name, MISSING)
        return cell

    def _wrong(self, name: str, what: Note) -> CellUnreadable:
        value = shortened(self.get(name))
        if value and is_secret(name):
            value = REDACTED
        return CellUnreadable(name, what, value, panel=self._panel, func=self._func)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list.

    `total` is the number of rows on all pages (`p_elems`), None when absent; `page` counts from
    1; `page_size` is the size that was granted (`p_cnt`), None when absent; `key` names the key
    column (`metadata@key`, only under out=devel), '' when absent; `order` is the sort column
    with its direction as the panel echoes it ("-id"), '' when absent; `toolbar` is empty but
    for out=devel.
    """

    rows: tuple[Row, ...]
    total: int | None
    page: int
    page_size: int | None
    key: str
    order: str
    toolbar: Toolbar


def money(text: str) -> Decimal | None:
    """Read an amount that is written for people; None when it is none, or ambiguous."""
    found = amounts.read(text)
    return None if found is None else found.value


def shortened(text: str) -> str:
    """Give a text as far as it is shown to people."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def iso_date(text: str) -> date | None:
    """Read YYYY-MM-DD, with or without a time behind it; None when it is no date."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return date(int(match.group(1)), int(match.group(2)), int(match.group(3)))
    except ValueError:
        return None


def number(text: str | None) -> int | None:
    """Read a number made of digits alone; None when it is something else."""
    return int(text) if text is not None and _ID.fullmatch(text.strip()) is not None else None


def _text(cell: etree._Element | None) -> str:
    if cell is None:
        return ""
    text = cell.text or ""
    if len(cell):
        text = "".join(map(str, cell.itertext()))
    return text.strip()
