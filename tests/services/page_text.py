"""The text of a page, as a person reads it."""

from __future__ import annotations

import html
import re


def text_of(page: str) -> str:
    """What stands between the tags, with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())
