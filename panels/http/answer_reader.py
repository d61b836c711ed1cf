"""Reads one answer as it arrives, within the limits of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.http.answer_limits import HEAD, LISTS, MAX_ATTRIBUTES, MAX_BYTES, MAX_TAGS, TooLarge
from panels.notes import note

if TYPE_CHECKING:
    from panels.http.row_stream import RowStream


class AnswerReader:
    """Takes an answer piece by piece. Raises `TooLarge` at the piece that is one too many.

    `most` is in bytes, of a tree. With `stream` the pieces go there, and only the head is kept.
    """

    __slots__ = (
        *("_attributes", "_most", "_most_attributes", "_most_tags"),
        *("_pieces", "_tags", "size", "stream"),
    )

    def __init__(self, most: int = MAX_BYTES, stream: RowStream | None = None) -> None:
        self.size = 0
        self.stream = stream
        times = 1 if stream is None else LISTS
        self._most = times * most
        self._most_tags = times * MAX_TAGS
        self._most_attributes = times * MAX_ATTRIBUTES
        self._pieces: list[bytes] = []
        self._tags = 0
        self._attributes = 0

    def announced(self, length: str) -> None:
        """Take note of the length that the answer's head announces; '' when it does not."""
        if not (length.isascii() and length.isdigit()):
            return
        digits = length.lstrip("0")
        if len(digits) > len(str(self._most)) or int(digits or "0") > self._most:
            raise TooLarge(note("answer.announced", bytes=digits[:20], most=self._most))

    def take(self, piece: bytes) -> None:
        """Take the next piece."""
        self.size += len(piece)
        if self.size > self._most:
            raise TooLarge(note("answer.bytes", most=self._most))
        self._tags += piece.count(b"<")
        if self._tags > self._most_tags:
            raise TooLarge(note("answer.tags", most=self._most_tags, bytes=self.size))
        self._attributes += piece.count(b"=")
        if self._attributes > self._most_attributes:
            most = self._most_attributes
            raise TooLarge(note("answer.attributes", most=most, bytes=self.size))
        if self.stream is None:
            self._pieces.append(piece)
            return
        if self.size - len(piece) < HEAD:
            self._pieces.append(piece[:HEAD])
        self.stream.feed(piece)

    @property
    def body(self) -> bytes:
        """The bytes kept: all of the answer, or its head where it was streamed."""
        if len(self._pieces) > 1:
            self._pieces = [b"".join(self._pieces)]
        return self._pieces[0] if self._pieces else b""
