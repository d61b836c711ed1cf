"""Rows of a list answer. They stay where lxml put them: a cell is looked up when asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from panels.errors import UnexpectedAnswer

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterator

    from lxml import etree

    from panels.forms import Toolbar

_ID = re.compile(r"[0-9]{1,18}", re.ASCII)
_MONEY = re.compile(r"(-?)([0-9][0-9 \u00a0\u202f]{0,30})(\.[0-9]{1,10})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T].*)?", re.ASCII)
_ON = frozenset({"on", "yes", "true", "1"})
_OFF = frozenset({"off", "no", "false", "0", "null"})
MOST_ROWS = 6_000
"""Rows that one page may have, whatever was asked for. A panel that knows no pages gives its whole
list, which BILLmanager cuts at 5,001 (facts-2026-11.md 2.1); what has many more is no list."""
UNSET = frozenset({"", "null"})
"""An unset select is the literal `null` (billmanager.md 1.3)."""


class Row:
    """One `elem` of a list.

    Columns that are asked for with `text`, `code`, `int`, `money` and `date` must exist: a missing
    one raises `UnexpectedAnswer`, since deciding on a column that is not there would be a guess.
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
        raise self._wrong(name, "is neither on nor off")

    def int(self, name: str) -> builtins.int:
        """Give a required number made of digits alone."""
        text = self.code(name)
        if _ID.fullmatch(text) is None:
            raise self._wrong(name, "is not a number")
        return int(text)

    def int_or_none(self, *names: str) -> builtins.int | None:
        """Give the first of these columns that is there and set; None when none is."""
        for name in names:
            if self.code_or_none(name) is not None:
                return self.int(name)
        return None

    def money(self, name: str) -> Decimal:
        """Give a required amount, with or without a currency code behind it ("1.00 RUB")."""
        amount = money(self.code(name))
        if amount is None:
            raise self._wrong(name, "is not an amount")
        return amount

    def money_or_none(self, *names: str) -> Decimal | None:
        """Give the first of these columns that is there and set; None when none is."""
        for name in names:
            if self.code_or_none(name) is not None:
                return self.money(name)
        return None

    def currency(self, *names: str) -> str | None:
        """Give the ISO code in one of these columns ("RUB", "1.00 RUB"); None if there is none."""
        for name in names:
            found = currency(self.get(name))
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
                raise self._wrong(name, "is not a date")
            return found
        return None

    def _cell(self, name: str) -> etree._Element | None:
        cells = self._cells
        if cells is None:
            # Reversed, so that the first of two cells with one name wins.
            cells = self._cells = {str(c.tag): c for c in self._element.iterchildren(reversed=True)}
        return cells.get(name)

    def _need(self, name: str) -> etree._Element:
        cell = self._cell(name)
        if cell is None:
            raise self._wrong(name, "is missing")
        return cell

    def _wrong(self, name: str, what: str) -> UnexpectedAnswer:
        return UnexpectedAnswer(f"column {name} {what}", panel=self._panel, func=self._func)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list.

    `total` is the number of rows on all pages (`p_elems`), None when not told; `page` counts from
    1; `page_size` is the size that was granted (`p_cnt`), None when not told; `key` names the key
    column (`metadata@key`, only under out=devel), '' when not told; `order` is the sort column
    with its direction as the panel echoes it ("-id"), '' when not told; `toolbar` is empty but
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
    """Read "1.00", "1.00 RUB" or "1 234.50"; None when it is no amount."""
    bare = text.strip()
    if _CURRENCY.fullmatch(bare[-3:]) is not None:
        bare = bare[:-3].rstrip()
    match = _MONEY.fullmatch(bare)
    if match is None:
        return None
    whole = "".join(filter(str.isdigit, match.group(2)))
    return Decimal(f"{match.group(1)}{whole}{match.group(3) or ''}")


def currency(text: str) -> str | None:
    """Give the ISO code at the end of "1.00 RUB" or "RUB"; None when there is none."""
    code = text.strip()[-3:]
    return code if _CURRENCY.fullmatch(code) is not None else None


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
