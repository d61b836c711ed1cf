"""What the transport makes of a network that does everything a network can do."""

from __future__ import annotations

import contextlib
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from panels.coremanager.errors import (
    Busy,
    FunctionMissing,
    LimitTimeout,
    NotSent,
    OutcomeUnknown,
    PanelError,
    Refused,
    TooLate,
    UnexpectedAnswer,
    Unreachable,
)
from panels.http.endpoint import Endpoint, Login
from panels.http.transport import Transport
from tests.panels.fakepanel import (
    LOGIN_PAGE,
    OK,
    PASSWORD,
    FakePanel,
    Notes,
    Reply,
    Slots,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from panels.http.endpoint import Call
    from tests.panels.fakepanel import Bench, Request

ROWS = b'<doc func="vhost"><elem><id>1</id></elem><p_elems>1</p_elems></doc>'


def deadline(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


def always(reply: Reply) -> Callable[[Request], Reply]:
    return lambda _: reply


def test_a_read_is_one_post_with_a_session_and_english_texts(
    make_bench: Callable[..., Bench],
) -> None:
    b = make_bench(always(Reply(ROWS)))
    listing = b.transport.read("vhost", {"filter": "on", "pricelist": 7}, su=12).listing()
    assert [row.int("id") for row in listing.rows] == [1]
    login, request = b.panel.requests
    assert login.params == {
        "func": "auth",
        "username": "root",
        "password": PASSWORD,
        "out": "xml",
        "lang": "en",
    }
    assert request.params == {
        "func": "vhost",
        "filter": "on",
        "pricelist": "7",
        "su": "12",
        "out": "xml",
        "lang": "en",
        "auth": "sid-1",
    }
    assert request.head.startswith("POST /billmgr HTTP/1.1\r\n")
    assert "Content-Type: application/x-www-form-urlencoded" in request.head
    assert "Cookie" not in request.head


def test_devel_is_asked_for_by_the_caller(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(always(Reply(ROWS)))
    b.transport.read("task", devel=True)
    assert b.panel.requests[-1].params["out"] == "devel"


def test_sok_is_never_added(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(always(Reply()))
    b.transport.act("payment.setpaid", {"elid": 3}, send_by=deadline())
    b.transport.act("vhost.edit", {"elid": 3, "sok": "ok"}, send_by=deadline())
    first, second = b.panel.requests[1:]
    assert "sok" not in first.params
    assert second.params["sok"] == "ok"


def test_a_connection_is_kept_and_used_again(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(always(Reply()))
    for _ in range(5):
        b.transport.read("whoami")
    assert {request.connection for request in b.panel.requests} == {1}


def test_each_thread_has_its_own_connection(make_bench: Callable[..., Bench]) -> None:
    gate = threading.Barrier(4)

    def script(_: Request) -> Reply:
        gate.wait(5)
        return Reply()

    b = make_bench(script)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: b.transport.read("whoami"), range(4)))
    assert len({r.connection for r in b.panel.sent("whoami")}) == 4
    assert b.panel.logins == 1


def test_the_journal_has_every_call(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(always(Reply(ROWS)), wall=lambda: 1000.5)
    b.transport.read("vhost", {"elid": 4})
    login, call = b.notes.calls
    assert (login.func, login.outcome, login.effect) == ("auth", "done", False)
    assert call.panel == "bill"
    assert call.func == "vhost"
    assert dict(call.params) == {"elid": "4"}
    assert call.started == 1000.5
    assert call.seconds > 0
    assert call.outcome == "done"
    assert call.answer == ROWS.decode()
    assert call.size == len(ROWS)
    assert call.error == ""


def test_nothing_listens_there(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(always(Reply()))
    b.panel.stop()
    with pytest.raises(Unreachable) as caught:
        b.transport.read("whoami")
    assert (caught.value.panel, caught.value.func) == ("bill", "auth")
    with pytest.raises(Unreachable):
        b.transport.act("x", {}, send_by=deadline())
    assert {call.outcome for call in b.notes.calls} == {"not sent"}


@pytest.mark.parametrize("how", ["reset", "close", "cut"])
def test_a_read_that_breaks_may_be_repeated(make_bench: Callable[..., Bench], how: str) -> None:
    b = make_bench(always(Reply(ROWS, how=how)))  # type: ignore[arg-type] # one of the kinds
    with pytest.raises(UnexpectedAnswer) as caught:
        b.transport.read("vhost")
    assert caught.value.transient
    assert b.notes.last.outcome == "unknown"


@pytest.mark.parametrize("how", ["reset", "close", "cut"])
def test_an_effect_that_breaks_is_unknown_and_sent_once(
    make_bench: Callable[..., Bench], how: str
) -> None:
    b = make_bench(lambda r: Reply(how=how) if r.func == "order" else Reply())  # type: ignore[arg-type] # one of the kinds
    b.transport.read("whoami")  # so that its connection is a used one
    with pytest.raises(OutcomeUnknown):
        b.transport.act("order", {"sok": "ok"}, send_by=deadline())
    assert len(b.panel.sent("order")) == 1
    assert b.notes.last.outcome == "unknown"
    assert b.notes.last.effect


def test_silence_ends_with_the_read_timeout(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(always(Reply(how="silent")), read_timeout=0.3)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        b.transport.act("order", {}, send_by=deadline())
    with pytest.raises(UnexpectedAnswer) as caught:
        b.transport.read("vhost")
    assert caught.value.transient
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("how", ["drip", "drip head"])
def test_a_slow_drip_ends_with_twice_the_read_timeout(
    make_bench: Callable[..., Bench], how: str
) -> None:
    b = make_bench(
        lambda _: Reply(ROWS * 50, how=how),  # type: ignore[arg-type] # one of the kinds
        read_timeout=0.4,
    )
    b.panel.drip = 0.1
    b.transport.try_login(Login("a", "b"))  # logging in and out of the way
    began = time.monotonic()
    with pytest.raises(UnexpectedAnswer) as caught:
        b.transport.read("vhost")
    assert caught.value.transient
    # Where the dripping panel itself stands still, one read timeout is all that passes.
    assert 0.4 <= time.monotonic() - began < 2.5


def test_an_answer_is_capped_announced_or_not(make_bench: Callable[..., Bench]) -> None:
    big = b"<doc>" + b"x" * 5000 + b"</doc>"
    b = make_bench(always(Reply(big)), max_answer=2000)
    with pytest.raises(UnexpectedAnswer, match="too large"):
        b.transport.read("vhost")
    with pytest.raises(OutcomeUnknown, match="too large"):
        b.transport.act("order", {}, send_by=deadline())
    fits = make_bench(always(Reply(big)), max_answer=len(big))
    fits.transport.read("vhost")


@pytest.mark.parametrize("status", [301, 302, 307])
def test_redirects_are_not_followed(make_bench: Callable[..., Bench], status: int) -> None:
    b = make_bench(lambda _: Reply(b"", status, headers=("Location: /elsewhere",)))
    with pytest.raises(UnexpectedAnswer, match="redirect"):
        b.transport.read("vhost")
    with pytest.raises(OutcomeUnknown, match="redirect"):
        b.transport.act("order", {}, send_by=deadline())
    assert len(b.panel.requests) == 3  # the login and these two


def test_cookies_are_not_kept(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(lambda _: Reply(OK, headers=("Set-Cookie: billmgrses5=abc; path=/",)))
    b.transport.read("whoami")
    b.transport.read("whoami")
    assert all("Cookie" not in request.head for request in b.panel.requests)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_proxy_error(make_bench: Callable[..., Bench], status: int) -> None:
    b = make_bench(always(Reply(b"<html>Bad gateway</html>", status)))
    with pytest.raises(UnexpectedAnswer) as caught:
        b.transport.read("vhost")
    assert caught.value.transient
    with pytest.raises(OutcomeUnknown):
        b.transport.act("order", {}, send_by=deadline())
    assert b.panel.logins == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_crowded_panel(make_bench: Callable[..., Bench], status: int) -> None:
    b = make_bench(always(Reply(b"", status)))
    with pytest.raises(Busy):
        b.transport.read("vhost")
    with pytest.raises(OutcomeUnknown):
        b.transport.act("order", {}, send_by=deadline())


def test_a_400_with_the_panels_words_is_a_refusal(make_bench: Callable[..., Bench]) -> None:
    body = b'<doc><error type="missed" object="nope"><msg>No such function</msg></error></doc>'
    b = make_bench(always(Reply(body, 404)))
    with pytest.raises(FunctionMissing):
        b.transport.read("nope")


@pytest.mark.parametrize("body", [b"<html>Forbidden</html>", b"<doc><name>x</name></doc>", b""])
def test_a_400_without_the_panels_words(make_bench: Callable[..., Bench], body: bytes) -> None:
    b = make_bench(always(Reply(body, 403)))
    with pytest.raises(UnexpectedAnswer, match="HTTP 403") as caught:
        b.transport.read("vhost")
    assert not caught.value.transient
    with pytest.raises(OutcomeUnknown, match="HTTP 403"):
        b.transport.act("order", {}, send_by=deadline())


def test_an_effect_without_a_confirmation_is_unknown(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(always(Reply(b'<doc func="x"><name>a form again</name></doc>')))
    with pytest.raises(OutcomeUnknown, match="neither confirms nor refuses"):
        b.transport.act("order", {"sok": "ok"}, send_by=deadline())


@pytest.mark.parametrize(
    "body",
    [b"<doc><id>7</id></doc>", b"<doc><lineitem.id>7</lineitem.id></doc>", b"<doc><ok/></doc>"],
)
def test_what_confirms(make_bench: Callable[..., Bench], body: bytes) -> None:
    b = make_bench(always(Reply(body)))
    b.transport.act("order", {}, send_by=deadline())
    assert b.notes.last.outcome == "done"


def test_a_refusal_tells_all(make_bench: Callable[..., Bench]) -> None:
    body = (
        b'<doc><error type="value" object="domain" code="9"><param name="object" msg="Site">domain'
        b"</param><param name='value'>b d</param><msg>Field __object__ is wrong: __value__</msg>"
        b"</error></doc>"
    )
    b = make_bench(always(Reply(body)))
    with pytest.raises(Refused) as caught:
        b.transport.act("order", {}, send_by=deadline())
    error = caught.value
    assert type(error) is Refused
    assert (error.type, error.object, error.value, error.code) == ("value", "domain", "b d", "9")
    assert str(error) == "bill order: Field Site is wrong: b d"
    assert b.notes.last.outcome == "refused"
    assert b.notes.last.error == "Field Site is wrong: b d"


def test_an_effect_is_not_sent_late(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(always(Reply()))
    b.transport.read("whoami")
    with pytest.raises(TooLate):
        b.transport.act("order", {}, send_by=time.monotonic() - 0.001)
    assert b.panel.sent("order") == []
    assert b.notes.last.outcome == "not sent"
    assert b.notes.last.seconds == 0.0


def test_send_by_is_looked_at_after_the_wait_for_a_slot(make_bench: Callable[..., Bench]) -> None:
    now = [100.0]

    class Slow(Slots):
        @contextlib.contextmanager
        def slot(self, panel: str, timeout: float) -> Iterator[None]:
            now[0] += 5
            with super().slot(panel, timeout):
                yield

    b = make_bench(always(Reply()), slots=Slow(), monotonic=lambda: now[0])
    b.transport.read("whoami")
    with pytest.raises(TooLate):
        b.transport.act("order", {}, send_by=now[0] + 4)
    b.transport.act("order", {}, send_by=now[0] + 6)
    assert len(b.panel.sent("order")) == 1


def test_a_slot_is_not_waited_for_longer_than_send_by(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(always(Reply()), monotonic=lambda: 50.0, slot_timeout=20.0)
    b.transport.read("whoami")
    b.transport.act("order", {}, send_by=53.0)
    assert b.slots.waits[-2:] == [20.0, 3.0]


def test_no_free_slot_means_nothing_was_sent(make_bench: Callable[..., Bench]) -> None:
    slots = Slots(1)
    b = make_bench(always(Reply()), slots=slots, slot_timeout=0.05)
    b.transport.read("whoami")
    with slots.slot("bill", 1), pytest.raises(LimitTimeout) as caught:
        b.transport.act("order", {}, send_by=deadline())
    assert isinstance(caught.value, NotSent)
    assert caught.value.func == "order"
    assert b.panel.sent("order") == []


def test_the_limit_is_kept_and_the_slot_given_back_after_errors(
    make_bench: Callable[..., Bench],
) -> None:
    b = make_bench(
        lambda r: Reply(how="reset" if r.params.get("elid") == "3" else "whole"), slots=Slots(3)
    )

    def one(number: int) -> None:
        try:
            b.transport.act("x", {"elid": number % 5}, send_by=deadline())
        except OutcomeUnknown:
            return

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(one, range(40)))
    assert 1 <= b.slots.most <= 3
    assert b.slots.in_use == 0


def test_a_closed_kept_connection_is_noticed_before_sending(
    make_bench: Callable[..., Bench],
) -> None:
    b = make_bench(always(Reply()))
    b.transport.read("whoami")
    b.panel.drop_connections()
    time_limit = deadline(5)
    while b.panel._open and time.monotonic() < time_limit:
        threading.Event().wait(0.01)
    b.transport.act("order", {}, send_by=deadline())
    assert len(b.panel.sent("order")) == 1


def test_a_read_on_a_connection_that_just_died_goes_out_again(
    make_bench: Callable[..., Bench],
) -> None:
    seen: list[int] = []

    def script(request: Request) -> Reply:
        seen.append(request.connection)
        return Reply(how="close") if seen == [1, 1] else Reply()

    b = make_bench(script)
    b.transport.read("whoami")
    b.transport.read("whoami")
    assert seen == [1, 1, 2]
    assert [call.outcome for call in b.notes.calls] == ["done"] * 3


def test_an_effect_does_not_use_a_connection_that_idled(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    b = make_bench(always(Reply()))
    b.transport.read("whoami")
    monkeypatch.setattr("panels.http.wire.IDLE_LIMIT", -1.0)
    b.transport.read("whoami")
    b.transport.act("order", {}, send_by=deadline())
    assert [r.connection for r in b.panel.requests] == [1, 1, 1, 2]


def test_a_login_page_is_never_an_expired_session_for_an_effect(
    make_bench: Callable[..., Bench],
) -> None:
    b = make_bench(lambda r: Reply(LOGIN_PAGE) if r.func == "order" else Reply())
    with pytest.raises(OutcomeUnknown, match="web page"):
        b.transport.act("order", {}, send_by=deadline())
    assert len(b.panel.sent("order")) == 1
    assert b.panel.logins == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"<doc>",
        b"<doc><elem></doc>",
        b'{"doc":{}}',
        b"<auth/>",
        b'<!DOCTYPE doc [<!ENTITY a "b">]><doc>&a;</doc>',
        b'<?xml version="1.0"?><!DOCTYPE doc SYSTEM "http://127.0.0.1/x"><doc/>',
        '<?xml version="1.0" encoding="UTF-16"?><doc/>'.encode("utf-16"),
        b"<doc>&undefined;</doc>",
    ],
)
def test_answers_that_are_none(make_bench: Callable[..., Bench], body: bytes) -> None:
    b = make_bench(always(Reply(body)))
    with pytest.raises(UnexpectedAnswer):
        b.transport.read("vhost")
    with pytest.raises(OutcomeUnknown):
        b.transport.act("order", {}, send_by=deadline())


def test_no_secret_in_journal_errors_or_repr(make_bench: Callable[..., Bench]) -> None:
    secret = "s3cret&<%>\"'é ü+"

    def script(request: Request) -> Reply:
        shown = request.params.get("passwd", "none").replace("&", "&amp;").replace("<", "&lt;")
        sid = request.params["auth"]
        return Reply(
            f'<doc func="user.edit"><tparams><passwd>{shown}</passwd><confirm>{shown}</confirm>'
            f'<auth>{sid}</auth></tparams><error type="value" object="passwd">'
            f'<param name="object">passwd</param><param name="value">{shown}</param>'
            f"<msg>{shown} is too weak for {sid}</msg><detail>{shown}</detail>"
            "</error></doc>".encode()
        )

    b = make_bench(script)
    with pytest.raises(Refused) as caught:
        b.transport.act(
            "user.edit",
            {"elid": "u", "passwd": secret, "confirm": secret, "sok": "ok"},
            send_by=deadline(),
        )
    told = [
        repr(b.notes.calls),
        str(caught.value),
        repr(caught.value.fault),
        caught.value.message,
        "".join(traceback.format_exception(caught.value)),
        repr(b.transport),
        repr(b.transport._login),
        repr(b.transport._store),
    ]
    for text in told:
        for hidden in (secret, "s3cret", PASSWORD, "sid-1"):
            assert hidden not in text
    assert "is too weak" in str(caught.value)
    assert dict(b.notes.last.params) == {
        "elid": "u",
        "passwd": "[redacted]",
        "confirm": "[redacted]",
        "sok": "ok",
    }


def test_network_errors_do_not_carry_the_request(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(always(Reply(how="reset")))
    with pytest.raises(OutcomeUnknown) as caught:
        b.transport.act("user.edit", {"passwd": "hush-hush"}, send_by=deadline())
    error: BaseException | None = caught.value
    while error is not None:
        assert "hush-hush" not in repr(vars(error))
        assert isinstance(error, PanelError)
        error = error.__cause__ or error.__context__


def test_a_proxy_in_the_environment_is_not_used(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    b = make_bench(always(Reply()))
    b.transport.read("whoami")


def test_what_the_journal_raises_reaches_the_caller(make_bench: Callable[..., Bench]) -> None:
    class Full(Notes):
        def record(self, call: Call) -> None:
            raise RuntimeError(f"disk full: {call.func}")

    b = make_bench(always(Reply()))
    endpoint, login = b.transport.endpoint, Login("root", PASSWORD)
    transport = Transport(endpoint, login, limiter=Slots(), journal=Full())
    with pytest.raises(RuntimeError, match="disk full"):
        transport.read("whoami")
    transport.close()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://panel.example/billmgr", "not an http"),
        ("https://", "not an http"),
        ("https://u:p@panel.example/billmgr", "may not carry a login"),
        ("https://panel.example/billmgr?func=x", "may not carry a login or a query"),
        ("https://panel.example:99999/billmgr", "not an http"),
    ],
)
def test_addresses_that_are_refused_at_once(url: str, why: str) -> None:
    transport = Transport(
        Endpoint("p", "billmanager", url), Login("a", "b"), limiter=Slots(), journal=Notes()
    )
    with pytest.raises(Unreachable, match=why):
        transport.read("whoami")


def test_an_unknown_error_is_recorded_and_not_swallowed(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(always(Reply()))
    b.transport.read("whoami")

    def broken(*_: object, **__: object) -> int:
        raise RuntimeError("a bug")

    line = b.transport._sender._connection()
    line.post = broken  # type: ignore[method-assign] # the bug
    with pytest.raises(RuntimeError, match="a bug"):
        b.transport.act("order", {}, send_by=deadline())
    assert (b.notes.last.outcome, b.notes.last.error) == ("unknown", "RuntimeError")


def test_the_fake_panel_stops() -> None:
    panel = FakePanel(always(Reply()))
    panel.stop()
    assert all(not thread.is_alive() for thread in panel._threads)
