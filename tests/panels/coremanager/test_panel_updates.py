"""A panel that is being updated is out of reach for a while; nobody's session is over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from panels.coremanager.error_nodes import refusal
from panels.coremanager.errors import (
    FunctionMissing,
    LoginRefused,
    OutcomeUnknown,
    PanelUpdating,
    UnexpectedAnswer,
    Unreachable,
)
from panels.coremanager.fault import Fault
from panels.coremanager.web_pages import says_updating
from panels.coremanager.whole_lists import collect
from tests.panels.fakepanel import LOGIN_PAGE, OK, Bench, Reply, Request, bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGES = [
    "<html><h1>The platform is temporarily unavailable while it is under maintenance</h1></html>",
    "<!DOCTYPE html><html><title>Updating</title><body>Please wait: updating…</body></html>",
    "<html><body><p>Панель обновляется, подождите</p></body></html>",
    "<html><body>Ведутся технические работы</body></html>",
]  # fmt: skip


@pytest.fixture
def make_bench() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(script: Callable[[Request], Reply], **options: object) -> Bench:
        made.append(bench(script, **options))  # type: ignore[arg-type] # bench's own
        return made[-1]

    yield make
    for each in made:
        each.close()


def deadline() -> float:
    return time.monotonic() + 5


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
@pytest.mark.parametrize("page", PAGES)
def test_an_update_is_recognised(page: str, encoding: str) -> None:
    assert says_updating(page.encode(encoding, "ignore"))


@pytest.mark.parametrize(
    "page",
    [
        LOGIN_PAGE,
        b"<html><h1>Maintenance</h1><form><input type='password' name='p'></form></html>",
        b"<html><head><script>var text = 'updating'</script></head><body></body></html>",
        b"<html><head><style>.maintenance {}</style></head><body><div id=app></div></body></html>",
        b"<html><body>Please upgrade your browser<noscript>updating</noscript></body></html>",
        b"<html><body class='maintenance'>Welcome</body></html>",
        "<html><body>Обновите страницу</body></html>".encode(),
        b"<html>",
    ],
)
def test_another_page_is_no_update(page: bytes) -> None:
    assert not says_updating(page)


@pytest.mark.parametrize("page", PAGES)
def test_nobody_logs_in_anew_while_it_lasts(make_bench: Callable[..., Bench], page: str) -> None:
    replies = [Reply(page.encode())] * 3 + [Reply(b"<doc><elem><id>4</id></elem></doc>")]
    b = make_bench(lambda r: Reply(OK) if r.func == "whoami" else replies.pop(0))
    b.transport.read("whoami")
    for _ in range(2):
        with pytest.raises(PanelUpdating) as caught:
            b.transport.read("vhost")
        assert caught.value.transient
    with pytest.raises(PanelUpdating):
        collect(b.transport, "vhost", lambda row: row.int("id"))
    assert collect(b.transport, "vhost", lambda row: row.int("id")) == [4]
    assert b.panel.logins == 1


def test_an_effect_that_meets_an_update_is_unknown(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(lambda r: Reply(PAGES[0].encode()) if r.func == "order" else Reply())
    with pytest.raises(OutcomeUnknown, match="being updated"):
        b.transport.act("order", {"sok": "ok"}, send_by=deadline())
    assert len(b.panel.sent("order")) == 1


def test_an_effect_whose_login_meets_an_update_was_not_sent(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    b = make_bench(lambda _: Reply())
    monkeypatch.setattr(b.panel, "_login", lambda: Reply(PAGES[0].encode()))
    with pytest.raises(Unreachable, match="being updated"):
        b.transport.act("order", {"sok": "ok"}, send_by=deadline())
    assert b.panel.sent("order") == []
    with pytest.raises(PanelUpdating):
        b.transport.read("vhost")


def test_a_login_page_still_renews_the_session(make_bench: Callable[..., Bench]) -> None:
    replies = [Reply(LOGIN_PAGE), Reply(OK)]
    b = make_bench(lambda _: replies.pop(0))
    b.transport.read("vhost")
    assert b.panel.logins == 2


def test_after_a_long_update_a_login_is_tried(make_bench: Callable[..., Bench]) -> None:
    now = [1000.0]
    sessions = {"sid-2"}

    def script(request: Request) -> Reply:
        known = request.params.get("auth") in sessions
        return Reply(OK if known else PAGES[0].encode())

    b = make_bench(script, monotonic=lambda: now[0])
    with pytest.raises(PanelUpdating):
        b.transport.read("vhost")
    now[0] += 300
    with pytest.raises(PanelUpdating):
        b.transport.read("vhost")
    now[0] += 400
    b.transport.read("vhost")
    assert b.panel.logins == 2


EXPIRED = [
    b"<doc func='expirepass'><metadata type='form'/><passwd/></doc>",
    b"<doc func='vhost'><ok type='form'>func=expirepass</ok></doc>",
    b"<doc><error type='access' object='expirepass'><msg>no</msg></error></doc>",
]


@pytest.mark.parametrize("body", EXPIRED)
def test_an_expired_password_is_named(make_bench: Callable[..., Bench], body: bytes) -> None:
    b = make_bench(lambda _: Reply(body))
    with pytest.raises(LoginRefused) as caught:
        b.transport.read("vhost")
    assert caught.value.reason == "new_password"
    with pytest.raises(LoginRefused) as caught:
        b.transport.act("order", {"sok": "ok"}, send_by=deadline())
    assert caught.value.reason == "new_password"


def test_a_login_that_is_answered_with_a_new_passwords_form(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    b = make_bench(lambda _: Reply())
    for body in EXPIRED:
        monkeypatch.setattr(b.panel, "_login", lambda body=body: Reply(body))
        with pytest.raises(LoginRefused) as caught:
            b.transport.try_login(b.transport._login)
        assert caught.value.reason == "new_password"


@pytest.mark.parametrize(
    "fault",
    [
        Fault("missed", message="Function not found. Perhaps its module is not loaded."),
        Fault("missed", detail="The function 'v2.vhost.order.param' does not exist"),
        Fault("missed", message="Функция не найдена"),
    ],
)
def test_a_function_that_is_missing_without_being_named(fault: Fault) -> None:
    assert type(refusal(fault, panel="p", func="f")) is FunctionMissing


def test_something_else_that_is_missing_is_no_function() -> None:
    for fault in (Fault("missed"), Fault("missed", "users", message="function not found")):
        assert type(refusal(fault, panel="p", func="f")) is not FunctionMissing


def test_an_updating_page_with_another_status_is_what_the_status_says(
    make_bench: Callable[..., Bench],
) -> None:
    b = make_bench(lambda _: Reply(PAGES[0].encode(), 502))
    with pytest.raises(UnexpectedAnswer) as caught:
        b.transport.read("vhost")
    assert caught.value.transient
