"""Letting callers in: passwords, sessions, su, rights."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from tests.sandbox.flow import CLIENT
from tests.sandbox.sandbox_process import Local, error, rows


def log_in(panels: Local, login: str = "admin", password: str = "admin-sandbox") -> str:
    answer = panels.post("billmanager", "auth", username=login, password=password)
    node = etree.fromstring(answer.content).find("auth")
    assert node is not None
    assert node.text == node.get("id")
    assert node.get("level") == "29"
    return node.text or ""


def whoami(panels: Local, **params: str) -> etree._Element:
    return etree.fromstring(panels.post("billmanager", "whoami", **params).content)


def test_a_session_lives_an_hour_after_its_last_use(local: Local) -> None:
    key = log_in(local)
    for _ in range(3):
        local.time += 3000
        assert whoami(local, auth=key).find("user") is not None
    local.time += 3601
    assert error(whoami(local, auth=key)) == ("auth", "session")


def test_a_session_is_bound_to_its_address(local: Local) -> None:
    key = log_in(local)
    local.adapter._address = "127.0.0.9"
    assert error(whoami(local, auth=key)) == ("auth", "session")
    local.adapter._address = "127.0.0.1"
    assert whoami(local, auth=key).find("user") is not None


def test_a_session_of_one_panel_is_none_of_another(local: Local) -> None:
    key = log_in(local)
    answer = etree.fromstring(local.post("isp1", "whoami", auth=key).content)
    assert error(answer) == ("auth", "session")


def test_a_dead_session_can_be_answered_with_the_login_page(local: Local) -> None:
    local.world.dials.turn({"dead_session_html": True})
    answer = local.post("billmanager", "whoami", auth="gone")
    assert (answer.status_code, answer.text[:9]) == (200, "<!DOCTYPE")


def test_a_session_can_be_ended(local: Local) -> None:
    key = log_in(local)
    local.post("billmanager", "session.delete", auth=key, elid=key)
    assert error(whoami(local, auth=key)) == ("auth", "session")


def test_a_wrong_password_is_refused_with_the_address(local: Local) -> None:
    answer = local.post("billmanager", "auth", username="admin", password="no")
    root = etree.fromstring(answer.content)
    assert answer.status_code == 200
    assert error(root) == ("auth", "badpassword")
    assert root.findtext("error/param[@name='value']") == "remote_addr: [127.0.0.1]"


def test_wrong_passwords_lock_an_address_for_a_while(local: Local) -> None:
    local.world.dials.turn({"lock_after": 3, "lock_seconds": 60})
    for _ in range(3):
        assert error(whoami(local, authinfo="admin:no")) == ("auth", "badpassword")
    assert error(whoami(local, authinfo="admin:admin-sandbox")) == ("auth", "ban")
    local.time += 61
    assert error(whoami(local, authinfo="admin:admin-sandbox")) is None


@pytest.mark.parametrize(("dial", "about"), [("two_factor", "totp"), ("address_bound", "address")])
def test_a_login_can_be_kept_out(local: Local, dial: str, about: str) -> None:
    local.world.dials.turn({dial: ["billmanager/admin"]})
    assert error(whoami(local, authinfo="admin:admin-sandbox")) == ("auth", about)


@pytest.mark.parametrize("su", [CLIENT, CLIENT.upper(), "7001"])
def test_su_takes_name_email_or_id(local: Local, su: str) -> None:
    user = local.bill("whoami", su=su).find("user")
    assert user is not None
    assert (user.get("id"), user.get("level"), user.get("account")) == ("7001", "16", "3001")
    assert (user.get("balance"), user.get("currency")) == ("10000.00", "EUR")
    path = [
        (node.get("name"), node.get("level"))
        for node in local.bill("whoami", su=su).iterfind("path")
    ]
    assert path == [("admin", "29"), (CLIENT, "16")]


def test_an_unknown_su_is_a_wrong_value(local: Local) -> None:
    assert error(local.bill("whoami", su="nobody")) == ("value", "su")


def test_what_only_clients_have_tells_staff_to_try_su(local: Local) -> None:
    answer = local.bill("v2.vhost.order.param", pricelist=21, datacenter=1, order_period=1)
    assert error(answer) == ("access", "v2.vhost.order.param")
    assert "try su" in answer.findtext("error/msg", "")


def test_a_client_may_not_use_the_functions_of_staff(local: Local) -> None:
    assert error(local.bill("pricelist", su=CLIENT)) == ("access", "pricelist")
    assert error(local.bill("payment.setpaid", su=CLIENT, elid=1)) == ("access", "payment.setpaid")


def test_the_task_login_has_the_rights_of_tasks_alone(local: Local) -> None:
    assert error(local.bill("task", by="tasks")) is None
    assert error(local.bill("pricelist", by="tasks")) == ("access", "pricelist")


def test_a_right_can_be_taken_away(local: Local) -> None:
    local.world.dials.turn({"denied": {"admin": ["account"]}})
    assert error(local.bill("account")) == ("access", "account")


def test_an_unknown_function_is_missed_with_its_name(local: Local) -> None:
    assert error(local.bill("vhost.order.param", su=CLIENT)) == ("missed", "vhost.order.param")


def test_functions_of_modules_need_more_than_staff(local: Local) -> None:
    assert error(local.bill("processing.import.service")) == ("access", "processing.import.service")


def test_the_request_is_echoed_with_its_password(local: Local) -> None:
    answer = local.bill("whoami")
    assert answer.findtext("tparams/authinfo") == "admin:admin-sandbox"


def test_error_shape(local: Local) -> None:
    answer = local.bill("pricelist.edit", elid=999)
    node = answer.find("error")
    assert node is not None
    assert (node.get("type"), node.get("object"), node.get("lang")) == ("value", "elid", "en")
    assert node.findtext("param[@name='value']") == "999"
    assert "__object__" in node.findtext("group", "")
    assert "elid" in node.findtext("msg", "")
    assert node.find("stack/action") is not None


def test_hosting_accounts_may_log_in_to_their_server(local: Local) -> None:
    user = local.world.hosting.all()[0]
    answer = local.post("isp1", "auth", username=user.name, password=user.password)
    node = etree.fromstring(answer.content).find("auth")
    assert node is not None
    assert node.get("level") == "16"
    wrong = local.post("isp1", "auth", username=user.name, password="no")
    assert error(etree.fromstring(wrong.content)) == ("auth", "badpassword")


@pytest.mark.parametrize(
    ("change", "about"),
    [
        ({"active": False}, "disabled"),
        ({"two_factor": True}, "totp"),
        ({"addresses": ("::1",)}, "address"),
    ],
)
def test_a_hosting_account_can_be_kept_out(
    local: Local, change: dict[str, Any], about: str
) -> None:
    user = local.world.hosting.all()[0]
    local.world.hosting.put(user._replace(**change))
    answer = local.post("isp1", "auth", username=user.name, password=user.password)
    assert error(etree.fromstring(answer.content)) == ("auth", about)


def test_a_key_opens_a_session_once(local: Local) -> None:
    user = local.world.hosting.all()[0]
    assert error(local.isp("session.newkey", username=user.name, key="short")) == ("value", "key")
    key = "k" * 16
    assert error(local.isp("session.newkey", username=user.name, key=key)) is None
    first = etree.fromstring(local.post("isp1", "auth", username=user.name, key=key).content)
    assert first.find("auth") is not None
    second = etree.fromstring(local.post("isp1", "auth", username=user.name, key=key).content)
    assert error(second) == ("auth", "badpassword")


def test_labels_are_russian_in_the_older_dialect_unless_english_is_asked_for() -> None:
    panels = Local("billmanager5")
    russian = panels.post("billmanager", "processing", authinfo="admin:admin-sandbox", lang="")
    assert rows(etree.fromstring(russian.content))[0]["status"] == "Включён"
    assert rows(panels.bill("processing"))[0]["status"] == "Enabled"
