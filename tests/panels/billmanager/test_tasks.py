"""Taking and closing tasks on forms whose names nobody knows in advance."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panels.billmanager import Address, BillManager, Dialect
from panels.billmanager.dialect import shapes
from panels.billmanager.dialect.names import Close, Found, Take
from panels.billmanager.tasks import completeness
from panels.billmanager.tasks.close_forms import address_in
from panels.coremanager.documents import parse
from panels.coremanager.forms import FormLacks
from tests.panels.lists import Canned

if TYPE_CHECKING:
    from collections.abc import Callable

    from panels.coremanager.forms import Form
    from panels.http.transport import Transport
    from tests.panels.lists import Sent

BY = 1e12
MODULE = '<select name="processingmodule" required="yes"/>'
USER = '<input name="username" required="yes"/>'
PASSWORD = '<input type="password" name="password" required="yes"/>'
OPTIONS = '<slist name="processingmodule"><val key="3">Hand</val><val key="9">ISP</val></slist>'
STATES = '<slist name="status"><val key="0">a</val><val key="1">b</val><val key="2">c</val></slist>'


def page(
    controls: str = MODULE + USER + PASSWORD,
    buttons: tuple[str, ...] = ("take", "close", "ok", "cancel"),
    more: str = OPTIONS,
) -> str:
    shown = "".join(f'<button name="{name}"/>' for name in buttons)
    return (
        f'<metadata type="form"><form>{controls}<buttons>{shown}</buttons></form></metadata>{more}'
    )


def form_of(text: str) -> Form:
    return parse(f'<doc func="task.edit">{text}</doc>'.encode()).form()


def work(
    text: str,
    dialect: Dialect | None = None,
    answer: str = "<ok/>",
    more: dict[str, str] | None = None,
) -> tuple[BillManager, Canned]:
    def edit(call: Sent) -> str:
        return answer if call.send_by else text

    answers: dict[str, str | Callable[[Sent], str]] = {"task.edit": edit, **(more or {})}
    canned = Canned(answers)
    transport = cast("Transport", canned)
    return BillManager(transport, dialect or Dialect()), canned


def close(b: BillManager, module_id: int = 9) -> None:
    b.tasks.close(b.tasks.form(7), module_id=module_id, username="bob", password="s3", send_by=BY)


def test_a_form_is_recognised() -> None:
    dialect = Dialect().learn_task_form(form_of(page()))
    assert dialect.task_take == Take("button", "take", where="the task's form", sure=False)
    assert dialect.task_close == Close("button", "close", where="the task's form", sure=False)
    assert dialect.task_module is not None
    assert dialect.task_module.value == "processingmodule"
    assert dialect.task_username is not None
    assert dialect.task_username.value == "username"
    assert dialect.task_password is not None
    assert dialect.task_password.value == "password"
    assert dialect.lacking() == tuple(
        n for n in Dialect().lacking() if not n.startswith("task_") or n == "task_departments"
    )


@pytest.mark.parametrize(
    ("buttons", "take", "closing"),
    [
        (("ok", "cancel"), None, None),
        (("ok_get", "ok_close"), "ok_get", "ok_close"),
        (("assign_me", "finish"), "assign_me", "finish"),
        (("get", "take"), None, None),
        (("close", "close_all"), None, None),
        (("work", "complete"), "work", "complete"),
        (("forget", "enclose"), None, None),
        (("take_and_close",), None, None),
    ],
)
def test_buttons_are_known_by_their_verb_or_not_at_all(
    buttons: tuple[str, ...], take: str | None, closing: str | None
) -> None:
    dialect = Dialect().learn_task_form(form_of(page(buttons=buttons)))
    assert (dialect.task_take and dialect.task_take.name) == take
    assert (dialect.task_close and dialect.task_close.name) == closing


def test_a_status_that_can_be_set_takes_and_closes() -> None:
    text = page(MODULE + USER + PASSWORD + '<select name="status"/>', ("ok",), OPTIONS + STATES)
    b, canned = work(text)
    b.tasks.take(b.tasks.form(7), send_by=BY)
    close(b)
    take, closing = canned.effects
    assert take.params["status"] == "1"
    assert closing.params["status"] == "2"
    assert "clicked_button" not in closing.params


def test_a_readonly_status_is_no_way_to_close() -> None:
    text = page(
        MODULE + USER + PASSWORD + '<select name="status" readonly="yes"/>',
        ("ok",),
        OPTIONS + STATES,
    )
    b, canned = work(text)
    with pytest.raises(FormLacks, match="task_close"):
        close(b)
    with pytest.raises(FormLacks, match="a way to take"):
        b.tasks.take(b.tasks.form(7), send_by=BY)
    assert canned.effects == []


def test_taking_and_closing_by_buttons() -> None:
    b, canned = work(page(more=OPTIONS + "<status>0</status><performer/>"))
    form = b.tasks.form(7)
    assert (form.status, form.performer) == (0, "")
    assert b.tasks.take(form, send_by=BY) is None
    close(b)
    take, closing = canned.effects
    assert take.params == {"elid": "7", "clicked_button": "take", "sok": "ok"}
    assert closing.params == {
        "elid": "7",
        "processingmodule": "9",
        "username": "bob",
        "password": "s3",
        "clicked_button": "close",
        "sok": "ok",
    }
    assert b.dialect.task_close is not None


def test_hidden_fields_go_along_as_the_panels_own_page_would_send_them() -> None:
    controls = MODULE + USER + PASSWORD + '<input type="hidden" name="plid"/>'
    b, canned = work(page(controls, more=OPTIONS + "<plid>55</plid>"))
    close(b)
    assert canned.effects[0].params["plid"] == "55"


def test_taking_leads_to_a_second_form() -> None:
    b, canned = work(
        page(buttons=("ok_get", "ok")),
        answer='<ok type="form">func=task.work&amp;elid=50</ok>',
        more={"task.work": page(buttons=("ok_close",))},
    )
    address = b.tasks.take(b.tasks.form(7), send_by=BY)
    assert address == Address("task.work", "50")
    second = b.tasks.form(7, address)
    assert (canned.sent[-1].func, canned.sent[-1].params) == ("task.work", {"elid": "50"})
    assert second.task_id == 7
    assert second.form.button("ok_close") is not None


def test_taking_by_a_function_of_the_toolbar() -> None:
    dialect = Dialect(task_take=Take("toolbar", "task.take"))
    b, canned = work(page(buttons=("close",)), dialect, more={"task.take": "<ok/>"})
    assert b.tasks.take(b.tasks.form(7), send_by=BY) is None
    assert (canned.effects[0].func, canned.effects[0].params) == ("task.take", {"elid": "7"})


def test_no_taking_needed() -> None:
    b, canned = work(page(), Dialect(task_take=Take("none")))
    assert b.tasks.take(b.tasks.form(7), send_by=BY) is None
    assert canned.effects == []


def test_taking_by_choosing_the_performer() -> None:
    people = '<slist name="performer"><val key="4">staff</val><val key="5">other</val></slist>'
    controls = MODULE + USER + PASSWORD + '<select name="performer"/>'
    b, canned = work(page(controls, ("close",), OPTIONS + people))
    b.tasks.take(b.tasks.form(7), send_by=BY)
    assert canned.effects[0].params["performer"] == "4"
    canned.username = "nobody"
    with pytest.raises(FormLacks, match="performer=nobody"):
        b.tasks.take(b.tasks.form(7), send_by=BY)


@pytest.mark.parametrize(
    ("text", "module_id", "missing"),
    [
        (page(), 8, "processingmodule=8"),
        (page(USER + PASSWORD), 9, "dialect entry task_module"),
        (page(MODULE + PASSWORD), 9, "dialect entry task_username"),
        (page(MODULE + USER), 9, "dialect entry task_password"),
        (page(buttons=("ok",)), 9, "dialect entry task_close"),
        (page(more=""), 9, "dialect entry task_module"),
        (page(MODULE + USER + PASSWORD + '<input name="ip" required="yes"/>'), 9, "ip"),
    ],
)
def test_what_a_form_lacks_stops_before_anything_is_sent(
    text: str, module_id: int, missing: str
) -> None:
    b, canned = work(text)
    with pytest.raises(FormLacks) as caught:
        close(b, module_id)
    assert missing in caught.value.missing
    assert caught.value.form is not None
    assert "s3" not in repr(caught.value.form)
    assert canned.effects == []


def test_an_administrators_word_wins() -> None:
    dialect = Dialect().with_overrides({"task_close": "button:ok", "task_take": "button:ok"})
    b, canned = work(page(buttons=("close", "ok")), dialect)
    b.tasks.take(b.tasks.form(7), send_by=BY)
    close(b)
    assert [c.params["clicked_button"] for c in canned.effects] == ["ok", "ok"]


def test_a_button_that_is_not_there_is_not_pressed() -> None:
    dialect = Dialect().with_overrides({"task_close": "button:shut", "task_take": "button:mine"})
    b, canned = work(page(), dialect)
    with pytest.raises(FormLacks, match="button mine"):
        b.tasks.take(b.tasks.form(7), send_by=BY)
    with pytest.raises(FormLacks, match="button shut"):
        close(b)
    assert canned.effects == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", None),
        ("func=task.work&elid=50", Address("task.work", "50")),
        ("/billmgr?func=task.work&elid=50&plid=7", Address("task.work", "50")),
        ("?startform=task.work&elid=50", Address("task.work", "50")),
        ("elid=8", Address("task.edit", "8")),
        ("func=task.edit&elid=7", None),
        ("thank you", None),
    ],
)
def test_addresses_of_next_forms(text: str, address: Address | None) -> None:
    assert address_in(text, Address("task.edit", "7")) == address


@given(st.text(max_size=60))
def test_addresses_never_fail(text: str) -> None:
    address_in(text, Address("task.edit", "7"))


def test_several_types_of_opening_are_sorted_out_here() -> None:
    rows = "".join(
        f"<elem><id>{i}</id><type>{kind}</type><item>{i}</item><status>0</status></elem>"
        for i, kind in enumerate(("open", "postopen", "postclose"), 1)
    )
    canned = Canned({"task": rows})
    dialect = Dialect().with_overrides({"task_open_types": "postopen, open"})
    b = BillManager(cast("Transport", canned), dialect)
    assert [task.id for task in b.tasks.openings()] == [1, 2]
    assert "type" not in canned.sent[0].params


def test_a_dialect_is_kept_as_json() -> None:
    dialect = Dialect(
        version="6.1",
        order=Found("v2", "somewhere", sure=False),
        task_take=Take("toolbar", "task.take", where="x"),
        task_close=Close("field", "status", "2"),
        ispmanager_modules=("a", "b"),
        departments=((1, "A"),),
        overridden=("order",),
    )
    stored = dialect.to_json()
    assert Dialect.from_json(stored) == dialect
    assert Dialect.from_json({**stored, "of_a_later_version": 1}) == dialect
    assert Dialect.from_json({}) == Dialect()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("order", "old", Found("old", "set by an administrator")),
        ("task_take", "none", Take("none", where="set by an administrator")),
        (
            "task_take",
            "field:status=1",
            Take("field", "status", "1", where="set by an administrator"),
        ),
        ("task_close", "field:s=2", Close("field", "s", "2", "set by an administrator")),
        ("ispmanager_modules", "a, b", ("a", "b")),
        ("order", "", None),
    ],
)
def test_overrides(name: str, text: str, value: object) -> None:
    dialect = Dialect(order=Found("v2", "x")).with_overrides({name: text})
    assert getattr(dialect, name) == value
    assert dialect.overridden == ((name,) if text else ())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("order", "v3"),
        ("nonsense", "x"),
        ("version", "x"),
        ("task_take", "press:x"),
        ("task_take", "button:"),
        ("task_take", "none:x"),
        ("task_close", "field:status"),
        ("task_close", "button:x=1"),
        ("task_close", "toolbar:x"),
    ],
)
def test_overrides_that_cannot_be(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Dialect().with_overrides({name: text})


def test_finding_out_again_keeps_what_people_set_and_forms_taught() -> None:
    known = Dialect(version="6.1").learn_task_form(form_of(page()))
    known = known.with_overrides({"cart": "basket"})
    again = Dialect(version="6.1", order=Found("old", "new")).keeping(known)
    assert again.cart == known.cart
    assert again.task_close == known.task_close
    assert again.order == Found("old", "new")
    newer = Dialect(version="6.2").keeping(known)
    assert newer.cart == known.cart
    assert newer.task_close is None


CONFIRM = '<input name="confirm" type="password" required="yes"/>'
TICKET = '<input name="ticket_note" required="yes"/>'


def test_a_required_field_that_nobody_fills_stops_before_the_task_is_taken() -> None:
    b, canned = work(page(TICKET + MODULE + USER + PASSWORD))
    form = b.tasks.form(5)
    with pytest.raises(FormLacks, match="ticket_note") as lacks:
        b.tasks.take(form, send_by=9.0)
    assert lacks.value.form is not None
    assert canned.effects == []


def test_an_administrator_says_what_else_to_fill_in() -> None:
    words = "confirm={password}, ticket_note=moved {domain}, absent=x, ticket_site={domain}"
    dialect = Dialect().with_overrides({"task_fields": words})
    more = CONFIRM + TICKET + '<input name="ticket_site"/>'
    b, canned = work(page(more + MODULE + USER + PASSWORD), dialect)
    form = b.tasks.form(5)
    b.tasks.take(form, send_by=9.0)
    b.tasks.close(form, module_id=9, username="u", password="pw-7", domain="a.example", send_by=9.0)
    taken, closed = canned.effects
    assert taken.params["ticket_note"] == "moved {domain}"  # a word stands for a whole value
    assert "confirm" not in taken.params
    assert closed.params["confirm"] == "pw-7"
    assert closed.params["ticket_site"] == "a.example"
    assert "absent" not in closed.params
    assert "confirm" in closed.secret


def test_a_field_is_named_before_its_value() -> None:
    with pytest.raises(ValueError, match="NAME=VALUE"):
        Dialect().with_overrides({"task_fields": "just words"})


def typed(b: BillManager, canned: Canned) -> dict[str, str]:
    b.tasks.close(b.tasks.form(7), module_id=9, username="bob", password="", send_by=BY)
    return dict(canned.sent[-1].params)


def test_without_a_password_none_is_sent() -> None:
    b, canned = work(page(MODULE + USER + PASSWORD.replace(' required="yes"', "")))
    form = b.tasks.form(7)
    assert not b.tasks.needs_password(form)
    sent = typed(b, canned)
    assert sent["username"] == "bob"
    assert "password" not in sent
    seen = [shapes.of_form(form.form)]
    assert completeness.needs_password(seen, b.tasks.learn(form)) is False
    assert completeness.needs_password([], b.tasks.learn(form)) is None
    assert completeness.needs_password(seen, Dialect()) is None


def test_a_form_that_requires_a_password_is_not_closed_without_one() -> None:
    b, canned = work(page())
    form = b.tasks.form(7)
    assert b.tasks.needs_password(form)
    assert completeness.needs_password([shapes.of_form(form.form)], b.tasks.learn(form)) is True
    with pytest.raises(FormLacks) as lacks:
        typed(b, canned)
    assert lacks.value.missing == ("password",)
    assert not any(call.send_by for call in canned.sent)


def test_a_field_that_is_set_to_hold_the_password_stays_out_without_one() -> None:
    shown = page(MODULE + USER + PASSWORD.replace(' required="yes"', "") + '<input name="again"/>')
    b, canned = work(shown, Dialect(task_fields=("again={password}",)))
    assert "again" not in typed(b, canned)
