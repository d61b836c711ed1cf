"""Markup that a panel sent, laid out for reading: a line for each element, indented by depth.

It is not parsed, so that an answer which was cut off or is no markup at all is shown as well; nor
is anything of it trusted: it stays text.
"""

from __future__ import annotations

import re

_PIECES = re.compile(r"<[^<>]*>|[^<>]+|[<>]")
_OPENS = re.compile(r"<[\w:.-]+(?:\s[^<>]*)?(?<!/)>")
_CLOSES = re.compile(r"</[\w:.-]+\s*>")
MAX_DEPTH = 24
"""Deeper than this nothing is indented further, so that lines stay readable."""


def indented(text: str) -> str:
    """The text with a line for each element; an element with nothing but text stays on one."""
    lines: list[str] = []
    depth, leaf = 0, False
    for piece in _PIECES.findall(text):
        inner = piece.strip()
        if not inner:
            continue
        closes = bool(_CLOSES.fullmatch(inner))
        if closes:
            depth = max(depth - 1, 0)
        if leaf and (closes or not inner.startswith("<")):
            lines[-1] += inner
            leaf = not closes
            continue
        lines.append("  " * min(depth, MAX_DEPTH) + inner)
        leaf = bool(_OPENS.fullmatch(inner))
        depth += leaf
    return "\n".join(lines)
