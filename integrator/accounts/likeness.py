"""Brings e-mails, domains and people's names into a form in which equal ones are equal.

Two things that merely look alike must stay different, because an account that is bound to the
wrong client is suspended by the wrong client's debts. So letters are never approximated; only what
the standards call the same is made the same (RFC 5891 for domains, Unicode NFKC for names).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import idna

LEAST_NAME = 5
"""Letters that a person's name must have to say anything."""

_NO_NAME = re.compile(r"[^\w\s.,:'’`´\"“”„«»&()/+№#–-]")
_WORD = re.compile(r"[^\W\d_]+")


def domain_key(name: str) -> str:
    """A domain as registries write it: lower case, punycode, without "www." and the final dot."""
    text = name.strip().rstrip(".").lower()
    if not text.isascii():
        text = _punycode(text)
    return text.removeprefix("www.")


def email_key(address: str) -> str:
    """An e-mail in lower case, its domain in punycode; "" for what is no address."""
    text = address.strip().lower()
    local, at, domain = text.rpartition("@")
    if not (local and at and domain):
        return ""
    return text if text.isascii() else f"{local}@{_punycode(domain)}"


@lru_cache(maxsize=65_536)
def person_key(name: str) -> str:
    """The words of a person's or firm's name in alphabetical order; "" when it tells nothing.

    A single word (“Shop”, a login) is no name: too many people share it. Digits tell nothing
    either, but a name that differs by them is another one (“Client 7”). Nor is it a name where
    something stands in it that stands in no name, such as markup.
    """
    text = name.lower() if name.isascii() else unicodedata.normalize("NFKC", name).casefold()
    words = _WORD.findall(text)
    if _NO_NAME.search(text) or len(words) < 2 or sum(map(len, words)) < LEAST_NAME:  # noqa: PLR2004 - a first and a last name
        return ""
    return " ".join(sorted({*words, *re.findall(r"\d+", text)}))


@lru_cache(maxsize=65_536)
def _punycode(domain: str) -> str:
    """By IDNA 2008, where “ß” and “ss” are different names; as it stands where that fails."""
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain
