"""Brings people's names into a form in which equal ones are equal.

Two things that merely look alike must stay different, because an account that is bound to the
wrong client is suspended by the wrong client's debts. So letters are never approximated; only what
the standards call the same is made the same (Unicode NFKC). Domains, e-mails and logins have their
keys in ``panels.normal_forms``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from panels.normal_forms import name_key

MIN_LETTERS = 5
"""Letters that a name must have to identify anybody."""

_NO_NAME = re.compile(r"[^\w\s.,:'’`´\"“”„«»&()/+№#–-]")
_WORD = re.compile(r"[^\W\d_]+")


@lru_cache(maxsize=65_536)
def person_key(name: str) -> str:
    """The words of a person's or firm's name in alphabetical order; "" when it identifies nobody.

    A single word (“Shop”, a login) is no name: too many people share it. Digits identify nobody
    either, but a name that differs by them is another one (“Client 7”). Nor is it a name where
    something stands in it that stands in no name, such as markup.
    """
    seen = name_key(name)
    text = seen.lower() if seen.isascii() else unicodedata.normalize("NFKC", seen).casefold()
    words = _WORD.findall(text)
    if _NO_NAME.search(text) or len(words) < 2 or sum(map(len, words)) < MIN_LETTERS:  # noqa: PLR2004 - a first and a last name
        return ""
    return " ".join(sorted({*words, *re.findall(r"\d+", text)}))
