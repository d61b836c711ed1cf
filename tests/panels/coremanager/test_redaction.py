"""No spelling of a secret survives."""

from __future__ import annotations

import html
import json
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panels.coremanager.redaction import (
    KEEP,
    REDACTED,
    Redactor,
    is_secret,
    redact_markup,
    redact_params,
    secrets_of,
)

# Long enough not to be a part of the frame around it.
SECRETS = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs"]),
    min_size=6,
    max_size=40,
).filter(lambda text: not text.isspace() and text.strip("<doc/> \t") != "")


@pytest.mark.parametrize(
    "name",
    ["auth", "authinfo", "key", "password", "passwd", "confirm", "PASSWORD", "param_password"],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["randomnumber", "username", "elid", "keyname", "author", "func"])
def test_names_that_are_no_secret(name: str) -> None:
    assert not is_secret(name)


def test_params() -> None:
    params = {"elid": "1", "passwd": "x", "username": "root", "authinfo": "root:pw"}
    assert redact_params(params) == {
        "elid": "1",
        "passwd": REDACTED,
        "username": "root",
        "authinfo": REDACTED,
    }
    assert redact_params({"username": "root"}, func="auth") == {"username": REDACTED}
    assert redact_params({"elid": "sid"}, func="session.delete") == {"elid": REDACTED}
    assert set(secrets_of(params)) == {"x", "root:pw", "pw"}
    assert secrets_of({"passwd": ""}) == ()


@pytest.mark.parametrize(
    ("given_text", "left"),
    [
        ("<password>abc</password>", "<password>[redacted]</password>"),
        ("<passwd>abc", "<passwd>[redacted]"),
        ("<passwd><![CDATA[a<b]]></passwd>", "<passwd>[redacted]</passwd>"),
        ("<password/>", "<password/>"),
        ("<password></password>", "<password></password>"),
        ('<param name="passwd">abc</param>', '<param name="passwd">[redacted]</param>'),
        ("<param type='x' name='confirm'>abc<", "<param type='x' name='confirm'>[redacted]<"),
        (
            '<auth id="SID" level="29">SID</auth>',
            '<auth id="[redacted]" level="29">[redacted]</auth>',
        ),
        ('<user password="abc" name="x"/>', '<user password="[redacted]" name="x"/>'),
        ('<val key="3">Label</val>', '<val key="3">Label</val>'),
        ('<metadata key="id"/>', '<metadata key="id"/>'),
        ('<input type="password" name="password"/>', '<input type="password" name="password"/>'),
        ('<input name="password"/><id>7</id>', '<input name="password"/><id>7</id>'),
        ("<randomnumber>abc</randomnumber>", "<randomnumber>abc</randomnumber>"),
    ],
)
def test_markup(given_text: str, left: str) -> None:
    assert redact_markup(given_text) == left


@given(SECRETS)
def test_every_spelling_is_found(secret: str) -> None:
    redactor = Redactor([secret])
    for spelling in (
        secret,
        html.escape(secret),
        escape(secret),
        quoteattr(secret)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
        "".join(c if c.isalnum() and c.isascii() else f"&#{ord(c)};" for c in secret),
        "".join(c if c.isalnum() and c.isascii() else f"&#x{ord(c):X};" for c in secret),
    ):
        assert redactor.literal(f"[{spelling}]") == f"[{REDACTED}]"


@given(SECRETS)
def test_xml_answers_show_nothing(secret: str) -> None:
    body = (
        f"<doc><tparams><passwd>{escape(secret)}</passwd></tparams><msg>{html.escape(secret)}</msg>"
        f"<x a={quoteattr(secret)}/></doc>"
    )
    shown = Redactor([secret]).answer(body.encode())
    assert secret not in shown.replace(REDACTED, "")
    assert escape(secret) not in shown.replace(REDACTED, "")


@given(st.integers(0, 3 * KEEP), st.integers(0, 40))
def test_a_secret_at_the_cut_is_dropped(place: int, more: int) -> None:
    secret = "Tr0ub4dor" * 3
    text = "x" * place + secret * (more + 1) + "y" * KEEP * 3
    shown = Redactor([secret]).answer(text.encode())
    assert len(shown) <= KEEP
    assert "Tr0" not in shown


def test_answers_keep_their_head() -> None:
    body = b"<doc>" + b"a" * 10_000
    assert Redactor().answer(body) == body[:KEEP].decode()
    assert Redactor().answer(b"\xff\xfe<doc/>") == "\ufffd\ufffd<doc/>"
    assert Redactor(["zz"]).answer(b"<doc/>") == "<doc/>"


def test_a_secret_inside_another_leaves_no_tail() -> None:
    assert Redactor(["abc", "abcdef"]).literal("abcdef abc") == f"{REDACTED} {REDACTED}"


def test_json_spelling() -> None:
    secret = 'a"b\\c/d'
    assert json.dumps(secret)[1:-1] not in Redactor([secret]).literal(json.dumps({"p": secret}))


def test_a_redactor_shows_nothing_of_itself() -> None:
    assert repr(Redactor(["hush"])) == "Redactor()"


@pytest.mark.parametrize("name", ["auth", "authinfo", "key", "confirm", "my_passwd", "a.token"])
def test_no_secret_name_slips_past_the_quick_look(name: str) -> None:
    for text in (f"<{name}>abc</{name}>", f"<p name='{name}'>abc</p>", f'<p name="{name}">abc</p>'):
        assert "abc" not in redact_markup(text)
        assert "abc" not in redact_markup(text.upper().replace("ABC", "abc"))
