"""Accounts, domains, presets and password checks of an ispmanager."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

import pytest

from panels.coremanager.errors import Refused, UnexpectedAnswer, Unreachable
from panels.ispmanager import Account, Domain, IspManager, PasswordCheck, Preset
from tests.panels.fakepanel import Reply
from tests.panels.lists import Canned, elem

if TYPE_CHECKING:
    from collections.abc import Callable

    from panels.http.transport import Transport
    from tests.panels.fakepanel import Bench

BY = 1e12


def isp(answers: dict[str, str]) -> tuple[IspManager, Canned]:
    canned = Canned(answers)
    return IspManager(cast("Transport", canned)), canned


def test_whoami() -> None:
    who = isp({"whoami": '<user name="root" level="30"/>'})[0].whoami()
    assert (who.name, who.level) == ("root", 30)
    with pytest.raises(UnexpectedAnswer):
        isp({"whoami": "<user/>"})[0].whoami()


def test_accounts() -> None:
    rows = elem(
        name="alice",
        fullname="Élise & Co",
        owner="root",
        level=16,
        preset="Start",
        active="on",
        quota_used="12",
        quota_total="1024",
    ) + elem(name="bob", active="off", quota_used="0.6", preset="#custom")
    i, canned = isp({"user": rows})
    assert i.accounts() == [
        Account(
            "alice", "Élise & Co", "root", 16, "Start", active=True, disk_used=12, disk_limit=1024
        ),
        Account("bob", "", "", None, "#custom", active=False, disk_used=1, disk_limit=None),
    ]
    assert canned.sent[0].params["filter"] == "off"
    with pytest.raises(UnexpectedAnswer, match="active"):
        isp({"user": elem(name="x")})[0].accounts()


def test_domains() -> None:
    rows = elem(name="a.example", owner="alice", active="on")
    assert isp({"webdomain": rows})[0].domains() == [Domain("a.example", "alice", active=True)]
    with pytest.raises(UnexpectedAnswer, match="owner"):
        isp({"webdomain": elem(name="a.example", active="on")})[0].domains()


def test_presets_and_limits() -> None:
    i, _ = isp(
        {
            "preset": elem(name="Start"),
            "preset.edit": "<name>Start</name><limit_db>3</limit_db><limit_quota>9</limit_quota>",
            "user.edit": "<name>alice</name><limit_db>4</limit_db><passwd/>",
        }
    )
    assert i.presets() == [Preset("Start", {"limit_db": "3", "limit_quota": "9"})]
    assert i.limits("alice") == {"limit_db": "4"}


@pytest.mark.parametrize(
    ("form", "email"),
    [
        ("<email>a@x.example</email>", "a@x.example"),
        ("<email/>", ""),
        ("<lang>en</lang>", ""),
        ("<sysmail>b@x.example</sysmail>", "b@x.example"),
        ("<aemail>b@x.example</aemail><email>a@x.example</email>", "a@x.example"),
        ("<mail_notify>on</mail_notify>", ""),
    ],
)
def test_an_accounts_address(form: str, email: str) -> None:
    i, canned = isp({"usrparam": form})
    assert i.email("alice") == email
    assert canned.sent[0].su == "alice"


def test_administrators() -> None:
    assert isp({"admin": elem(name="root") + elem(name="ops")})[0].administrators() == {
        "root",
        "ops",
    }
    assert isp({})[0].administrators() == set()
    denied = '<error type="access" object="admin"/>'
    assert isp({"admin": denied})[0].administrators() == set()
    with pytest.raises(Refused):
        isp({"admin": '<error type="license"/>'})[0].administrators()


def test_setting_a_password() -> None:
    i, canned = isp({"user.edit": "<ok/>"})
    i.set_password("alice", "n3w", send_by=BY)
    assert canned.effects[0].params == {
        "elid": "alice",
        "passwd": "n3w",
        "confirm": "n3w",
        "sok": "ok",
    }


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (None, PasswordCheck.RIGHT),
        ("badpassword", PasswordCheck.WRONG),
        ("totp", PasswordCheck.BLOCKED),
        ("address", PasswordCheck.BLOCKED),
        ("disabled", PasswordCheck.BLOCKED),
    ],
)
def test_checking_a_password(
    make_bench: Callable[..., Bench], error: str | None, verdict: PasswordCheck
) -> None:
    b = make_bench(lambda _: Reply())
    if error is not None:
        body = f'<doc><error type="auth" object="{error}"/></doc>'.encode()
        b.panel._login = lambda: Reply(body)  # type: ignore[method-assign] # this panel's word
    check = IspManager(b.transport).password_is_right("alice", "Gu3ss&")
    assert check == verdict
    assert "Gu3ss" not in repr(b.notes.calls)
    if verdict == PasswordCheck.BLOCKED:
        assert check.reason


def test_a_password_check_needs_an_answer(make_bench: Callable[..., Bench]) -> None:
    b = make_bench(lambda _: Reply())
    b.panel.stop()
    with pytest.raises(Unreachable):
        IspManager(b.transport).password_is_right("alice", "x")


def test_a_password_reaches_the_panel_as_it_is(make_bench: Callable[..., Bench]) -> None:
    password = "a b+c&d=é%41\"'<"
    b = make_bench(lambda _: Reply())
    IspManager(b.transport).set_password("alice", password, send_by=time.monotonic() + 9)
    sent = b.panel.requests[-1].params
    assert (sent["passwd"], sent["confirm"]) == (password, password)
