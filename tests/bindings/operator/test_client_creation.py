"""Clients that do not exist: made once, looked up first, told nothing; unknown is read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.bindings.operator import client_creation
from integrator.core.clock import now
from integrator.maintenance import sweep, wake_ups
from integrator.matching import matcher, missing_clients
from integrator.models import Account, Client, Event, Intent, NewClient
from integrator.refresh import discovery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.provider import Provider, Workers

EMAIL = "new.owner@mail.example"
SAVE = {"func": "account.edit", "when": {"sok": "ok"}}


@pytest.fixture
def provider(provider: Provider) -> Provider:
    """One account's e-mail is of no client."""
    one = provider.accounts[0]
    provider.sandbox.act(
        act="set_email", server=one["server"], username=one["username"], email=EMAIL
    )
    Account.objects.filter(username=one["username"]).update(email=EMAIL, fullname="Somebody Else")
    matcher.match_all()
    return provider


@pytest.fixture
def makers(workers: Workers) -> Iterator[Workers]:
    """Workers that create clients too."""
    wake_ups.register("new_client", workers._sender(lambda row: bool(client_creation.work(row))))  # type: ignore[arg-type]
    yield workers
    wake_ups.register("new_client", lambda _row: None)


def asked_and_made(makers: Workers, *emails: str) -> list[NewClient]:
    client_creation.ask([(email, "New Owner") for email in emails or (EMAIL,)], "276", "1", "eva")

    def over() -> bool:
        sweep.sweep()
        return not NewClient.objects.filter(state="queued").exists()

    makers.until(over)
    return list(NewClient.objects.order_by("email"))


def test_who_is_missing_is_listed_and_nothing_is_created(provider: Provider) -> None:
    one = next(one for one in missing_clients.missing() if one.email == EMAIL)
    assert (one.accounts, one.asked) == (1, None)
    assert provider.sandbox.ledger()["clients_created"] == []
    assert missing_clients.form_choices("countries") == [("182", "Russia"), ("276", "Germany")]


def test_one_is_created_without_a_mail_and_the_account_is_ready(
    provider: Provider, makers: Workers
) -> None:
    (row,) = asked_and_made(makers)
    assert (row.state, row.made) == ("done", True)
    ledger = provider.sandbox.ledger()
    assert [one["notified"] for one in ledger["clients_created"]] == [False]
    assert ledger["mails"] == []
    matcher.match_all()
    account = Account.objects.get(email=EMAIL)
    assert account.client == row.client
    assert account.client is not None
    assert account.client.balance == 0
    discovery.discover(provider.panel)
    assert Client.objects.filter(remote_id=account.client.remote_id).count() == 1
    assert Event.objects.filter(subject="client", actor="eva").exists()
    # Nothing that was kept holds the password that was sent.
    assert set(Intent.objects.get(kind="create_client").before["request"]) == {
        "email", "country", "project",
    }  # fmt: skip


def test_one_that_exists_is_found_and_not_created(provider: Provider, makers: Workers) -> None:
    taken = next(one for one in provider.sandbox.world()["clients"] if one["emails"])
    (row,) = asked_and_made(makers, taken["emails"][0].upper())
    assert row.client is not None
    assert (row.state, row.made, row.client.remote_id) == ("done", False, taken["id"])
    assert provider.sandbox.ledger()["clients_created"] == []


@pytest.mark.parametrize("kind", ["reset_after", "reset_before"])
def test_an_unknown_outcome_is_looked_up_and_made_once(
    provider: Provider, makers: Workers, kind: str
) -> None:
    provider.sandbox.faults({**SAVE, "kind": kind, "times": 1})
    (row,) = asked_and_made(makers)
    assert (row.state, row.made) == ("done", True)
    assert len(provider.sandbox.ledger()["clients_created"]) == 1


def test_a_refusal_is_shown_and_can_be_tried_again(provider: Provider, makers: Workers) -> None:
    provider.sandbox.faults({**SAVE, "kind": "refused", "message": "No such luck."})
    (row,) = asked_and_made(makers)
    assert row.state == "failed"
    assert "No such luck" in str(row.cause)
    provider.sandbox.faults()
    (row,) = asked_and_made(makers)
    assert row.state == "done"


def test_two_workers_at_once_make_one(provider: Provider, makers: Workers) -> None:
    (number,) = client_creation.ask([(EMAIL, "New Owner")], "276", "1", "eva")
    for _ in range(6):
        wake_ups.wake("new_client", number)
        NewClient.objects.filter(pk=number, state="queued").update(due_at=now())
    makers.until(lambda: NewClient.objects.get().state == "done" or sweep.sweep() is None)
    assert len(provider.sandbox.ledger()["clients_created"]) == 1


def test_without_a_country_nothing_is_sent(provider: Provider, makers: Workers) -> None:
    client_creation.ask([(EMAIL, "New Owner")], "", "1", "eva")
    makers.until(lambda: NewClient.objects.get().state == "failed")
    assert "country" in str(NewClient.objects.get().cause)
    assert provider.sandbox.ledger()["clients_created"] == []
