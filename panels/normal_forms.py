"""Normal forms of domains, e-mails, logins and names, by which different spellings are equal.

Panels show one domain now in Unicode, now in punycode (ispmanager.md 2.5), people copy names out
of pages and spreadsheets, and signs that nobody sees come along. Everything that is compared is
compared by the keys of this module, and by nothing else. Two things that merely look alike stay
different: only what the standards call the same is made the same (UTS 46 without its transitional
rules and RFC 5891 for domains, so that “ß” and “ss” are different names).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import idna

JOINERS = "\u200c\u200d"
"""Invisible characters that some scripts need between letters (RFC 5892, appendix A)."""
_BLANK = re.compile(r"[\s\u0085\u2028\u2029]")
_DRAWS_NOTHING = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
)
"""Letters and marks that are invisible, though Unicode does not count them as format characters."""
_UNSEEN = frozenset({"Cf", "Cc", "Cs"})


def is_unseen(sign: str) -> bool:
    """Whether this one character shows nothing: format and control characters, and the like.

    Blanks of all kinds (no-break spaces and line ends too) are none of them.
    """
    if _BLANK.match(sign):
        return False
    return unicodedata.category(sign) in _UNSEEN or sign in _DRAWS_NOTHING


def unseen_in(text: str) -> str:
    """The first character of ``text`` that shows nothing; "" when there is none."""
    if text.isascii() and text.isprintable():
        return ""
    return next((sign for sign in text if is_unseen(sign)), "")


def name_of_sign(sign: str) -> str:
    """The Unicode name of a character: “ZERO WIDTH SPACE (U+200B)”."""
    code = f"U+{ord(sign):04X}"
    name = unicodedata.name(sign, "")
    return f"{name} ({code})" if name else code


def clean(text: str) -> str:
    """The text as it was meant to be written.

    Blanks and signs that nobody sees are taken away at both ends; a blank of whatever kind in
    between is a plain one. What nobody sees in between stays, to be refused by name.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    plain = _BLANK.sub(" ", text)
    first, last = 0, len(plain)
    while first < last and (plain[first] == " " or is_unseen(plain[first])):
        first += 1
    while last > first and (plain[last - 1] == " " or is_unseen(plain[last - 1])):
        last -= 1
    return plain[first:last]


def name_key(text: str) -> str:
    """A name (of a plan, a server, a person) to be compared; capitals count.

    What nobody sees is left out, and letters that are written in two ways are one (NFC).
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    return unicodedata.normalize("NFC", "".join(s for s in clean(text) if not is_unseen(s)))


def login_key(text: str) -> str:
    """A login to be compared: capitals do not count."""
    return name_key(text).casefold()


def ascii_domain(name: str) -> str:
    """A domain as registries write it: lower case, punycode, without the final dot.

    A label that IDNA 2008 does not allow (“☃”) is punycode all the same, in lower case and NFKC,
    since that is how panels list those that registries have sold.
    """
    text = clean(name)
    if text.isascii() and text.isprintable():
        return text.rstrip(".").lower()
    return _encoded(text)


def domain_key(name: str) -> str:
    """A domain to be compared: as registries write it, without “www.”.

    Another subdomain is another domain; “www.” alone is not: panels give it to every site as an
    alias, and list the site without it.
    """
    text = ascii_domain(name)
    rest = text.removeprefix("www.")
    return rest if "." in rest else text


def same_domain(one: str, other: str) -> bool:
    """Whether both mean one domain."""
    return domain_key(one) == domain_key(other)


def readable_domain(name: str) -> str:
    """A domain as people read it: lower case, plain dots, without the final one; not encoded."""
    text = clean(name)
    if text.isascii():
        return text.rstrip(".").lower()
    return _remapped(text).rstrip(".")


def email_key(address: str) -> str:
    """An e-mail to be compared: capitals do not count, its domain is in punycode.

    "" for what is no address.
    """
    text = name_key(address)
    local, _at, domain = text.rpartition("@")
    domain = ascii_domain(domain)
    if not (local and domain) or " " in text + domain:  # a sign may stand for a blank and a mark
        return ""
    return f"{local.lower()}@{domain}"


def email_spellings(address: str) -> list[str]:
    """Spellings under which a panel may list this e-mail: domain in punycode, and in Unicode.

    In lower case; a single one for what is no address.
    """
    key = stored_email(address)
    local, at, domain = key.rpartition("@")
    return list(dict.fromkeys([key, f"{local}{at}{_decoded(domain)}"]))


def stored_email(address: str) -> str:
    """An e-mail as it is kept: its key, or the bare text in lower case where it is no address."""
    return email_key(address) or name_key(address).lower()


@lru_cache(maxsize=65_536)
def _encoded(text: str) -> str:
    labels = _remapped(text).rstrip(".").split(".")
    return ".".join(map(_encoded_label, labels))


def _encoded_label(label: str) -> str:
    if label.isascii():
        return label
    for spelling in (label, "".join(sign for sign in label if sign not in JOINERS)):
        try:
            return idna.alabel(spelling).decode("ascii")
        except idna.IDNAError:
            continue
    if spelling.isascii():
        return spelling
    return "xn--" + spelling.encode("punycode").decode("ascii")


def _remapped(text: str) -> str:
    """Map by UTS 46: lower case, NFC, plain dots, without invisible characters but joiners."""
    seen = "".join(sign for sign in text if sign in JOINERS or not is_unseen(sign))
    try:
        return idna.uts46_remap(seen, std3_rules=False, transitional=False)
    except idna.IDNAError:
        folded = unicodedata.normalize("NFKC", seen).casefold()
        return unicodedata.normalize("NFKC", folded).replace("。", ".")


def _decoded(domain: str) -> str:
    """A domain in Unicode, label by label; a label that decodes to nothing sensible stays."""
    return ".".join(map(_decoded_label, domain.split(".")))


def _decoded_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        text = label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label
    return text if _encoded_label(text) == label else label
