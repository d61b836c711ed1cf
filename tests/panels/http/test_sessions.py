"""Logging in: once for all threads, again exactly once, and never as a storm."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from panels.coremanager.errors import LoginRefused, UnexpectedAnswer, Unreachable
from panels.coremanager.fault import Fault
from panels.http.endpoint import Endpoint, Login
from panels.http.sessions import SessionIds
from panels.http.transport import Transport
from tests.panels.fakepanel import LOGIN_PAGE, OK, Notes, Reply, Slots

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.panels.fakepanel import Bench, Request

EXPIRED = b'<doc><error type="auth" object="session"><msg>Session expired</msg></error></doc>'


def deadline() -> float:
    return time.monotonic() + 10


def refusing(body: bytes) -> Callable[[Request], Reply]:
    """Answer `body` to every session but the second one."""
    return lambda r: Reply() if r.params["auth"] == "sid-2" else Reply(body)


@pytest.mark.parametrize("body", [EXPIRED, LOGIN_PAGE])
def test_a_read_logs_in_again_once(make_bench: Callable[..., Bench], body: bytes) -> None:
    b = make_bench(refusing(body))
    assert b.transport.read("whoami").ok
    assert [r.params.get("auth") for r in b.panel.requests] == [None, "sid-1", None, "sid-2"]


def test_an_effect_logs_in_again_on_the_panels_word(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(refusing(EXPIRED))
    b.transport.act("order", {}, send_by=deadline())
    assert len(b.panel.sent("order")) == 2
    assert [c.outcome for c in b.notes.calls] == ["done", "refused", "done", "done"]


def test_the_second_try_of_an_effect_minds_send_by(make_bench: Callable[..., Bench]) -> None:
    now = [0.0]

    def script(_: Request) -> Reply:
        now[0] += 10
        return Reply(EXPIRED)

    b = make_bench(script, monotonic=lambda: now[0])
    with pytest.raises(Exception, match="could be sent had passed"):
        b.transport.act("order", {}, send_by=5.0)
    assert len(b.panel.sent("order")) == 1


def test_twice_expired_is_a_refused_login(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(lambda _: Reply(EXPIRED))
    with pytest.raises(LoginRefused) as caught:
        b.transport.read("whoami")
    assert caught.value.reason == "expired"
    assert b.panel.logins == 2
    assert len(b.panel.sent("whoami")) == 2


def test_twice_a_login_page_is_an_unexpected_answer(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(lambda _: Reply(LOGIN_PAGE))
    with pytest.raises(UnexpectedAnswer, match="web page"):
        b.transport.read("whoami")
    assert b.panel.logins == 2


def test_many_threads_share_one_new_login(make_bench: Callable[..., Bench]) -> None:
    together = threading.Barrier(8)

    def script(request: Request) -> Reply:
        if request.params["auth"] == "sid-1":
            together.wait(5)
            return Reply(EXPIRED)
        return Reply()

    b = make_bench(script)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: b.transport.read("whoami").ok, range(8)))
    assert answers == [True] * 8
    assert b.panel.logins == 2


@pytest.mark.parametrize(
    ("kind", "about", "text", "reason"),
    [
        ("auth", "badpassword", "Wrong", "password"),
        ("auth", "address", "", "address"),
        ("auth", "", "Access from this IP denied", "address"),
        ("access", "ban", "", "address"),
        ("auth", "totp", "", "two_factor"),
        ("captcha_verification_failed", "", "", "captcha"),
        ("auth", "disabled", "", "suspended"),
        ("auth", "", "Use of authinfo is restricted for this address", "authinfo"),
    ],
)
def test_why_a_login_was_refused(
    make_bench: Callable[..., Bench], kind: str, about: str, text: str, reason: str
) -> None:
    b = make_bench(lambda _: Reply())
    body = f'<doc><error type="{kind}" object="{about}"><msg>{text}</msg></error></doc>'
    b.panel._login = lambda: Reply(body.encode())  # type: ignore[method-assign] # this panel's word
    with pytest.raises(LoginRefused) as caught:
        b.transport.read("whoami")
    assert caught.value.reason == reason
    assert caught.value.func == "auth"
    assert b.panel.sent("whoami") == []


def test_a_login_that_gives_no_session(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(lambda _: Reply())
    b.panel._login = lambda: Reply(OK)  # type: ignore[method-assign] # asks for a second factor
    with pytest.raises(UnexpectedAnswer, match="no session"):
        b.transport.read("whoami")


def test_a_wrong_password_is_not_tried_by_every_thread(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(lambda _: Reply())
    tries = []

    def login() -> Reply:
        tries.append(1)
        return Reply(b'<doc><error type="auth" object="badpassword"/></doc>')

    b.panel._login = login  # type: ignore[method-assign] # wrong password
    errors = []

    def call(_: int) -> None:
        try:
            b.transport.read("whoami")
        except LoginRefused as error:
            errors.append(error)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(24)))
    assert len(errors) == 24
    assert len({id(error) for error in errors}) == 24
    assert len(tries) == 1


def test_a_refusal_is_forgotten_after_a_while() -> None:
    now = [0.0]
    ids = SessionIds(hold=10, clock=lambda: now[0])
    key = ("u", Login("a", "b"))
    tries = []

    def refused() -> str:
        tries.append(now[0])
        raise LoginRefused(Fault("auth"), reason="password")

    for moment in (0.0, 5.0, 9.9, 10.0, 15.0):
        now[0] = moment
        with pytest.raises(LoginRefused):
            ids.renew(key, None, refused)
    assert tries == [0.0, 10.0]
    now[0] = 30.0
    assert ids.renew(key, None, lambda: "sid") == "sid"
    assert ids.get(key) == "sid"


def test_an_unreachable_panel_is_tried_again_at_once() -> None:
    ids = SessionIds()
    key = ("u", Login("a", "b"))
    tries = []

    def down() -> str:
        tries.append(1)
        raise Unreachable("down")

    for _ in range(3):
        with pytest.raises(Unreachable):
            ids.renew(key, None, down)
    assert len(tries) == 3


def test_transports_of_one_login_share_a_session(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(lambda _: Reply())
    store = SessionIds()

    def make(password: str) -> Transport:
        endpoint = Endpoint("other name", "billmanager", b.panel.url, allow_insecure=True)
        login = Login("root", password)
        return Transport(endpoint, login, limiter=Slots(), journal=Notes(), session_store=store)

    made = [make("same"), make("same"), make("different")]
    for transport in made:
        transport.read("whoami")
        transport.close()
    assert b.panel.logins == 2


def test_trying_a_login_ends_its_session_and_leaves_ours(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(lambda _: Reply())
    b.transport.read("whoami")
    b.transport.try_login(Login("alice", "alice's own"))
    b.transport.read("whoami")
    ended = b.panel.sent("session.delete")
    assert [(r.params["elid"], r.params["auth"]) for r in ended] == [("sid-2", "sid-2")]
    assert b.panel.requests[-1].params["auth"] == "sid-1"
    assert "alice" not in repr(b.notes.calls)
    assert "sid-2" not in repr(b.notes.calls)


def test_a_session_that_cannot_be_ended_is_no_wrong_password(
    make_bench: Callable[..., Bench],
) -> None:
    body = b'<doc><error type="access" object="session.delete"/></doc>'
    b = make_bench(lambda _: Reply(body))
    b.transport.try_login(Login("alice", "right"))
    assert b.notes.last.outcome == "refused"
