"""Which client an account is proposed, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrator.core.clock import now
from integrator.matching import client_choices, matcher, plan_map
from integrator.models import Account, Client, ClientUser
from tests.matching.matched_rows import keys, matched
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster


def test_an_email_and_an_equal_preset_are_ready(hoster: Hoster) -> None:
    account = matched(mirrors.account(hoster.server, email="client3001@mail.example"))
    assert account.match_state == "ready"
    assert (account.client, account.plan) == (hoster.client, hoster.plan)
    assert keys(account) == ["email"]


def test_a_past_service_with_this_login_and_domain_proves_the_client(hoster: Hoster) -> None:
    mirrors.service(900, client_id_remote=3001, username="alice", module_id_remote=21, status=4,
                    domain="www.Alice.example")  # fmt: skip
    account = matched(mirrors.account(hoster.server))
    assert (account.match_state, account.client) == ("ready", hoster.client)
    assert keys(account) == ["past_service", "domain"]


def test_a_login_or_a_domain_may_have_changed_hands(hoster: Hoster) -> None:
    mirrors.service(900, client_id_remote=3001, username="alice", module_id_remote=21, status=4)
    mirrors.service(901, client_id_remote=3001, domain="bob.example", status=4)
    mirrors.service(902, client_id_remote=3001, username="eve", module_id_remote=99, status=4)
    alice, bob, eve = (mirrors.account(hoster.server, name) for name in ("alice", "bob", "eve"))
    assert keys(matched(alice)) == ["weak_client", "past_service"]
    assert keys(matched(bob)) == ["weak_client", "domain"]
    assert matched(eve).match_state == "blocked"
    assert alice.match_candidates == [3001]


def test_two_weaker_facts_of_different_kinds_are_enough_when_nothing_speaks_against_them(
    hoster: Hoster,
) -> None:
    Client.objects.filter(pk=hoster.client.pk).update(name="Łapińska, Ewa")
    mirrors.service(900, client_id_remote=3001, domain="bücher.example", status=4)
    values: dict[str, Any] = {"fullname": "ewa  łapińska", "domains": ["xn--bcher-kva.example"]}
    assert matched(mirrors.account(hoster.server, **values)).match_state == "ready"
    assert matched(mirrors.account(hoster.server, "b", fullname="Ewa Łapińska")).match_state == (
        "choose"
    )


def test_a_namesake_speaks_against_nobody(hoster: Hoster) -> None:
    mirrors.client(3002, name="Anna Smirnova")
    account = matched(
        mirrors.account(hoster.server, email="client3001@mail.example", fullname="Anna Smirnova")
    )
    assert (account.match_state, account.client) == ("ready", hoster.client)
    assert account.match_candidates == [3001, 3002]


def test_names_of_nobody_take_nothing_from_an_email(hoster: Hoster) -> None:
    values = {"email": "client3001@mail.example"}
    accounts = [
        mirrors.account(hoster.server, name, fullname=name, **values)
        for name in ("Studio North", "Anna Smirnova", "")
    ]
    assert [matched(one).match_state for one in accounts] == ["ready"] * 3


@pytest.mark.parametrize(
    ("email", "fullname", "state"),
    [
        ("", "Ewa Łapińska", "ready"),
        ("", "", "choose"),
        ("client3001@mail.example", "", "choose"),
    ],
)
def test_a_client_who_is_reached_at_the_accounts_domain_is_evidence(
    hoster: Hoster, email: str, fullname: str, state: str
) -> None:
    mirrors.client(3002, "office@BÜCHER.example", name="Ewa Łapińska")
    account = mirrors.account(
        hoster.server, email=email, fullname=fullname, domains=["xn--bcher-kva.example"]
    )
    assert matched(account).match_state == state
    assert "mail_domain" in keys(account)
    assert account.client_id == (
        Client.objects.get(remote_id=3002).pk if state == "ready" else None
    )


@pytest.mark.parametrize(("domain", "clients"), [("gmail.com", 1), ("provider.example", 4)])
def test_a_domain_that_gives_emails_to_anybody_is_none(
    hoster: Hoster, domain: str, clients: int
) -> None:
    for number in range(clients):
        mirrors.client(3002 + number, f"user{number}@{domain}")
    account = matched(mirrors.account(hoster.server, domains=[domain]))
    assert (account.match_state, keys(account)) == ("blocked", ["no_client"])


def test_an_email_on_accounts_of_different_clients_proves_nothing_alone(hoster: Hoster) -> None:
    """A web studio puts its own address on its customers' accounts."""
    mirrors.client(3002, name="Anna Smirnova")
    values = {"email": "client3001@mail.example"}
    own = mirrors.account(hoster.server, "own", fullname="Studio North", **values)
    first = mirrors.account(hoster.server, "first", fullname="Anna Smirnova", **values)
    bare = mirrors.account(hoster.server, "bare", **values)
    assert [matched(one).match_state for one in (own, first, bare)] == ["choose"] * 3
    assert keys(bare) == ["weak_client", "email_shared"]
    Client.objects.filter(pk=hoster.client.pk).update(name="Studio North")
    assert [matched(one).match_state for one in (own, first, bare)] == ["ready", "choose", "choose"]


def test_what_looks_alike_is_not_the_same(hoster: Hoster) -> None:
    ClientUser.objects.filter(client=hoster.client).update(
        email="anna@straße.example", name="anna1", realname="Anna Смирнова"
    )
    for number, (email, login, name) in enumerate([
        ("anna@strasse.example", "anna", "Anna"),
        ("аnna@straße.example", "anna11", "Anna Cмирнова"),
        ("anna@straße.example.evil.example", "Anna1", "Anna Smirnova"),
        ("ａnna@straße.example", "anna1 ", "Anna Смирнова 2"),
    ]):  # fmt: skip
        account = mirrors.account(hoster.server, login, email=email, fullname=name,
                                  domains=[f"d{number}.example"])  # fmt: skip
        assert matched(account).match_state == "blocked", email
    same = mirrors.account(hoster.server, "other", email="ANNA@xn--strae-oqa.example")
    assert matched(same).match_state == "ready"


def test_a_suspended_account_needs_a_word(hoster: Hoster) -> None:
    account = matched(mirrors.account(hoster.server, email="client3001@mail.example", active=False))
    assert (account.match_state, account.client) == ("choose", None)
    assert account.match_candidates == [3001]
    client_choices.choose(account, client=hoster.client, plan=None, person="eva")
    assert matched(account).match_state == "ready"
    client_choices.forget(account)
    assert matched(account).match_state == "choose"


def test_a_choice_from_before_the_suspension_is_asked_again(hoster: Hoster) -> None:
    account = matched(mirrors.account(hoster.server))
    client_choices.choose(account, client=hoster.client, plan=None, person="eva")
    account.active = False
    account.save()
    account = matched(account)
    assert (account.match_state, keys(account)) == ("choose", ["suspended_word", "chosen"])


def test_a_client_chosen_before_the_plan_was_mapped_gets_it(hoster: Hoster) -> None:
    account = matched(mirrors.account(hoster.server, preset="Old"))
    client_choices.choose(account, client=hoster.client, plan=None, person="eva")
    assert matched(account).match_state == "choose"
    plan_map.set_many(["Old=Start"])
    assert matched(account).match_state == "ready"


def test_proof_of_two_clients_is_a_question_and_both_sides_are_named(hoster: Hoster) -> None:
    mirrors.client(3002)
    mirrors.service(900, client_id_remote=3002, domain="alice.example", status=4)
    account = matched(mirrors.account(hoster.server, email="client3001@mail.example"))
    assert (account.match_state, account.client) == ("choose", None)
    assert account.match_candidates == [3001, 3002]
    assert keys(account) == ["contradiction", "email", "domain"]


def test_an_equal_name_alone_must_be_confirmed(hoster: Hoster) -> None:
    ClientUser.objects.filter(client=hoster.client).update(name="alice")
    account = matched(mirrors.account(hoster.server))
    assert (account.match_state, account.client) == ("choose", None)
    assert account.match_candidates == [3001]


def test_several_clients_are_a_choice(hoster: Hoster) -> None:
    mirrors.client(3002, "shared@mail.example")
    ClientUser.objects.filter(client=hoster.client).update(email="shared@mail.example")
    account = matched(mirrors.account(hoster.server, email="shared@mail.example"))
    assert account.match_state == "choose"
    assert account.match_candidates == [3001, 3002]
    assert keys(account)[0] == "several_clients"


def test_nobody_fits(hoster: Hoster) -> None:
    account = matched(mirrors.account(hoster.server))
    assert (account.match_state, account.client) == ("blocked", None)
    assert account.plan == hoster.plan


def test_a_client_that_is_gone_fits_nobody(hoster: Hoster) -> None:
    Client.objects.update(gone_at=now())
    account = matched(mirrors.account(hoster.server, email="client3001@mail.example"))
    assert account.match_state == "blocked"


def test_a_persons_choice_outlives_matching(hoster: Hoster) -> None:
    other = mirrors.client(3002)
    account = matched(mirrors.account(hoster.server, email="client3001@mail.example"))
    client_choices.choose(account, client=other, plan=None, person="eva")
    account = matched(account)
    assert (account.client, account.plan, account.match_state) == (other, hoster.plan, "ready")
    assert keys(account) == ["chosen"]
    Client.objects.filter(pk=other.pk).update(gone_at=now())
    assert matched(account).match_state == "choose"


@pytest.mark.slow
def test_ten_thousand_accounts_are_matched(hoster: Hoster) -> None:
    clients = Client.objects.bulk_create(
        [Client(remote_id=10_000 + n, name=f"C{n}", seen_at=now()) for n in range(5_000)]
    )
    ClientUser.objects.bulk_create(
        [
            ClientUser(remote_id=50_000 + n, client=one, email=f"u{n}@x.example", seen_at=now())
            for n, one in enumerate(clients)
        ]
    )
    Account.objects.bulk_create(
        [
            Account(
                panel=hoster.server,
                username=f"a{n}",
                preset="Start",
                seen_at=now(),
                email=f"u{n % 5_000}@x.example",
                domains=[f"a{n}.example"],
            )
            for n in range(10_000)
        ]
    )
    assert matcher.match_all()["ready"] == 10_000  # how long it takes is told by `make matching`
