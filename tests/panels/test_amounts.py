"""Amounts as public rows of real panels show them, and those that nobody can be sure of."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panels import amounts

NARROW, BROAD, FIGURE = "\u202f", "\u00a0", "\u2007"

READ = [
    # as eight hosts show the cost of a service (billmanager.md 7.4)
    ("75.00 RUB / Month", "75.00", "RUB", "Month"),
    ("75.00 RUB / Месяц", "75.00", "RUB", "Месяц"),
    ("0.00 EUR / Month", "0.00", "EUR", "Month"),
    ("1.80 € / Месяц", "1.80", "EUR", "Месяц"),
    ("1.80€/Month", "1.80", "EUR", "Month"),
    # code or symbol, before or behind
    ("10.00 ₽", "10.00", "RUB", ""),
    ("€1.80", "1.80", "EUR", ""),
    ("EUR 1.80", "1.80", "EUR", ""),
    ("US$5", "5", "USD", ""),
    ("5 zł", "5", "PLN", ""),
    ("1.00RUB", "1.00", "RUB", ""),
    # thousands and decimals
    ("1 234.50 RUB / Month", "1234.50", "RUB", "Month"),
    (f"1{BROAD}234,50 ₽", "1234.50", "RUB", ""),
    (f"1{NARROW}234{NARROW}567,5 EUR", "1234567.5", "EUR", ""),
    (f"1{FIGURE}234", "1234", None, ""),
    ("1'234.50 CHF", "1234.50", "CHF", ""),
    ("1’234’567", "1234567", None, ""),
    ("1.234,56 €", "1234.56", "EUR", ""),
    ("1,234.56 USD", "1234.56", "USD", ""),
    ("1,234,567", "1234567", None, ""),
    ("1.234.567 EUR", "1234567", "EUR", ""),
    ("1 234.567", "1234.567", None, ""),
    ("0,5", "0.5", None, ""),
    ("0.1234 EUR", "0.1234", "EUR", ""),
    ("0,125 €", "0.125", "EUR", ""),
    ("10.8000", "10.8000", None, ""),
    ("1.0123456789", "1.0123456789", None, ""),
    ("1234.567", "1234.567", None, ""),
    ("1.500 KWD", "1.500", "KWD", ""),
    ("0", "0", None, ""),
    ("0 ₽", "0", "RUB", ""),
    # signs
    ("-12.50", "-12.50", None, ""),
    ("\u221212,50 ₽", "-12.50", "RUB", ""),
    ("-€1.80", "-1.80", "EUR", ""),
    ("€ -1.80", "-1.80", "EUR", ""),
    ("+5 EUR", "5", "EUR", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value", "iso", "period"), READ)
def test_what_panels_write_is_read(text: str, value: str, iso: str | None, period: str) -> None:
    found = amounts.read(text)
    assert found is not None
    assert (found.value, found.currency(), found.period) == (Decimal(value), iso, period)
    assert amounts.currency(text) == iso


@pytest.mark.parametrize(
    "text",
    [
        # a thousand times apart: nobody can be sure
        "1,234", "1.234", "12.345 €", "999,999 RUB", "-1,234", "1.234 RUB / Month",
        # groups that are none
        "1 23", "12 34 567", "1,23,456.00", "01,234", "1.2.3", "1.234,56.78", "1,234 567", "1 2345",
        # no amounts
        "", " ", "null", "RUB", "Daily charges", "Ежедневное списание", "free", "12 apples", "5%",
        "5.", ".5", "..", "1e5", "NaN", "٣", "²", "--5", "-+5", "5 EUR EUR", "EUR 5 EUR", "-5 -",
        "EUR -5 EUR", "5 / ", "5 (EUR)", "1.01234567891", "2027-01-31", "5/6/7",
    ],
)  # fmt: skip
def test_what_is_no_amount_or_two_is_not_read(text: str) -> None:
    assert amounts.read(text) is None


@pytest.mark.parametrize(
    ("text", "known", "iso"),
    [
        ("5 $", [], None),
        ("5 $", ["USD", "EUR"], "USD"),
        ("5 $", ["USD", "CAD"], None),
        ("100 kr", ["SEK"], "SEK"),
        ("100 kr", [], None),
        ("5 руб.", ["RUB", "USD"], "RUB"),
        ("5 р.", ["RUB"], "RUB"),
        ("5 руб.", ["BYN"], "BYN"),
        ("5 руб.", ["RUB", "BYN"], None),
        ("5 £", ["GBP"], "GBP"),
        ("5 €", ["USD"], "EUR"),
    ],
)
def test_a_symbol_of_several_currencies_is_that_which_the_panel_has(
    text: str, known: list[str], iso: str | None
) -> None:
    found = amounts.read(text)
    assert found is not None
    assert found.value in {5, 100}
    assert found.currency(known) == iso


def test_a_panels_own_word_for_a_currency() -> None:
    assert amounts.read("5 баллов") is None
    found = amounts.read("5 баллов", ["Баллов"])
    assert found is not None
    assert (found.value, found.unit, found.currency()) == (Decimal(5), "баллов", None)


@pytest.mark.parametrize("text", ["1.234", "12.500", "-1.234", "1234567.123"])
def test_what_is_written_for_programs_has_a_decimal_dot(text: str) -> None:
    assert amounts.exact(text) == Decimal(text)


def test_what_is_written_for_programs_in_a_way_for_people() -> None:
    assert amounts.exact("1 234,50 ₽") == Decimal("1234.50")
    assert amounts.exact("1,234") is None


@given(
    minor=st.integers(0, 10**11),
    gap=st.sampled_from(["", " ", BROAD, NARROW, "'", ",", "."]),
    dot=st.sampled_from([".", ","]),
    unit=st.sampled_from(["", "EUR", "₽", "€"]),
    before=st.booleans(),
    minus=st.sampled_from(["", "-", "\u2212"]),
    period=st.sampled_from(["", " / Month", "/Месяц", " / 3 мес."]),
)
def test_any_style_gives_the_amount_back(
    *, minor: int, gap: str, dot: str, unit: str, minus: str, period: str, before: bool
) -> None:
    if gap == dot:
        return  # nobody writes so
    digits = f"{minor // 100:,}".replace(",", gap)
    number = f"{digits}{dot}{minor % 100:02d}"
    written = f"{unit} {minus}{number}" if before else f"{minus}{number} {unit}"
    found = amounts.read(f"{written.strip()}{period}")
    value = Decimal(minor) / 100
    assert found is not None
    assert found.value == (-value if minus else value)
    assert found.unit == unit


@given(st.text(st.sampled_from("0123456789 ., '€₽-RUB/\u00a0abc"), max_size=40))
def test_nothing_raises_and_nothing_is_a_thousand_times_wrong(text: str) -> None:
    found = amounts.read(text)
    if found is not None:
        digits = "".join(filter(str.isdigit, text.partition("/")[0]))
        assert str(found.value.copy_abs()).replace(".", "").lstrip("0") == digits.lstrip("0")


@pytest.mark.parametrize("text", [" " * 20_000 + "x", "1" * 20_000, "1 " * 20_000, "a" * 20_000])
def test_a_long_text_is_no_amount(text: str) -> None:
    assert amounts.read(text) is None
    assert amounts.currency(text) is None
