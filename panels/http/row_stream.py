"""A list that is read while it arrives: each row is handed on and then freed.

Memory holds what is made of the rows, the row that is being parsed, and what a list has besides
rows; never the tree of the whole page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lxml import etree

from panels.coremanager.answer_start import Opening
from panels.coremanager.documents import PARSING, Document, not_a_panel, not_xml, too_deep
from panels.coremanager.errors import PanelError
from panels.coremanager.listing import MAX_ROWS, Row
from panels.http.answer_limits import HEAD, TooLarge
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Callable

    from panels.coremanager.redaction import Redactor


class RowStream:
    """Parses one answer piece by piece; calls `take` with each row of `doc`.

    A `PanelError` that `take` raises is kept in `failure`, and no more rows are handed on: what
    the rest of the answer says (a fault, or that it is cut off) matters more. The row is empty
    once `take` has returned.
    """

    def __init__(self, take: Callable[[Row], None], *, panel: str, func: str) -> None:
        self.failure: PanelError | None = None
        self._take = take
        self._panel = panel
        self._func = func
        self._opening = Opening()
        self._waiting = bytearray()
        self._parser: etree.XMLPullParser | None = None
        self._last: etree._Element | None = None
        self._rows = 0
        self._broken = False
        self._deep = False
        self._empty = True

    def feed(self, piece: bytes) -> None:
        """Take the next piece. Raises `TooLarge` when there are more rows than a page may have."""
        if self._parser is None:
            self._begin(piece)
            return
        if self._broken:
            return
        try:
            self._parser.feed(piece)
        except etree.XMLSyntaxError as error:
            # The parser's words may quote the answer, and the answer may quote a secret.
            self._broken, self._deep = True, too_deep(error)
        self._give()

    def head(self) -> bytes:
        """Give the beginning of an answer that is no list at all; empty for XML."""
        return bytes(self._waiting[:HEAD])

    def is_html(self) -> bool:
        """Whether the answer, which has ended, is a web page."""
        return self._parser is None and self._settle() == "html"

    def document(self, redactor: Redactor) -> Document:
        """Give the answer, which has ended, without its rows. Raises `UnexpectedAnswer`."""
        root = None
        if self._parser is None:
            verdict = self._settle()
            if verdict != "doc":
                raise not_a_panel(verdict, empty=self._empty, panel=self._panel, func=self._func)
            self._start()
        if self._parser is not None and not self._broken:
            try:
                root = self._parser.close()
            except etree.XMLSyntaxError as error:
                self._deep = too_deep(error)
            self._give()
        if root is None:
            raise not_xml(deep=self._deep, panel=self._panel, func=self._func)
        if self._last is not None:
            root.remove(self._last)
        return Document(root, panel=self._panel, redactor=redactor)

    def _settle(self) -> str:
        return self._opening.look(self._waiting, whole=True) or "other"

    def _begin(self, piece: bytes) -> None:
        """Wait for the root, and feed what has come so far once it is there."""
        self._empty = self._empty and not piece.strip()
        if self._opening.verdict is None:
            self._waiting += piece
        verdict = self._opening.look(self._waiting)
        if verdict == "doc":
            self._start()

    def _start(self) -> None:
        self._parser = etree.XMLPullParser(events=("end",), tag="elem", **PARSING)
        held = bytes(self._waiting)
        self._waiting.clear()
        self.feed(held)

    def _give(self) -> None:
        """Hand on the rows that are complete.

        A row is taken out of the tree only when the next one is complete, since the parser may
        still be adding to the text behind it.
        """
        if self._parser is None:
            return
        for _event, found in self._parser.read_events():
            element = cast("Any", found)  # of "end" events it always is an element
            parent: etree._Element | None = element.getparent()
            if parent is None or parent.getparent() is not None:
                continue  # a row of a list inside of this one
            self._rows += 1
            if self._rows > MAX_ROWS:
                raise TooLarge(note("answer.rows", most=MAX_ROWS))
            if self.failure is None:
                try:
                    self._take(Row(element, panel=self._panel, func=self._func))
                except PanelError as error:
                    self.failure = error
            if self._last is not None:
                parent.remove(self._last)
            element.clear(keep_tail=True)
            self._last = element
