"""Amounts as this panel writes them for people; those for programs are always plain.

The shapes are those of public rows of eight hosts (billmanager.md 5.1, 7.4): with the currency's
symbol or its code, a decimal comma in some languages, and a period behind the cost of a service.
Which of them go together on one panel is assumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.http.labels import text
from panels.sandbox.http.xml import coded, element, money

if TYPE_CHECKING:
    from panels.sandbox.http.call import Call

_GAPS = {"none": "", "space": " ", "nbsp": "\u00a0", "nnbsp": "\u202f", "comma": ",", "dot": ".",
         "apostrophe": "'"}  # fmt: skip
_UNITS = {
    "symbol": {"EUR": "€", "RUB": "₽", "USD": "$", "UAH": "₴", "KZT": "₸"},
    "word": {"RUB": "руб.", "UAH": "грн", "KZT": "тг"},
}
_MINUS = "\u2212"


def shown(call: Call, minor: int) -> str:
    """Write minor units for people, with the currency: ``1 234,50 ₽``, ``$5.00``."""
    dialect = call.dialect
    gap, dot = _GAPS[dialect["rows.thousands"]], dialect["rows.decimal"]
    whole = f"{abs(minor) // 100:,}".replace(",", gap)
    places = "0" * (int(dialect["rows.decimals"]) - 2)
    number = f"{whole}{dot}{abs(minor) % 100:02d}{places}"
    iso = dialect["currency.iso"]
    unit = _UNITS.get(dialect["rows.symbol"], {}).get(iso, iso)
    sign = "" if minor >= 0 else _MINUS if dialect.flag("rows.true_minus") else "-"
    if dialect["rows.unit"] == "before":
        return f"{sign}{unit}{number}"
    return f"{sign}{number} {unit}"


def per_period(call: Call, minor: int, months: int) -> str:
    """Write the cost of a service: that of one month, with the month's name behind it."""
    if call.dialect["rows.cost"] == "plain":
        return shown(call, minor)
    monthly = minor // months if months > 0 else minor
    return f"{shown(call, monthly)} / {text('month', call.lang)}"


def cell(call: Call, name: str, minor: int) -> str:
    """Write a cell: with its raw code where this panel's lists have one, else as text alone."""
    if call.dialect.flag("rows.raw_amounts"):
        return coded(name, money(minor), shown(call, minor))
    return element(name, shown(call, minor))
