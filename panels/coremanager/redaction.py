"""Keeps secrets out of journals, errors and kept forms.

Panels echo the parameters of a request in their answers (`tparams`, billmanager.md 13 "Robust
client rules" and ispmanager.md 1.3), and an error repeats the offending value, so an answer is as
secret as its request. Two nets: elements and attributes whose *name* says secret, and every
*literal* occurrence of the secrets that the request carried.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

REDACTED = "[redacted]"
"""What stands where a secret stood."""

KEEP = 4000
"""How many characters of an answer are kept for the journal."""

_SECRET_NAME = r"(?:auth|authinfo|key|confirm|[\w.-]*passw(?:or)?d?|[\w.-]*secret|[\w.-]*token)"  # noqa: S105 - a pattern of names, not a secret
_SECRET = re.compile(_SECRET_NAME, re.IGNORECASE)
_TEXT = re.compile(r"\s*+<!\[CDATA\[.*?(?:\]\]>|\Z)|[^<]++", re.DOTALL)
"""What follows a tag: CDATA, also cut off before its end, or text."""
# Both look at one tag alone: at what stands between two ">". Each place of it begins at most one
# try, and a try does not go beyond the name that it is about, so that a tag costs what it is long.
_SECRET_TAG = re.compile(rf"<{_SECRET_NAME}(?:\s|\Z)", re.IGNORECASE)
_ANY_TAG = re.compile(r"<\w+\s")
_NAMED_SO = re.compile(
    # <param name="passwd">…</param>
    rf"\bname\s*+=\s*+(?:\"{_SECRET_NAME}\"|'{_SECRET_NAME}')",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    # password="…" in any tag; `key` is left alone there: <val key="K"> is no secret
    r"(\s(?!key\b)" + _SECRET_NAME + r"\s*+=\s*+)(\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z))"
    # <auth id="SID">
    r"|(<auth\s[^>]{0,400}?\bid\s*+=\s*+)(\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z))",
    re.IGNORECASE,
)

_HINTS = ("passw", "auth", "confirm", "secret", "token", "<key", '"key"', "'key'")
"""One of these stands in every text that the two patterns above would change."""


def is_secret(name: str) -> bool:
    """Whether a parameter, field or element of this name holds a secret."""
    return _SECRET.fullmatch(name) is not None


def secrets_of(params: Mapping[str, str]) -> tuple[str, ...]:
    """Give the values of `params` that must never be seen, without empty ones.

    The half of `authinfo=USER:PASSWORD` after the colon counts as well.
    """
    found = {value for name, value in params.items() if value and is_secret(name)}
    authinfo = params.get("authinfo", "")
    if ":" in authinfo:
        found.add(authinfo.split(":", 1)[1])
    found.discard("")
    return tuple(found)


def redact_params(params: Mapping[str, str], *, func: str = "") -> dict[str, str]:
    """Give a copy of `params` that is fit for a journal.

    In a login (`func=auth`) the user name goes too; what `session.delete` ends is a session id.
    """
    login = func == "auth"
    return {
        name: REDACTED
        if is_secret(name)
        or (login and name == "username")
        or (func == "session.delete" and name == "elid")
        else value
        for name, value in params.items()
    }


class Redactor:
    """Removes one request's secrets from texts. Empty without secrets, and then free of cost."""

    __slots__ = ("_longest", "_only", "_pattern")

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first, so that a secret that contains another leaves no tail behind.
        known = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        # A character becomes at most a dozen in any spelling, for instance %D0%AF.
        self._longest = 12 * len(known[0]) if known else 0
        plain = len(known) == 1 and known[0].isascii() and known[0].isalnum()
        self._only = known[0] if plain else ""
        self._pattern = None
        if known and not plain:
            self._pattern = re.compile("|".join(map(_any_spelling, known)))

    def __repr__(self) -> str:
        """Never show the secrets that it knows."""
        return "Redactor()"

    def literal(self, text: str) -> str:
        """Replace every literal occurrence of the secrets."""
        if self._pattern is not None:
            return self._pattern.sub(REDACTED, text)
        return text.replace(self._only, REDACTED) if self._only else text

    def named(self, name: str, text: str, keep: int = KEEP) -> str:
        """Redact a value that has a name: wholly when the name says secret, else literally.

        At most `keep` characters are given.
        """
        return REDACTED if text and is_secret(name) else self.short(text, keep)

    def answer(self, body: bytes, keep: int = KEEP, *, size: int = 0) -> str:
        """Give the redacted head of an answer, at most `keep` characters.

        `size` is the answer's whole size in bytes, where `body` is only its head.

        Only the head is decoded: redacting megabytes for four kilobytes of evidence would cost
        more than the call. A secret that straddles the cut is dropped with it.
        """
        window = keep + self._longest
        text = body[: 4 * window].decode("utf-8", "replace")
        cut = len(text) > window or max(len(body), size) > 4 * window
        return self._shortened(redact_markup(self.literal(text[:window])), keep, cut=cut)

    def short(self, text: str, keep: int) -> str:
        """Give at most `keep` characters of a text, without the secrets."""
        window = keep + self._longest
        return self._shortened(self.literal(text[:window]), keep, cut=len(text) > window)

    def _shortened(self, text: str, keep: int, *, cut: bool) -> str:
        """Cut a redacted text; where it was cut already, a secret may have been cut in two."""
        if cut and self._longest:
            text = text[: -self._longest]
        return text[:keep]


def redact_markup(text: str) -> str:
    """Redact XML text by names alone: secret elements, `<param name=…>` and attributes."""
    lower = text.lower()
    if not any(hint in lower for hint in _HINTS):
        return text  # most lists; the patterns cost a hundred times as much as this look
    text = "".join(_without_named(text))
    return _ATTRIBUTE.sub(lambda m: f'{m.group(1) or m.group(3)}"{REDACTED}"', text)


def _without_named(text: str) -> Iterator[str]:
    """Give the text in pieces, without what stands in secret elements."""
    place = 0
    while (end := text.find(">", place)) >= 0:
        tag = text[place:end]
        yield text[place : end + 1]
        place = end + 1
        secret = _is_secret_tag(tag) and _TEXT.match(text, place)
        if secret:
            yield REDACTED
            place = secret.end()
    yield text[place:]


def _is_secret_tag(tag: str) -> bool:
    """Whether a tag, without its ">", begins an element that holds a secret."""
    if _SECRET_TAG.search(tag) is not None:
        return True
    start = None if tag.endswith("/") else _ANY_TAG.search(tag)
    return start is not None and _NAMED_SO.search(tag, start.end()) is not None


_ENTITIES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}


def _any_spelling(secret: str) -> str:
    """Give a pattern for every way in which a panel may write a text that we sent.

    As it is, escaped for XML or HTML by name or number, in a URL, or behind a backslash; each
    character by itself, since writers differ in what they escape.
    """
    return "".join(c if c.isascii() and c.isalnum() else _any_character(c) for c in secret)


def _any_character(char: str) -> str:
    code = ord(char)
    url = "".join(f"%{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
    spellings = [f"&#0*{code};", f"&#[xX]0*(?i:{code:x});", f"(?i:{url})"]
    if char in _ENTITIES:
        spellings.append(f"&{_ENTITIES[char]};")
    if char == " ":
        spellings.append(r"\+")
    # The bare character last: an ampersand also begins its own escapes.
    spellings.append(rf"\\?{re.escape(char)}")
    return f"(?:{'|'.join(spellings)})"
