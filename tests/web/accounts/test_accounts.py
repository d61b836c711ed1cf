"""The table of accounts: filters, pages, live cells and the choice of many."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from integrator.core import clock
from integrator.models import Account, Binding, ClientUser
from integrator.web.accounts import accounts, search
from tests import factories
from tests.services.page_text import text_of
from tests.statements import Statements

if TYPE_CHECKING:
    from django.test import Client

SHOWN = re.compile(r'id="row-(\d+)"')


def shown(browser: Client, query: str = "") -> list[int]:
    """The accounts that a page lists, in its order."""
    return [int(number) for number in SHOWN.findall(browser.get(f"/accounts/{query}").text)]


def test_states(operator: Client) -> None:
    unbound = factories.account("a-unbound")
    found = {
        "moving": factories.binding("running", 6, account=factories.account("b-moving")),
        "attention": factories.failed(account=factories.account("c-failed")),
        "bound": factories.done(account=factories.account("d-done")),
    }
    given_up = factories.binding("cancelled", account=factories.account("e-given-up"))
    reserved = factories.binding(
        "cancelled", 7, reserved=True, account=factories.account("f-reserved")
    )
    served = factories.account("g-service", service=factories.service())
    factories.account("h-gone", gone_at=unbound.seen_at)
    factories.account("i-root", system=True)
    expected = {
        "unbound": [unbound.pk, given_up.account_id],
        "moving": [found["moving"].account_id],
        "attention": [found["attention"].account_id],
        "bound": [found["bound"].account_id, served.pk],
        "cancelled": [given_up.account_id, reserved.account_id],
    }
    for state, wanted in expected.items():
        assert shown(operator, f"?state={state}") == wanted, state
    assert len(shown(operator)) == 7


@pytest.mark.parametrize("text", ["ann", "ANNA", "anna-shop", "пётр", "Пётр", "пётр@mail"])
def test_search_finds_login_domain_mail_and_client(operator: Client, text: str) -> None:
    factories.account("other")
    payer = factories.client("Пётр Анненков" if text.lower() == "пётр" else "Nobody")
    wanted = factories.account("anna", domain="anna-shop.example", email="пётр@mail.example",
                               client=payer)  # fmt: skip
    assert shown(operator, f"?q={text}") == [wanted.pk]


def test_search_finds_the_accounts_of_more_clients_than_are_looked_up_first(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MAX_CLIENTS_BY_ID", 1)
    payers = [factories.client(f"Studio {n}") for n in range(3)]
    wanted = [factories.account(f"u{n}", client=payer).pk for n, payer in enumerate(payers)]
    factories.account("u9", client=factories.client("Nobody"))
    assert shown(operator, "?q=studio") == wanted


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads what SQLite says of its plan")
@pytest.mark.parametrize("query", ["?", "?page=2", "?state=bound", "?server={}", "?match=ready"])
def test_pages_are_found_and_counted_without_reading_every_row(
    operator: Client, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """At a hundred thousand accounts that would be two thirds of the answer's time."""
    monkeypatch.setattr(accounts, "PER_PAGE", 1)
    panel = factories.panel("isp")
    for n in range(3):
        factories.account(f"a{n}", panel=panel)
        factories.account(f"b{n}", panel=panel, service=factories.service())
    with Statements() as captured:
        assert len(shown(operator, query.format(panel.pk))) == 1
    asked = [
        one["sql"]
        for one in captured.captured_queries
        if 'COUNT(*) AS "__count" FROM "integrator_account"' in one["sql"]
        or one["sql"].startswith('SELECT "integrator_account"."id" AS "pk" FROM')
    ]
    assert len(asked) == 2
    for sql in asked:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = [row[-1] for row in cursor.fetchall()]
        assert "integrator_account USING COVERING INDEX acc_by_" in plan[0], (sql, plan)


def test_filters_by_server_plan_and_match(operator: Client) -> None:
    sold = factories.plan("Gold")
    one = factories.account("one", plan=sold, panel=factories.panel("alpha"))
    two = factories.account("two", state="choose", panel=factories.panel("beta"))
    assert shown(operator, f"?server={one.panel_id}") == [one.pk]
    assert shown(operator, f"?plan={sold.pk}") == [one.pk]
    assert shown(operator, "?match=choose") == [two.pk]


def test_what_was_bound_by_hand_shows_the_client_of_its_service(operator: Client) -> None:
    owner = factories.client("Boris the Owner")
    factories.account("byhand", service=factories.service(client_id_remote=owner.remote_id))
    assert "Boris the Owner" in operator.get("/accounts/").content.decode()


def test_pages(operator: Client) -> None:
    made = [account.pk for account in factories.many_accounts(250)]
    assert shown(operator) == made[:100]
    assert shown(operator, "?page=3") == made[200:]
    assert shown(operator, "?page=99") == made[200:]
    assert shown(operator, "?page=x") == made[:100]
    assert "101–200 of 250" in operator.get("/accounts/?page=2").text
    assert "201–250 of 250" in operator.get("/accounts/?page=3").text


def test_the_table_alone_moves_the_address_bar(operator: Client) -> None:
    factories.account()
    response = operator.get("/accounts/rows/?q=u", headers={"HX-Request": "true"})
    assert response["HX-Push-Url"] == "/accounts/?q=u"
    assert "<html" not in response.text
    assert 'id="row-' in response.text


def test_queries_do_not_grow_with_the_rows(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "RESYNC_SECONDS", 3600.0)  # or one page asks for the time as well
    run = factories.run()

    def add(number: int) -> None:
        account = factories.account(f"u{number}", client=factories.client())
        factories.failed(run=run, account=account)

    for number in range(3):
        add(number)
    operator.get("/accounts/")
    with Statements() as few:
        operator.get("/accounts/")
    for number in range(3, 30):
        add(number)
    with Statements() as many:
        operator.get("/accounts/")
    assert len(many) == len(few)


def digest(text: str) -> str:
    found = re.search(r'id="digest" value="(\w+)"', text)
    assert found
    return found[1]


def test_a_poll_says_nothing_when_nothing_is_new(operator: Client) -> None:
    binding = factories.binding("running", 3)
    page = operator.get("/accounts/").text
    query = f"?ids={binding.account_id}&digest={digest(page)}&pace=2"
    assert operator.get(f"/accounts/live/{query}").status_code == 204
    Binding.objects.filter(pk=binding.pk).update(state="failed", cause="order_refused", version=2)
    response = operator.get(f"/accounts/live/{query}")
    assert response.status_code == 200
    cell = rf'<template>\s*<td id="state-{binding.account_id}" hx-swap-oob="true">'
    assert re.search(cell, response.text)
    assert "checkbox" not in response.text
    assert digest(response.text) != digest(page)
    again = f"?ids={binding.account_id}&digest={digest(response.text)}&pace=15"
    assert operator.get(f"/accounts/live/{again}").status_code == 204


def test_a_poll_slows_down_when_nothing_moves(operator: Client) -> None:
    binding = factories.binding("running", 3)
    assert "every 2s" in operator.get("/accounts/").text
    Binding.objects.filter(pk=binding.pk).update(state="done", step=8, version=9)
    response = operator.get(f"/accounts/live/?ids={binding.account_id}&digest=x&pace=2")
    assert "every 15s" in response.text
    assert 'hx-swap-oob="true"' in response.text


def test_a_new_window_reaches_every_poll(operator: Client) -> None:
    page = operator.get("/accounts/").text
    factories.window(plan=factories.plan("Gold"))
    response = operator.get(f"/accounts/live/?digest={digest(page)}&pace=15")
    assert "Gold sells manually since" in text_of(response.text)


def test_all_matching_is_asked_again_on_the_server(operator: Client) -> None:
    factories.many_accounts(130)
    query = "match=ready"
    count = Account.objects.filter(match_state="ready").count()
    data = {"_all": "1", "query": query, "expected_count": count}
    response = operator.post("/accounts/bind/", data)
    assert response.context["chosen"].total == count == 78
    factories.account("zz-late")
    drifted = operator.post("/accounts/bind/", data)
    assert "You chose 78 accounts; by now 79 match." in drifted.text


def test_a_filter_that_means_nothing_is_not_all_accounts(operator: Client) -> None:
    factories.many_accounts(5)
    data = {"_all": "1", "query": "state=bogus", "expected_count": 5}
    assert operator.post("/accounts/bind/", data).context["chosen"].total == 0


def test_the_choice_is_split_by_what_can_be_done(operator: Client) -> None:
    ready, choose = factories.account("a"), factories.account("b", state="choose")
    blocked = factories.account("c", state="blocked")
    bound = factories.done(account=factories.account("d")).account
    taken = factories.failed(account=factories.account("e")).account
    ids = [one.pk for one in (ready, choose, blocked, bound, taken)]
    chosen = operator.post("/accounts/bind/", {"account": ids}).context["chosen"]
    assert (chosen.ready, chosen.choose, chosen.blocked, chosen.bound, chosen.taken) == (1,) * 5


@pytest.mark.parametrize(
    "word", ["ANNA@bücher.example", "\u200banna@xn--bcher-kva.example\u00a0", "\ufeff4321"]
)
def test_a_client_is_named_by_hand_in_any_spelling(operator: Client, word: str) -> None:
    payer = factories.client(remote_id=4321)
    ClientUser.objects.create(
        remote_id=7, client=payer, email="anna@xn--bcher-kva.example", seen_at=payer.seen_at
    )
    asked = factories.account(state="choose")
    operator.post(f"/accounts/{asked.pk}/choose/", {"other": word})
    asked.refresh_from_db()
    assert asked.client == payer
