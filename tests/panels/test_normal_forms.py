"""What is one domain, e-mail, login or name however it is spelt, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from panels import normal_forms

SAME_DOMAINS = [
    ("alice.example", "ALICE.Example."),
    ("alice.example", "www.alice.example"),
    ("alice.example", "\ufeffalice.example\u200b"),
    ("alice.example", "ali\u00adce.example"),
    ("alice.example", "alice\uff0eexample"),
    ("alice.example", "\uff41lice.example"),
    ("bücher.example", "xn--bcher-kva.example"),
    ("bücher.example", "BU\u0308CHER.example"),
    ("straße.example", "xn--strae-oqa.example"),
    ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
    ("a_b.bücher.example", "a_b.xn--bcher-kva.example"),
    ("☃.example", "xn--n3h.example"),
    ("نامه\u200cای.example", "xn--mgba3gch31f060k.example"),
    ("al\u200dice.example", "alice.example"),
]
OTHER_DOMAINS = [
    ("alice.example", "shop.alice.example"),
    ("straße.example", "strasse.example"),
    ("аlice.example", "alice.example"),
    ("www.example", "example"),
    ("نامه\u200cای.example", "نامهای.example"),
]


@pytest.mark.parametrize(("one", "other"), SAME_DOMAINS)
def test_one_domain(one: str, other: str) -> None:
    assert normal_forms.same_domain(one, other)
    assert normal_forms.domain_key(normal_forms.domain_key(one)) == normal_forms.domain_key(one)
    assert normal_forms.domain_key(one).isascii()


@pytest.mark.parametrize(("one", "other"), OTHER_DOMAINS)
def test_two_domains(one: str, other: str) -> None:
    assert not normal_forms.same_domain(one, other)


@given(st.text(max_size=20))
@example("0@\u00b8")
def test_every_text_has_one_key(text: str) -> None:
    key = normal_forms.domain_key(text)
    assert normal_forms.domain_key(key.upper()) == key
    assert normal_forms.email_key(normal_forms.email_key(text)) == normal_forms.email_key(text)
    assert normal_forms.unseen_in(normal_forms.name_key(text)) == ""
    assert normal_forms.clean(normal_forms.clean(text)) == normal_forms.clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "ANNA@bücher.example", " anna@xn--bcher-kva.example ", "anna@bücher.example\u200b",
        "\u202aanna@bücher.example\u202c", "an\u00adna@Bücher.Example.",
    ],
)  # fmt: skip
def test_one_email(text: str) -> None:
    assert normal_forms.email_key(text) == "anna@xn--bcher-kva.example"
    assert normal_forms.email_spellings(text) == [
        "anna@xn--bcher-kva.example", "anna@bücher.example",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "anna", "@a.example", "anna@", "anna b@a.example"])
def test_what_is_no_email_has_no_key(text: str) -> None:
    assert normal_forms.email_key(text) == ""


def test_what_is_not_seen_is_called_by_its_name() -> None:
    named = {sign: normal_forms.name_of_sign(sign) for sign in "\u200b\ufeff\u00ad\u202e\u0007"}
    assert named == {
        "\u200b": "ZERO WIDTH SPACE (U+200B)",
        "\ufeff": "ZERO WIDTH NO-BREAK SPACE (U+FEFF)",
        "\u00ad": "SOFT HYPHEN (U+00AD)",
        "\u202e": "RIGHT-TO-LEFT OVERRIDE (U+202E)",
        "\u0007": "U+0007",
    }
    assert all(normal_forms.unseen_in(f"a{sign}b") == sign for sign in named)


def test_blanks_of_all_kinds_are_plain_ones() -> None:
    assert normal_forms.clean("\u00a0Start\u2009L\u202f\u3000") == "Start L"
    assert normal_forms.name_key("Sta\u200brt\u00a0L") == "Start L"
    assert normal_forms.login_key(" ALICE\u200b") == "alice"
