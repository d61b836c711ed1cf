"""Rules for single cells of a CSV file, and the escaping of cells that leave."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from integrator.messages import invisible_characters
from integrator.messages.message import say
from integrator.previews.choices import MAX_PERIOD
from integrator.previews.expiry_rules import day
from panels import normal_forms

if TYPE_CHECKING:
    import datetime as dt

    from integrator.messages.message import Message

MAX_DOMAIN = 253
"""Characters of a domain name, in ASCII (RFC 1035)."""
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class BadCellError(Exception):
    """A cell holds a wrong value; ``text`` says what it should hold."""

    def __init__(self, text: Message) -> None:
        super().__init__(str(text))
        self.text = text


def needed(cell: str) -> str:
    """Text without the blanks around it, never empty; as it was before ``defused``."""
    text = restored(readable(cell))
    if not text:
        raise BadCellError(say("csv.cell_empty"))
    return text


def readable(cell: str) -> str:
    """Text without blanks and signs that nobody sees at its ends.

    Raises BadCellError that names the first such sign in between.
    """
    text = normal_forms.clean(cell)
    sign = normal_forms.unseen_in(text)
    if sign:
        raise BadCellError(invisible_characters.named(text, sign))
    return text


def domain(cell: str) -> str:
    """A domain name in lower case, without the dot at its end; "" for an empty cell."""
    text = normal_forms.clean(cell)
    if not text:
        return ""
    for sign in text:
        if normal_forms.is_unseen(sign) and sign not in normal_forms.JOINERS:
            raise BadCellError(invisible_characters.named(text, sign))
    ascii_name = normal_forms.ascii_domain(text)
    labels = ascii_name.split(".")
    well_formed = len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)
    if not well_formed or len(ascii_name) > MAX_DOMAIN:
        raise BadCellError(say("csv.no_domain", text=text))
    return normal_forms.readable_domain(text)


def password(cell: str) -> str:
    """The cell as it stands: blanks at either end belong to the password."""
    if any(sign in cell for sign in "\r\n"):
        raise BadCellError(say("csv.password_break"))
    return cell


def period(cell: str) -> int | None:
    """Months; None for an empty cell."""
    text = readable(cell)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:4]) <= MAX_PERIOD):
        raise BadCellError(say("csv.no_period", text=text, longest=MAX_PERIOD))
    return int(text)


def switch(cell: str) -> bool | None:
    """On or off; None for an empty cell."""
    text = readable(cell).lower()
    if not text:
        return None
    if text not in {"on", "off"}:
        raise BadCellError(say("csv.no_switch", text=text))
    return text == "on"


def date(cell: str) -> dt.date | None:
    """A day written YYYY-MM-DD; None for an empty cell."""
    text = readable(cell)
    if not text:
        return None
    found = day(text)
    if found is None:
        raise BadCellError(say("csv.no_date", text=text))
    return found


def defused(value: object) -> str:
    """The value as a cell that no spreadsheet takes for a formula (design.md, section 7).

    What panels call things is hostile text; a leading apostrophe makes a spreadsheet show it.
    Plain numbers stay numbers.
    """
    text = "" if value is None else str(value)
    if text.lstrip("'").startswith(_FORMULA) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def restored(cell: str) -> str:
    """The inverse of ``defused``: a file that was exported comes in again as it was."""
    return cell[1:] if cell.startswith("'") and defused(cell[1:]) == cell else cell
