"""Whole numbers as people, forms and addresses give them: ids, pages, ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_DIGITS = 18
"""Digits; any number with so few fits the 64 bits of a database's column."""


def number(text: str) -> int | None:
    """The number that these ASCII digits write; None for anything else, and for too many."""
    fits = len(text) <= MAX_DIGITS and text.isascii() and text.isdecimal()
    return int(text) if fits else None


def row_id(text: str) -> int:
    """The id that these digits write; 0, which no row has, for anything else."""
    return number(text) or 0


def numbers(texts: Iterable[str]) -> list[int]:
    """The numbers among these texts, in their order."""
    return [found for text in texts if (found := number(text)) is not None]


class IdConverter:
    """An id in a URL: text that is none, or longer than any, does not match."""

    regex = rf"[0-9]{{1,{MAX_DIGITS}}}"

    def to_python(self, value: str) -> int:
        """The id."""
        return int(value)

    def to_url(self, value: int) -> str:
        """The id as it stands in an address."""
        return str(value)
