"""Every kind of fault, over real HTTP: what the caller sees, and what took effect."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.sandbox.flow import SIX, order
from tests.sandbox.sandbox_process import Local, error, rows, until

if TYPE_CHECKING:
    from tests.sandbox.sandbox_process import Running


def strike(sandbox: Running, kind: str, **more: object) -> None:
    rule = {"kind": kind, "func": SIX.order, "times": 1} | more
    sandbox.control("faults", {"seed": 1, "rules": [rule]})


def orders(sandbox: Running) -> int:
    return len(sandbox.ledger()["services"])


@pytest.mark.parametrize(("kind", "effect"), [("reset_before", 0), ("reset_after", 1)])
def test_a_reset_gives_no_answer(sandbox: Running, kind: str, effect: int) -> None:
    strike(sandbox, kind)
    with pytest.raises(requests.ConnectionError):
        order(sandbox)
    assert orders(sandbox) == effect
    assert sandbox.control("faults")["rules"][0]["struck"] == 1
    order(sandbox, remoteid="next", domain="next.example")
    assert orders(sandbox) == effect + 1


def test_a_reset_sends_not_one_byte(sandbox: Running) -> None:
    strike(sandbox, "reset_after", func="whoami")
    url = urlsplit(sandbox.urls["billmanager"])
    with socket.create_connection((url.hostname or "", url.port or 0), 5) as line:
        line.sendall(b"GET /billmgr?func=whoami&out=xml HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            line.recv(1)


@pytest.mark.parametrize(("kind", "effect"), [("http_500", 0), ("http_500_after", 1)])
def test_a_server_error_is_html(sandbox: Running, kind: str, effect: int) -> None:
    strike(sandbox, kind)
    answer = sandbox.post("billmanager", SIX.order, **_order())
    assert answer.status_code == 500
    assert answer.text.startswith("<html>")
    assert orders(sandbox) == effect


def _order() -> dict[str, str | int]:
    return {
        "authinfo": "admin:admin-sandbox",
        "su": "client1@mail.example",
        "pricelist": 21,
        "datacenter": 1,
        "order_period": 1,
        "domain": "site.example",
        "skipbasket": "on",
        "sok": "ok",
    }


def test_a_truncated_answer_took_effect(sandbox: Running) -> None:
    strike(sandbox, "truncated")
    answer = sandbox.post("billmanager", SIX.order, **_order())
    assert not answer.text.rstrip().endswith("</doc>")
    assert orders(sandbox) == 1


def test_a_login_page_comes_instead_of_an_answer(sandbox: Running) -> None:
    strike(sandbox, "login_page")
    answer = sandbox.post("billmanager", SIX.order, **_order())
    assert (answer.status_code, answer.text[:9]) == (200, "<!DOCTYPE")
    assert orders(sandbox) == 0


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("refused", ("value", "sandbox")),
        ("locked", ("locked", "object")),
        ("access", ("access", SIX.order)),
    ],
)
def test_a_refusal_changes_nothing(sandbox: Running, kind: str, expected: tuple[str, str]) -> None:
    strike(sandbox, kind)
    assert error(order(sandbox)) == expected
    assert orders(sandbox) == 0


def test_the_error_of_a_refusal_can_be_told(sandbox: Running) -> None:
    strike(sandbox, "refused", type="limit", object="licence", message="Too many services.")
    answer = order(sandbox)
    assert error(answer) == ("limit", "licence")
    assert answer.findtext("error/msg") == "Too many services."


@pytest.mark.parametrize("kind", ["slow_before", "slow_after"])
def test_slowness_outlasts_a_time_out_and_the_work_is_done(sandbox: Running, kind: str) -> None:
    strike(sandbox, kind, seconds=1.0)
    began = time.monotonic()
    with pytest.raises(requests.ReadTimeout):
        sandbox.session.post(
            sandbox.urls["billmanager"],
            data={"func": SIX.order, "out": "xml"} | _order(),
            timeout=0.2,
        )
    assert time.monotonic() - began < 0.9
    if kind == "slow_after":
        assert orders(sandbox) == 1
        return
    assert orders(sandbox) == 0
    until(lambda: orders(sandbox), bool)
    assert orders(sandbox) == 1


def test_a_session_can_expire_in_the_middle(sandbox: Running) -> None:
    login = sandbox.post("billmanager", "auth", username="admin", password="admin-sandbox")
    key = login.text.split('auth id="')[1].split('"')[0]
    strike(sandbox, "expire_session", func="whoami")
    answer = sandbox.post("billmanager", "whoami", auth=key)
    assert 'type="auth"' in answer.text


def test_rows_repeat_over_pages(sandbox: Running) -> None:
    strike(sandbox, "repeat_rows", func="user", times=None)
    first = [row["id"] for row in rows(sandbox.bill("user", p_cnt=5, p_num=1))]
    second = [row["id"] for row in rows(sandbox.bill("user", p_cnt=5, p_num=2))]
    assert set(first) & set(second)
    assert sandbox.bill("user", p_cnt=5, p_num=2).findtext("p_elems") == "10"


def test_a_rule_can_name_panel_parameter_and_share() -> None:
    panels = Local()
    rule: dict[str, Any] = {
        "kind": "refused",
        "panel": "isp1",
        "func": "user*",
        "when": {"elid": "x"},
    }
    panels.world.faults.set({"rules": [rule]})
    assert error(panels.bill("user")) is None
    assert error(panels.isp("user")) is None
    assert error(panels.isp("user.edit", elid="x")) == ("value", "sandbox")
    rule = {"kind": "refused", "func": "whoami", "probability": 0.3}
    drawn = []
    for _ in range(2):
        panels.world.faults.set({"seed": 7, "rules": [rule]})
        drawn.append([error(panels.bill("whoami")) is None for _ in range(200)])
    assert drawn[0] == drawn[1]
    assert 30 < drawn[0].count(False) < 90


def test_a_wrong_rule_is_refused_and_changes_nothing(sandbox: Running) -> None:
    strike(sandbox, "locked")
    for rule in ({"kind": "deluge"}, {"kind": "locked", "fucn": "x"}, {}):
        answer = sandbox.session.post(sandbox.base + "faults", json={"rules": [rule]}, timeout=5)
        assert answer.status_code == 400
    assert [rule["kind"] for rule in sandbox.control("faults")["rules"]] == ["locked"]


def test_faults_strike_in_process_as_over_a_network() -> None:
    panels = Local()
    panels.world.faults.set({"rules": [{"kind": "reset_after", "func": SIX.order, "times": 1}]})
    with pytest.raises(requests.ConnectionError):
        order(panels)
    assert len(panels.world.services) == 1
    panels.world.faults.set({"rules": [{"kind": "slow_after", "func": "whoami", "seconds": 60}]})
    began = panels.time
    with pytest.raises(requests.ReadTimeout):
        panels.bill("whoami")
    assert panels.time - began == pytest.approx(20)
