"""Panel text made safe to look at; escaping for HTML is done by the templates."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}


def plain(value: object) -> str:
    """Text without what could hide, reorder or break other text.

    Control characters, bidirectional overrides, zero-width marks and line separators are shown
    as U+FFFD, so that two names that differ also look different.
    """
    text = str(value)
    return text if text.isascii() and text.isprintable() else _marked(text)


@lru_cache(maxsize=4096)
def _marked(text: str) -> str:
    return "".join("\ufffd" if unicodedata.category(one) in INVISIBLE else one for one in text)
