"""Recognises what an answer begins with, in one pass over its first bytes.

An optional declaration and comments, then the root at once: anything else, a document type above
all, is not what a panel says, and is refused before a parser sees it. No byte is looked at more
than a few times, whatever stands there: a panel, or whoever answers in its place, must not be able
to keep a worker busy.
"""

from __future__ import annotations

import re
from typing import Literal

Verdict = Literal["doc", "html", "other"]

_MARK = b"\xef\xbb\xbf"
_COMMENT, _COMMENT_END = b"<!--", b"-->"
_DECLARATION = b"<?xml"
_MAX_DECLARATION = 220
_MAX_ROOT = 64
"""Bytes within which the root's name must have ended."""
# Each of these is anchored where it is tried, and none can give back what it took.
_SPACE = re.compile(rb"\s*+")
_DOC = re.compile(rb"<doc[\s/>]")
_HTML = re.compile(rb"<(?:!doctype\s++html|(?:html|head|body|script|title|meta)\b)", re.IGNORECASE)


class Opening:
    """Walks over the beginning of an answer that may still be arriving.

    `verdict` is None until it is decided: 'doc' for a panel's answer, 'html' for a web page (the
    login page or a proxy's error, ispmanager.md 1.4), 'other' for all else, an empty answer too.
    """

    def __init__(self) -> None:
        self.verdict: Verdict | None = None
        self._place = 0
        self._searched = 0
        self._declared = False
        self._odd = False

    def look(self, body: bytes | bytearray, *, whole: bool = False) -> Verdict | None:
        """Go on where the last look ended; `body` has at least what it had then.

        With `whole` nothing more will come, and the verdict is given.
        """
        while self.verdict is None and self._step(body, whole=whole):
            pass
        if whole and self.verdict is None:
            self.verdict = "other"
        return self.verdict

    def _step(self, body: bytes | bytearray, *, whole: bool) -> bool:
        """Take one thing before the root; False when more bytes are needed."""
        if self._place == 0 and body.startswith(_MARK):
            self._place = len(_MARK)
        space = _SPACE.match(body, self._place)
        self._place = space.end() if space is not None else self._place
        left = len(body) - self._place
        if left < _MAX_ROOT and not whole:
            return False
        if body.startswith(_COMMENT, self._place):
            return self._skip_comment(body)
        if bytes(body[self._place : self._place + len(_DECLARATION)]).lower() == _DECLARATION:
            return self._skip_declaration(body, whole=whole)
        self.verdict = self._root(bytes(body[self._place : self._place + _MAX_ROOT]))
        return False

    def _skip_comment(self, body: bytes | bytearray) -> bool:
        self._declared = True  # a declaration stands first or nowhere
        start = max(self._searched, self._place + len(_COMMENT))
        end = body.find(_COMMENT_END, start)
        if end < 0:
            self._searched = max(start, len(body) - len(_COMMENT_END) + 1)
            return False
        self._place = end + len(_COMMENT_END)
        return True

    def _skip_declaration(self, body: bytes | bytearray, *, whole: bool) -> bool:
        end = body.find(b">", self._place, self._place + _MAX_DECLARATION)
        if end < 0 and not whole and len(body) - self._place < _MAX_DECLARATION:
            return False
        if self._declared or end < 0 or body[end - 1 : end] != b"?":
            self.verdict = "other"
            return False
        self._odd = not body.startswith(_DECLARATION, self._place)
        self._declared = True
        self._place = end + 1
        return True

    def _root(self, start: bytes) -> Verdict:
        if _DOC.match(start) is not None and not self._odd:
            return "doc"
        return "html" if _HTML.match(start) is not None else "other"


def opening(body: bytes) -> Verdict:
    """Return what a whole answer begins with."""
    found = Opening()
    return found.look(body, whole=True) or "other"
