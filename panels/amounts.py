"""Amounts of money as panels write them for people: "75.00 RUB / Month", "€1.80", "1 234,50 руб.".

A column of a list ends in the currency's symbol where one is set, else in its ISO code, with two
decimals or up to four (billmanager.md 5.1); the cost of a service names a period behind a slash
(2.5). What can be read in two ways that differ by a factor of a thousand is not read at all.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

MACHINE = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,10})?", re.ASCII)
"""A number as panels write it for programs: a raw code, an attribute, a field's value."""

_SPACES = " \u00a0\u2007\u2009\u202f"
_MINUSES = "\u2212\u2012\u2013-"
_MINUS = re.escape(_MINUSES)
_GAP = rf"[{_SPACES}]{{0,3}}"
_MONEY = re.compile(
    # a sign, and a currency before or after it; the number; a currency; a period behind a slash
    rf"(?P<sign>[+{_MINUS}]?){_GAP}(?P<before>[^\d\s+{_MINUS}/]{{0,12}}?){_GAP}"
    rf"(?P<inner>[+{_MINUS}]?)(?P<number>[0-9](?:[0-9.,'\u2019{_SPACES}]{{0,60}}[0-9])?)"
    rf"{_GAP}(?P<after>[^\d\s/]{{0,12}})(?:\s{{0,3}}/\s{{0,3}}(?P<period>\S[^/]{{0,60}}))?",
)
_GROUPED = re.compile(r"[0-9]{1,3}(?:(?P<gap>[^0-9])[0-9]{3})(?:(?P=gap)[0-9]{3})*", re.ASCII)
_CODE = re.compile(r"[A-Z]{3}", re.ASCII)
_MAX_LENGTH = 120
"""Characters of an amount at most; what is longer is none."""
_THOUSAND = 3
"""Digits of a group of thousands; so many behind a single dot or comma can be decimals as well."""
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""Currencies that are divided into a thousand (ISO 4217)."""

_SYMBOLS = {
    "€": "EUR", "₽": "RUB", "₴": "UAH", "₸": "KZT", "₺": "TRY", "₼": "AZN", "₾": "GEL",
    "₹": "INR", "₪": "ILS", "₫": "VND", "฿": "THB", "₱": "PHP", "₩": "KRW", "₦": "NGN",
    "₮": "MNT", "֏": "AMD", "zł": "PLN", "kč": "CZK", "ft": "HUF", "лв": "BGN", "грн": "UAH",
    "тг": "KZT", "тенге": "KZT", "so'm": "UZS", "сўм": "UZS", "сум": "UZS", "сом": "KGS",
    "us$": "USD", "u$s": "USD", "ca$": "CAD", "c$": "CAD", "au$": "AUD", "a$": "AUD",
    "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "nt$": "TWD", "r$": "BRL", "mx$": "MXN",
    "fr": "CHF", "cn¥": "CNY", "jp¥": "JPY",
    "руб": "RUB BYN", "р": "RUB BYN", "rub": "RUB BYN", "br": "BYN ETB",
    "$": "USD CAD AUD NZD HKD SGD TWD MXN ARS CLP COP UYU", "£": "GBP EGP GIP LBP SYP FKP",
    "¥": "JPY CNY", "kr": "SEK NOK DKK ISK", "lei": "RON MDL", "₨": "PKR LKR NPR MUR",
    "у.е": "USD EUR", "din": "RSD MKD", "дин": "RSD", "ден": "MKD",
}  # fmt: skip
"""Symbol in small letters, without a dot at its end, to the ISO codes that it may stand for."""


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount with what stands beside it.

    `unit` is the currency as it is written, a code or a symbol, '' where there is none; `period`
    what stands behind a slash ("Month"), '' where nothing does.
    """

    value: Decimal
    unit: str
    period: str

    def currency(self, known: Collection[str] = ()) -> str | None:
        """Return the ISO code; None where there is none, or a symbol may stand for several.

        Of these `known` decides: the currencies that this panel has.
        """
        return iso(self.unit, known)


def read(text: str, known: Iterable[str] = ()) -> Amount | None:
    """Read an amount; None when it is none, or can be read in two ways.

    A single comma or dot with three digits behind it is one of thousands or begins the decimals:
    unless something else shows it (a zero or more than three digits before it, a second separator,
    a currency of three decimals), such a text is not read. `known`: further words for a
    currency, as this panel has them.
    """
    match = _parts(text)
    if match is None or (match["before"] and match["after"]) or (match["sign"] and match["inner"]):
        return None
    unit = match["before"] or match["after"]
    if unit and not _is_unit(unit, known):
        return None
    value = _number(match["number"], unit)
    if value is None:
        return None
    minus = (match["sign"] or match["inner"]) in set(_MINUSES)
    return Amount(-value if minus else value, unit, (match["period"] or "").strip())


def exact(text: str) -> Decimal | None:
    """Read a number that a panel writes for programs, where a dot always begins the decimals.

    What is written for people all the same is read as `read` does; None when it is no amount.
    """
    bare = text.strip()
    if MACHINE.fullmatch(bare):
        return Decimal(bare)
    found = read(bare)
    return None if found is None else found.value


def currency(text: str, known: Collection[str] = ()) -> str | None:
    """Give the ISO code that a text names, with an amount or alone; None where it names none.

    The amount itself need not be clear. `known` decides between several, see `iso`.
    """
    return iso(text, known) or iso(unit_of(text), known)


def unit_of(text: str) -> str:
    """Give the code or symbol beside an amount, be that clear or not; '' where there is none."""
    match = _parts(text)
    return "" if match is None else match["before"] or match["after"]


def iso(unit: str, known: Collection[str] = ()) -> str | None:
    """Give the ISO code of a currency's code or symbol; None where it may be several, or is none.

    Of several the one that is among `known` is meant, if there is just one.
    """
    bare = unit.strip()
    if _CODE.fullmatch(bare) is not None:
        return bare
    codes = _SYMBOLS.get(_symbol(bare), "").split()
    if len(codes) > 1:
        codes = [code for code in codes if code in known]
    return codes[0] if len(codes) == 1 else None


def _parts(text: str) -> re.Match[str] | None:
    bare = text.strip()
    return _MONEY.fullmatch(bare) if len(bare) <= _MAX_LENGTH else None


def _symbol(unit: str) -> str:
    return unit.strip().rstrip(".").lower()


def _is_unit(unit: str, known: Iterable[str]) -> bool:
    """Whether these characters name a currency: a code, a symbol, or a word that is known."""
    words = {_symbol(word) for word in known}
    return (
        _CODE.fullmatch(unit) is not None
        or _symbol(unit) in _SYMBOLS
        or _symbol(unit) in words
        or (len(unit) == 1 and unicodedata.category(unit) == "Sc")
    )


def _unclear(number: str) -> bool:
    """Whether a single separator may be one of thousands as well as begin the decimals."""
    whole, _, rest = number.lstrip("-").replace(",", ".").partition(".")
    return len(rest) == _THOUSAND and len(whole) <= _THOUSAND and whole != "0"


def _number(text: str, unit: str) -> Decimal | None:
    """Take digits with their separators apart; None where they do not fit or are ambiguous."""
    for space in _SPACES:
        text = text.replace(space, " ")
    text = text.replace("\u2019", "'")
    marks = [char for char in text if char in ".,"]
    others = {char for char in text if char in " '"}
    if len(set(marks)) == 2:  # noqa: PLR2004 - both of the two
        # The one that comes last begins the decimals, and the other one parts thousands.
        whole, _, decimals = text.rpartition(marks[-1])
        return _joined(whole, decimals) if marks.count(marks[-1]) == 1 else None
    if len(marks) > 1:
        return None if others else _joined(text, "")
    if not marks:
        return _joined(text, "")
    whole, _, decimals = text.partition(marks[0])
    three = unit in _THREE_DECIMALS
    if not others and _unclear(text) and not three:
        return None
    return _joined(whole, decimals)


def _joined(whole: str, decimals: str) -> Decimal | None:
    """Make one number of its groups and decimals; None where a group has not three digits."""
    if decimals and (not decimals.isdigit() or len(decimals) > 10):  # noqa: PLR2004 - as `MACHINE`
        return None
    if not whole.isdigit() and _GROUPED.fullmatch(whole) is None:
        return None
    digits = "".join(filter(str.isdigit, whole))
    return Decimal(f"{digits}.{decimals}") if decimals else Decimal(digits)
