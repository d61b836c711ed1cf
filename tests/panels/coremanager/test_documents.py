"""Answers in the shapes of the documents, and answers in no shape at all."""

from __future__ import annotations

import datetime as dt
import string
from decimal import Decimal
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panels.amounts import currency
from panels.coremanager.documents import Form, Listing, is_html, parse
from panels.coremanager.error_nodes import refusal
from panels.coremanager.errors import (
    AccessDenied,
    Busy,
    FunctionMissing,
    LoginRefused,
    Refused,
    UnexpectedAnswer,
)
from panels.coremanager.fault import Fault
from panels.coremanager.listing import Row, iso_date, money
from panels.coremanager.redaction import is_secret

if TYPE_CHECKING:
    from panels.coremanager.documents import Document

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<doc lang="en" func="payment" binary="/billmgr">'
LIST = (
    HEAD
    + """<metadata name="payment" type="list" key="id" keyname="number" mgr="billmgr">
 <toolbar view="buttontext"><toolgrp name="new">
  <toolbtn func="payment.add" name="new" type="new" level="user"/>
  <toolbtn func="payment.delete" name="delete" type="group"><hide name="status"/></toolbtn>
 </toolgrp></toolbar><coldata><col name="id" sort="digit" type="data" sorted="-1"/></coldata>
</metadata><p_sort>id</p_sort><p_order>desc</p_order><page>6 - 1</page>
<elem><id>6</id><number>pfx/6</number><status color="green" orig="4">Credited</status>
<real_status>4</real_status><create_date>2024-05-07</create_date><secure>on</secure><ssl_ok/>
<active>off</active><sum>1.00 RUB</sum><empty/><kind_orig>k1</kind_orig><kind>Kind one</kind></elem>
<elem><id>5</id><status>2</status><unset>null</unset></elem>
<p_cnt>1000</p_cnt><p_num>1</p_num><p_elems>6</p_elems></doc>"""
)
FORM = """<doc func="task.edit">
<metadata name="task.edit" type="form" mgr="billmgr"><form title="name">
<page name="main"><field name="processingmodule"><select name="processingmodule" required="yes">
<if name="processingmodule" value="9" hide="ip"/></select></field>
<field name="username"><input type="text" name="username" required="yes" maxlength="32"/></field>
<field name="password"><input type="password" name="password"/></field>
<field name="ip"><input type="text" name="ip" required="yes"/></field>
<field name="note"><textarea name="note" readonly="yes" required="yes"/></field>
<field name="plid"><input type="hidden" name="plid" required="yes"/></field></page>
<buttons><button name="take" type="func" func="task.take">Take</button><button name="ok" type="ok"/>
</buttons></form></metadata><elid>7</elid><username>bob</username><password>hush</password>
<slist name="processingmodule"><val key="3">Manual</val><val key="9">ISPmanager</val></slist>
<slist name="period"><msg>12</msg></slist>
<list name="methodlist"><elem><paymethod>1</paymethod></elem></list>
<itemlist><elem><id>4</id></elem></itemlist><tparams><password>hush</password></tparams></doc>"""


def rows_of(body: str) -> tuple[Row, ...]:
    return parse(body.encode()).listing().rows


def test_a_list() -> None:
    listing = parse(LIST.encode()).listing()
    assert (listing.total, listing.page, listing.page_size) == (6, 1, 1000)
    assert (listing.key, listing.order) == ("id", "-id")
    assert [(b.name, b.func, b.kind) for b in listing.toolbar.buttons] == [
        ("new", "payment.add", "new"),
        ("delete", "payment.delete", "group"),
    ]
    row = listing.rows[0]
    assert row.int("id") == 6
    assert row.text("status") == "Credited"
    assert row.code("status") == "4"
    assert row.code("kind") == "k1"
    assert row.money("sum") == Decimal("1.00")
    assert row.currency("sum") == "RUB"
    assert row.date_or_none("create_date") == dt.date(2024, 5, 7)
    assert row.flag("secure")
    assert row.flag("ssl_ok")
    assert not row.flag("active")
    assert not row.flag("nothing_here")
    assert row.text("empty") == ""
    assert row.get("missing") == ""
    assert row.get("missing", "number") == "pfx/6"
    assert listing.rows[1].code_or_none("unset") is None


@pytest.mark.parametrize("read", [Row.text, Row.code, Row.int, Row.money])
def test_a_required_column_that_is_missing(read: object) -> None:
    (row,) = rows_of("<doc func='vhost'><elem><id>1</id></elem></doc>")
    with pytest.raises(UnexpectedAnswer, match="column domain is missing") as caught:
        read(row, "domain")  # type: ignore[operator] # one of Row's methods
    assert caught.value.func == "vhost"


@pytest.mark.parametrize("text", ["", "1x", "-1", "1.0", "²", "٣", " ", "9" * 19])
def test_ids_are_digits(text: str) -> None:
    (row,) = rows_of(f"<doc><elem><id>{text}</id></elem></doc>")
    with pytest.raises(UnexpectedAnswer):
        row.int("id")


def test_a_flag_that_is_neither() -> None:
    (row,) = rows_of("<doc><elem><active>perhaps</active></elem></doc>")
    with pytest.raises(UnexpectedAnswer, match="neither on nor off"):
        row.flag("active")


@pytest.mark.parametrize(
    ("text", "amount", "iso"),
    [
        ("1.00 RUB", "1.00", "RUB"),
        ("12221243.00", "12221243.00", None),
        ("-12.50", "-12.50", None),
        ("1 234.50 EUR", "1234.50", "EUR"),
        ("1\u00a0234 USD", "1234", "USD"),
        ("RUB", None, "RUB"),
        ("", None, None),
        ("1,00", "1.00", None),
        ("free", None, None),
        ("1.2.3", None, None),
        ("1e5", None, None),
        ("NaN", None, None),
    ],
)
def test_amounts(text: str, amount: str | None, iso: str | None) -> None:
    assert money(text) == (None if amount is None else Decimal(amount))
    assert currency(text) == iso


def test_dates() -> None:
    assert iso_date("2024-02-29") == dt.date(2024, 2, 29)
    assert iso_date("2024-05-07 10:11:12") == dt.date(2024, 5, 7)
    assert iso_date("2023-02-29") is None
    assert iso_date("07.05.2024") is None


def test_a_form() -> None:
    form = parse(FORM.encode()).form()
    module = form.fields["processingmodule"]
    assert module.kind == "select"
    assert module.required
    assert module.offers("9")
    assert not module.offers("8")
    assert form.value("username") == "bob"
    assert form.fields["username"].options is None
    assert form.fields["note"].readonly
    assert form.fields["plid"].hidden
    assert form.fields["elid"].kind == "value"
    assert form.fields["period"].offers("12")
    assert [(b.name, b.label, b.func) for b in form.buttons] == [
        ("take", "Take", "task.take"),
        ("ok", "", None),
    ]
    assert [row.int("paymethod") for row in form.lists["methodlist"]] == [1]
    assert [row.int("id") for row in form.lists["itemlist"]] == [4]


def test_a_form_keeps_no_secret() -> None:
    form = parse(FORM.encode()).form()
    assert form.value("password") == "[redacted]"
    assert "hush" not in repr(form)


def test_required_fields_that_would_stay_empty() -> None:
    form = parse(FORM.encode()).form()
    assert form.unfilled({}) == ("processingmodule", "ip")
    assert form.unfilled({"processingmodule": "3"}) == ("ip",)
    assert form.unfilled({"processingmodule": "9"}) == ()  # the condition hides ip
    assert form.unfilled({"processingmodule": "3", "ip": "auto", "username": "null"}) == (
        "username",
    )


def test_a_list_is_no_form_and_a_form_no_list() -> None:
    with pytest.raises(UnexpectedAnswer, match="is a list"):
        parse(LIST.encode()).form()
    with pytest.raises(UnexpectedAnswer, match="is a form"):
        parse(FORM.encode()).listing()


def test_success() -> None:
    document = parse(
        b'<doc func="payment.add"><ok type="url">/mancgi/x?elid=7</ok><id>7</id></doc>'
    )
    assert document.ok
    assert (document.ok_text, document.id) == ("/mancgi/x?elid=7", "7")
    assert parse(b'<doc id="8"><ok/></doc>').id == "8"
    nothing = parse(b"<doc/>")
    assert (nothing.ok, nothing.ok_text, nothing.id) == (False, "", None)


def test_versions() -> None:
    assert parse(b'<doc><mgr version="6.94.1-x">billmgr</mgr></doc>').version == "6.94.1-x"
    assert parse(b"<doc><version><billmgr>6.9</billmgr></version></doc>").version == "6.9"
    assert parse(b"<doc/>").version is None


def test_no_secret_in_a_documents_repr() -> None:
    document = parse(FORM.encode(), panel="bill")
    assert repr(document) == "Document(bill task.edit data)"
    assert "bob" not in repr(document.form().lists)


ERROR = """<doc><error type="value" object="elid" lang="en" code="1">
<param name="object" type="msg" msg="Element id">elid</param><param name="value">999</param>
<param name="desc" type="msg" msg="It is gone.">desk_empty</param>
<stack><action level="29" user="admin">processing.edit</action></stack>
<group>Field '__object__' has an invalid value. __desc__</group>
<msg>Field '__object__' has an invalid value. __desc__ __unknown__</msg></error></doc>"""


def test_an_error() -> None:
    fault = parse(ERROR.encode()).fault
    assert fault is not None
    assert (fault.type, fault.object, fault.value, fault.code) == ("value", "elid", "999", "1")
    assert fault.message == "Field 'Element id' has an invalid value. It is gone. __unknown__"
    assert dict(fault.params) == {"object": "elid", "value": "999", "desc": "desk_empty"}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("auth", "session"), LoginRefused),
        (Fault("access", "pricelist"), AccessDenied),
        (Fault("value", "x", message="Not available for administrator, try su"), AccessDenied),
        (Fault("msg_user_not_found"), AccessDenied),
        (Fault("missed", "pricelist"), FunctionMissing),
        (Fault("missed", "func", value="pricelist"), FunctionMissing),
        (Fault("missed", "users"), Refused),
        (Fault("locked", "object"), Busy),
        (Fault("client"), Busy),
        (Fault("bad_response"), Busy),
        (Fault("limit", "balance"), Refused),
        (Fault("no_suitable_module"), Refused),
        (Fault("never heard of"), Refused),
        (Fault(""), Refused),
    ],
)
def test_what_to_do_about_a_fault(fault: Fault, kind: type[Refused]) -> None:
    assert type(refusal(fault, panel="bill", func="pricelist")) is kind


def test_a_fault_always_says_something() -> None:
    assert Fault("limit", "balance").text == "limit balance"
    assert Fault("limit", detail="too much").text == "too much"
    assert Fault("x", message="words", detail="more").text == "words"


# --- everything of the facts' shapes, and everything of none -----------------------------------

# What a secret is called is never shown as it was written (test_redaction.py).
NAMES = (
    st.text(string.ascii_lowercase + string.digits + "_", min_size=1, max_size=12)
    .map(lambda text: "c" + text)
    .filter(lambda name: not is_secret(name))
)
# What XML 1.0 can carry; surrounding space is not kept by panels or by us.
TEXTS = st.text(
    st.characters(
        min_codepoint=32, max_codepoint=0xFFFD, exclude_categories=["Cs"], exclude_characters="\x7f"
    ),
    max_size=40,
).map(str.strip)
CELLS = st.tuples(TEXTS, st.none() | TEXTS)
ROWS = st.lists(st.dictionaries(NAMES, CELLS, max_size=6), max_size=6)


def cell(name: str, text: str, orig: str | None) -> str:
    mark = "" if orig is None else f" orig={quoteattr(orig)}"
    return f"<{name}{mark}>{escape(text)}</{name}>"


@given(rows=ROWS, total=st.none() | st.integers(0, 10**9), junk=st.booleans())
def test_every_list_reads_as_it_was_written(
    rows: list[dict[str, tuple[str, str | None]]], *, total: int | None, junk: bool
) -> None:
    extra = "<messages><msg name='x'>y</msg></messages><saved_filters/>" if junk else ""
    elems = "".join(
        "<elem>" + "".join(cell(n, t, o) for n, (t, o) in row.items()) + "</elem>" for row in rows
    )
    end = "" if total is None else f"<p_elems>{total}</p_elems>"
    listing = parse(f"{HEAD}{extra}{elems}{end}<tparams/></doc>".encode()).listing()
    assert listing.total == total
    assert len(listing.rows) == len(rows)
    for row, written in zip(listing.rows, rows, strict=True):
        assert set(row) == set(written)
        for name, (text, orig) in written.items():
            assert row.text(name) == text
            twin = f"{name}_orig" in written or f"real_{name}" in written
            if orig is not None or not twin:
                assert row.code(name) == (text if orig is None else orig)


FIELDS = st.dictionaries(
    NAMES,
    st.tuples(TEXTS, st.booleans(), st.booleans(), st.none() | st.lists(TEXTS, max_size=4)),
    max_size=6,
)


@given(fields=FIELDS, buttons=st.lists(NAMES, max_size=4, unique=True))
def test_every_form_reads_as_it_was_written(
    fields: dict[str, tuple[str, bool, bool, list[str] | None]], buttons: list[str]
) -> None:
    controls = values = lists = ""
    for name, (value, required, readonly, options) in fields.items():
        marks = ' required="yes"' * required + ' readonly="yes"' * readonly
        kind = "input" if options is None else "select"
        controls += f'<field name="{name}"><{kind} name="{name}"{marks}/></field>'
        values += f"<{name}>{escape(value)}</{name}>"
        if options is not None:
            keys = "".join(f"<val key={quoteattr(key)}>L</val>" for key in options)
            lists += f'<slist name="{name}">{keys}</slist>'
    presses = "".join(f'<button name="{name}" type="ok"/>' for name in buttons)
    form = parse(
        f'{HEAD}<metadata type="form"><form><page>{controls}</page><buttons>{presses}</buttons>'
        f"</form></metadata>{values}{lists}</doc>".encode()
    ).form()
    assert set(form.fields) == set(fields)
    assert [button.name for button in form.buttons] == buttons
    for name, (value, required, readonly, options) in fields.items():
        field = form.fields[name]
        assert (field.value, field.required, field.readonly) == (value, required, readonly)
        offered = None if field.options is None else [option.key for option in field.options]
        assert offered == options


@given(kind=TEXTS, about=TEXTS, value=TEXTS, message=TEXTS)
def test_every_error_reads_as_it_was_written(
    kind: str, about: str, value: str, message: str
) -> None:
    fault = parse(
        f"{HEAD}<error type={quoteattr(kind)} object={quoteattr(about)}>"
        f'<param name="value">{escape(value)}</param><msg>{escape(message)}</msg>'
        "</error></doc>".encode()
    ).fault
    assert fault is not None
    assert (fault.type, fault.object, fault.value) == (kind, about, value)
    assert refusal(fault, panel="p", func="f").type == kind


def use_all(document: Document) -> None:
    """Read everything that a document offers; only typed errors may come of it."""
    for read in (document.listing, document.form, document.toolbar):
        try:
            found: object = read()
        except UnexpectedAnswer:
            continue
        rows = found.rows if isinstance(found, Listing) else ()
        if isinstance(found, Form):
            found.unfilled({})
        for row in rows:
            for name in row:
                row.text(name)
                row.code(name)
    assert repr(document)
    assert document.texts is not None
    assert (document.version, document.id, document.ok_text) is not None


def swallow_typed(body: bytes) -> None:
    try:
        document = parse(body)
    except UnexpectedAnswer:
        return
    use_all(document)


@given(st.binary(max_size=300))
def test_random_bytes_give_typed_errors_only(body: bytes) -> None:
    swallow_typed(body)
    swallow_typed(b"<doc>" + body + b"</doc>")
    swallow_typed(b"<doc " + body)
    is_html(body)


@given(st.integers(0, len(LIST)), st.sampled_from([LIST, FORM, ERROR]))
def test_truncations_are_typed_and_transient(length: int, text: str) -> None:
    body = text.encode()[:length]
    if body == text.encode():
        use_all(parse(body))
        return
    with pytest.raises(UnexpectedAnswer) as caught:
        parse(body)
    assert caught.value.transient or b"<doc" not in body[:-1]


@given(st.data())
def test_mutations_are_typed(data: st.DataObject) -> None:
    body = bytearray(data.draw(st.sampled_from([LIST, FORM, ERROR])).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    swallow_typed(bytes(body))


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE doc [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><doc>&b;</doc>',
        b'<?xml version="1.0"?><!DOCTYPE doc SYSTEM "file:///etc/passwd"><doc/>',
        b"<!-- a --><!DOCTYPE doc []><doc/>",
        b'<?xml version="1.0"?><?x <doc ?><!DOCTYPE doc []><doc/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE doc []><doc/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="utf-7"?><doc/>+ADw-',
        b"<doc>" * 100_000,
        b"<html><body/></html>",
        b"<docs/>",
    ],
)
def test_bombs_and_strangers(body: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse(body)


def test_many_comments_before_the_root_cost_nothing() -> None:
    parse(b"<!-- x -->" * 20_000 + b"<doc/>")
    with pytest.raises(UnexpectedAnswer):
        parse(b"<!-- x -->" * 20_000 + b"<other/>")


def test_a_byte_order_mark_and_a_letter_with_html_inside_are_fine() -> None:
    document = parse("\ufeff<doc><text><![CDATA[<!DOCTYPE html><p>Hi</p>]]></text></doc>".encode())
    assert document.text("text") == "<!DOCTYPE html><p>Hi</p>"
