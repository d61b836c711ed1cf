"""Limits of one answer, so that none takes all memory.

A tree takes twenty to forty times the bytes that it was parsed from, so bytes alone bound nothing:
tags and attributes are counted before a parser makes nodes of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from panels.notes import Note

MAX_BYTES = 8 * 1024 * 1024
"""Bytes of an answer that is kept as a tree. A page of 500 services with sixty columns and all of
its metadata has 2 to 3 MB (tests/panels/http/test_answer_sizes.py measures one)."""
MAX_TAGS = 200_000
"""Its tags; such a page has 62,000."""
MAX_ATTRIBUTES = 200_000
"""Its attributes; such a page has 61,000."""
LISTS = 4
"""By how much a list may have more whose rows are freed one after another: the 5,001 rows that a
panel gives which knows no pages."""
HEAD = 64 * 1024
"""Bytes that are kept of an answer that is not kept whole, for the journal."""


class TooLarge(Exception):  # noqa: N818 - a signal between modules of this package
    """The answer has more than it may; `why` says of what, and how many."""

    def __init__(self, why: Note) -> None:
        super().__init__(why)
        self.why = why
