"""Which accounts are services already, by whatever BILLmanager and the servers have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.core.errors import CsvRefused
from integrator.inventory import service_recognition
from integrator.matching import client_choices, matcher
from integrator.messages.message import of_json
from integrator.models import Account, Drift
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.refresh import discovery
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster

EMAIL = "client3001@mail.example"
ON = Choices(autoprolong=True)


def looked_at(account: Account) -> Account:
    discovery.compare()
    matcher.match_all()
    account.refresh_from_db()
    return account


def keys(account: Account) -> list[str]:
    return [one["key"] for one in account.conflicts]


def test_accounts_that_are_services_already_are_recognised(hoster: Hoster) -> None:
    other = mirrors.server("isp2", module_id=22)
    here, there = mirrors.account(hoster.server), mirrors.account(other)
    mirrors.service(900, username="alice", module_id_remote=21, status=4)
    found = mirrors.service(902, username="alice", module_id_remote=21)
    assert service_recognition.recognise() == 1
    here.refresh_from_db()
    there.refresh_from_db()
    assert (here.service, there.service) == (found, None)
    assert service_recognition.recognise() == 0
    found.username = "bob"
    found.save()
    assert service_recognition.recognise() == 1


def test_two_services_of_one_account_are_a_conflict(hoster: Hoster) -> None:
    account = mirrors.account(hoster.server)
    mirrors.service(901, username="alice", module_id_remote=21, status=3, client_id_remote=3001)
    active = mirrors.service(902, username="alice", module_id_remote=21, client_id_remote=3009)
    account = looked_at(account)
    assert (account.service, keys(account)) == (active, ["two_services"])
    assert account.in_conflict
    assert account.conflicts[0]["params"] == {
        "service": 901, "client": 3001, "other": 902, "other_client": 3009,
    }  # fmt: skip


@pytest.mark.parametrize(
    "how",
    [
        {"username": "al1ce", "module_id_remote": 21},
        {"username": "alice", "module_id_remote": 99},
        {"username": "", "module_id_remote": None, "status": 1},
        {"username": "alice", "module_id_remote": 30, "status": 3},
    ],
    ids=["another login", "another server", "just ordered", "manual module"],
)
def test_a_domain_that_is_sold_already_is_never_offered(
    hoster: Hoster, how: dict[str, object]
) -> None:
    mirrors.module(30, kind="manual", name="By hand")
    mirrors.service(900, domain="www.alice.example", client_id_remote=3001, **how)
    account = looked_at(mirrors.account(hoster.server, email=EMAIL))
    assert keys(account) == ["domain_is_service"]
    assert (account.match_state, account.client) == ("blocked", None)
    text = str(of_json(account.conflicts[0]))
    assert "service 900 of client 3001" in text
    assert "account “alice” on isp1" in text


def test_a_service_that_is_another_account_is_asked_about(hoster: Hoster) -> None:
    """The site has moved to a second account, and billing still points at the first one."""
    mirrors.account(hoster.server, "old", domains=[])
    mirrors.service(900, username="old", module_id_remote=21, domain="alice.example",
                    client_id_remote=3001)  # fmt: skip
    account = looked_at(mirrors.account(hoster.server, email=EMAIL))
    assert (account.match_state, keys(account)) == ("choose", ["domain_elsewhere"])
    assert account.match_candidates == [3001]


def test_a_word_decides_a_conflict_until_another_one_comes_up(hoster: Hoster) -> None:
    mirrors.service(900, domain="alice.example", client_id_remote=3001, username="x")
    account = looked_at(mirrors.account(hoster.server, email=EMAIL))
    client_choices.choose(account, client=hoster.client, plan=None, person="eva")
    assert looked_at(account).match_state == "ready"
    mirrors.service(901, domain="alice.example", client_id_remote=3001, username="y")
    account = looked_at(account)
    assert account.match_state == "blocked"
    assert account.match_reasons[0]["params"]["service"] == 901


def test_no_preview_takes_what_is_sold_already(hoster: Hoster) -> None:
    mirrors.service(900, domain="alice.example", client_id_remote=3001, username="x")
    account = looked_at(mirrors.account(hoster.server, email=EMAIL))
    csv = hoster.csv("isp1,alice,alice.example,3001,Start")
    (row,) = preview.make(ON, Account.objects.all(), "eva").rows.all()
    assert (row.state, row.reasons[0]["key"]) == ("blocked", "domain_is_service")
    with pytest.raises(CsvRefused) as refused:
        preview.make_from_csv(ON, csv, "eva")
    assert "service 900" in refused.value.lines[0]
    client_choices.choose(account, client=hoster.client, plan=None, person="eva")
    assert preview.make(ON, Account.objects.all(), "eva").rows.get().state == "ready"
    assert preview.make_from_csv(ON, csv, "eva").rows.get().state == "ready"


def test_a_suspended_account_is_no_row_that_is_ready_without_a_word(hoster: Hoster) -> None:
    account = looked_at(mirrors.account(hoster.server, email=EMAIL, active=False))
    row = preview.make(ON, Account.objects.all(), "eva").rows.get()
    assert (row.state, row.reasons[0]["key"]) == ("choose", "suspended_word")
    client_choices.choose(account, client=hoster.client, plan=None, person="eva")
    assert preview.make(ON, Account.objects.all(), "eva").rows.get().state == "ready"


def test_whoever_names_the_client_in_a_file_has_said_the_word(hoster: Hoster) -> None:
    mirrors.account(hoster.server, active=False)
    csv = hoster.csv("isp1,alice,alice.example,3001,Start")
    assert preview.make_from_csv(ON, csv, "eva").rows.get().state == "ready"


def test_two_logins_that_differ_in_capitals_alone_are_told_apart(hoster: Hoster) -> None:
    small, large = mirrors.account(hoster.server, "bob"), mirrors.account(hoster.server, "Bob")
    first = mirrors.service(900, username="bob", module_id_remote=21, domain="x.example")
    assert (looked_at(small).service, looked_at(large).service) == (first, None)
    second = mirrors.service(901, username="Bob", module_id_remote=21, domain="y.example")
    assert (looked_at(small).service, looked_at(large).service) == (first, second)
    assert keys(small) == keys(large) == []


def test_a_login_in_capitals_does_not_make_drift(hoster: Hoster) -> None:
    account = mirrors.account(hoster.server, email=EMAIL)
    service = mirrors.service(900, username="ALICE\u200b", module_id_remote=21,
                              client_id_remote=3001, plan_id_remote=5,
                              domain="ALICE.example")  # fmt: skip
    assert looked_at(account).service == service
    assert not Drift.objects.exists()
