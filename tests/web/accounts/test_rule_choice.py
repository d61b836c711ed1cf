"""Choosing the clients of many accounts by a rule: one kind of evidence that names one client."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from integrator.matching.matcher import MAX_REASONS
from integrator.messages.reasons import reason
from integrator.models import Account
from tests import factories
from tests.services.page_text import text_of

if TYPE_CHECKING:
    from django.test import Client as Browser

    from integrator.models import Client

PARTICULARS: dict[str, dict[str, object]] = {
    "domain": {"domain": "a.example", "service": 7},
    "full_name": {"name": "Anna"},
}
PAIR = re.compile(r'name="pair" value="(\d+:\d+)"')


@pytest.fixture
def anna(db: None) -> Client:
    return factories.client("Anna")


@pytest.fixture
def peter(db: None) -> Client:
    return factories.client("Peter")


def asking(name: str, *evidence: tuple[str, Client], **fields: Any) -> Account:
    """An account that asks for its client, with this evidence."""
    return factories.account(
        name,
        match_state="choose",
        plan=factories.plan(f"Plan of {name}"),
        match_candidates=[client.remote_id for _kind, client in evidence],
        match_reasons=[
            reason(kind, client=client.remote_id, **PARTICULARS[kind]) for kind, client in evidence
        ],
        **fields,
    )


def pairs(browser: Browser, accounts: list[Account], rule: str) -> list[str]:
    data = {"account": [one.pk for one in accounts], "rule": rule}
    return PAIR.findall(browser.post("/accounts/choose/", data).text)


def test_a_rule_proposes_what_it_names_alone(
    operator: Browser, anna: Client, peter: Client
) -> None:
    one = asking("a", ("domain", anna), ("full_name", peter))
    both = asking("b", ("domain", anna), ("domain", peter))
    accounts = [one, both, asking("c", ("full_name", peter))]
    assert pairs(operator, accounts, "domain") == [f"{one.pk}:{anna.remote_id}"]
    assert len(pairs(operator, accounts, "full_name")) == 2
    assert pairs(operator, accounts, "email") == []
    assert pairs(operator, accounts, "nonsense") == []
    assert pairs(operator, [both], "domain") == []


def test_what_needs_a_word_of_its_own_is_left_out(operator: Browser, anna: Client) -> None:
    evidence = ("domain", anna)
    about = {"account": "a", "server": "isp1", "username": "a", "module": 3}
    sold = reason("domain_is_service", service=7, domain="a.example", client=5, **about)
    accounts = [
        asking("suspended", evidence, active=False),
        asking("conflict", evidence, conflicts=[sold]),
        asking("chosen", evidence, chosen_by="somebody"),
        asking("served", evidence, service=factories.service()),
    ]
    bound = asking("bound", evidence)
    factories.binding("running", 3, account=bound)
    assert pairs(operator, [*accounts, bound], "domain") == []


def test_what_more_speaks_against_is_not_ticked(
    operator: Browser, anna: Client, peter: Client
) -> None:
    likely = asking("a", ("domain", anna), ("full_name", peter))
    data = {"account": [likely.pk], "rule": "full_name"}
    text = operator.post("/accounts/choose/", data).text
    assert "More speaks for another client (60 %)" in text
    assert not re.search(r'name="pair"[^>]* checked', text)
    text = operator.post("/accounts/choose/", {**data, "rule": "domain"}).text
    assert "Another client fits as well (50 %)" in text
    assert re.search(r'name="pair"[^>]* checked', text)


def test_evidence_that_was_cut_names_nobody_alone(operator: Browser, anna: Client) -> None:
    others = [factories.client(f"Anna {number}") for number in range(MAX_REASONS)]
    cut = asking("cut", ("domain", anna), *[("full_name", other) for other in others[1:]])
    assert len(cut.match_reasons) == MAX_REASONS
    assert pairs(operator, [cut], "domain") == []


def test_a_choice_that_somebody_has_made_meanwhile_stays(
    operator: Browser, anna: Client, peter: Client
) -> None:
    account = asking("a", ("domain", anna))
    Account.objects.filter(pk=account.pk).update(chosen_by="peter", client=peter)
    data = {"account": [account.pk], "apply": "domain", "pair": [f"{account.pk}:{anna.remote_id}"]}
    operator.post("/accounts/choose/", data)
    account.refresh_from_db()
    assert (account.client, account.chosen_by) == (peter, "peter")


def test_the_ticked_pairs_are_stored_and_no_others(
    operator: Browser, anna: Client, peter: Client
) -> None:
    accounts = [asking(name, ("domain", anna)) for name in ("a", "b", "c")]
    data = {
        "account": [one.pk for one in accounts],
        "apply": "domain",
        "pair": [
            f"{accounts[0].pk}:{anna.remote_id}",
            f"{accounts[1].pk}:{peter.remote_id}",  # nobody has proposed that
        ],
    }
    text = text_of(operator.post("/accounts/choose/", data, follow=True).text)
    assert "The client of 1 account is chosen." in text
    assert "1 was left as it is" in text
    chosen = Account.objects.exclude(chosen_by="")
    assert [(one.username, one.client, one.match_state) for one in chosen] == [("a", anna, "ready")]


def test_all_that_match_is_asked_again(operator: Browser, anna: Client) -> None:
    for name in ("zig1", "zig2", "b1"):
        asking(name, ("domain", anna))
    data = {"_all": "1", "query": "q=zig", "expected_count": "2", "rule": "domain"}
    assert len(PAIR.findall(operator.post("/accounts/choose/", data).text)) == 2
    # A filter that cannot be understood means none.
    data["query"] = "server=nonsense"
    assert PAIR.findall(operator.post("/accounts/choose/", data).text) == []


def test_it_begins_at_the_table(operator: Browser) -> None:
    assert operator.get("/accounts/choose/").headers["location"] == "/accounts/"
