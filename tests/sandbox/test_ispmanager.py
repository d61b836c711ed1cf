"""The ispmanager: accounts, domains, presets, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.sandbox_process import error, rows

if TYPE_CHECKING:
    from tests.sandbox.sandbox_process import Local


def test_accounts_have_what_the_facts_say_and_nothing_secret(local: Local) -> None:
    answer = local.isp("user", p_cnt=5)
    (row, *_) = rows(answer)
    assert set(row) == {
        "name",
        "fullname",
        "owner",
        "level",
        "preset",
        "active",
        "quota_total",
        "quota_used",
    }
    assert row["level"] == "16"
    assert answer.findtext("p_elems") == "12"


def test_domains_name_their_owner(local: Local) -> None:
    name = local.world.hosting.all()[0].name
    (row,) = rows(local.isp("webdomain", filter="on", owner=name))
    assert row["owner"] == name
    assert rows(local.isp("webdomain", su=name)) == [row]


def test_the_email_is_a_setting_read_as_the_account(local: Local) -> None:
    user = local.world.hosting.all()[0]
    assert local.isp("usrparam", su=user.name).findtext("email") == user.email


@pytest.mark.parametrize(
    ("func", "expected"),
    [
        ("user.edit", ("value", "elid")),
        ("user.delete", ("value", "elid")),
        ("user.suspend", ("missed", "users")),
        ("user.resume", ("missed", "users")),
        ("preset.edit", ("missed", "preset")),
        ("reseller", ("access", "reseller")),
        ("ipaddr", ("access", "ipaddr")),
        ("nothing", ("missed", "nothing")),
    ],
)
def test_refusals(local: Local, func: str, expected: tuple[str, str]) -> None:
    assert error(local.isp(func, elid="nobody")) == expected


def test_a_password_is_changed_by_staff_and_told_in_the_ledger(local: Local) -> None:
    user = local.world.hosting.all()[0]
    sent = {"elid": user.name, "passwd": "new-one", "confirm": "new-one", "sok": "ok"}
    assert error(local.isp("user.edit", **sent)) is None
    assert local.world.hosting[user.key].password == "new-one"
    ledger = local.ledger()
    assert [change["by"] for change in ledger["password_changes"]] == ["user.edit by root"]
    assert ledger["violations"] == []
    assert error(local.isp("user.edit", **(sent | {"confirm": "x"}))) == ("value", "confirm")


def test_an_empty_password_changes_nothing(local: Local) -> None:
    user = local.world.hosting.all()[0]
    local.isp("user.edit", elid=user.name, fullname="New Name", passwd="", sok="ok")
    changed = local.world.hosting[user.key]
    assert (changed.fullname, changed.password) == ("New Name", user.password)


def test_accounts_are_made_once(local: Local) -> None:
    sent = {"name": "newbie", "passwd": "p", "confirm": "p", "preset": "Start", "sok": "ok"}
    assert error(local.isp("user.add.finish", **sent)) is None
    assert error(local.isp("user.edit", **sent)) == ("exists", "user")
    assert error(local.isp("user.add.finish", **(sent | {"name": "x", "preset": "?"}))) == (
        "missed",
        "preset",
    )
    assert error(local.isp("user.add.finish", **(sent | {"name": "x" * 33}))) == ("value", "name")


def test_suspending_several_at_once(local: Local) -> None:
    names = [user.name for user in local.world.hosting.all()[:2]]
    local.isp("user.suspend", elid=", ".join(names))
    states = {row["name"]: row["active"] for row in rows(local.isp("user"))}
    assert [states[name] for name in names] == ["off", "off"]


def test_presets_have_limits(local: Local) -> None:
    assert [row["name"] for row in rows(local.isp("preset"))] == ["Start", "Business", "Pro"]
    assert local.isp("preset.edit", elid="Business").findtext("limit_webdomains") == "2"


def test_an_account_sees_itself_alone(local: Local) -> None:
    name = local.world.hosting.all()[0].name
    user = local.isp("whoami", su=name).find("user")
    assert user is not None
    assert (user.get("name"), user.get("level")) == (name, "16")
    assert error(local.isp("user", su=name)) == ("access", "user")


def test_an_empty_list_has_no_rows(local: Local) -> None:
    answer = local.isp("user", filter="on", name="nobody-at-all")
    assert answer.find("elem") is None
    assert answer.findtext("p_elems") == "0"
