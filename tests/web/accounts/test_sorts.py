"""Sorting the table of accounts: each order lists each account once, on whatever page."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from integrator.models import Account
from integrator.models.states import BindingState, RowState
from integrator.web.accounts import sorts
from integrator.web.accounts.filters import listed
from tests import factories
from tests.statements import Statements

if TYPE_CHECKING:
    from django.test import Client

SORTS = [f"{sign}{key}" for key in sorts.SORTS for sign in ("", "-")]


@pytest.fixture
def world(db: None) -> None:
    """Accounts in all states that binding, service and match can give together."""
    servers = [factories.panel(name) for name in ("web-b", "web-a")]
    plans, payers = [factories.plan("Start"), None], [factories.client("Anna"), None]
    kinds = itertools.product([None, *BindingState.values], [True, False], RowState.values)
    for number, (state, served, match) in enumerate(kinds):
        account = factories.account(
            f"u{number:03}", panel=servers[number % 2], match_state=match,
            domain=f"d{number * 7 % 50:02}.example" if number % 3 else "",
            plan=plans[number // 2 % 2], client=payers[number // 3 % 2],
            service=factories.service() if served else None,
        )  # fmt: skip
        if state is not None:
            factories.binding(state, account=account, reserved=bool(number % 4))


@pytest.mark.parametrize("text", SORTS)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_each_account_is_listed_once(world: None, text: str, size: int) -> None:
    sort, found = sorts.Sort.of(text), list[int]()
    total = listed().count()
    for start in range(0, total, size):
        page = sorts.take(listed(), sort, start, size)
        assert len(page) == min(size, total - start)
        found += page
    assert sorted(found) == sorted(listed().values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("account", "username"),
        ("server", "panel__name"),
        ("domain", "domain"),
        ("client", "client__name"),
        ("plan", "plan__name"),
    ],
)
def test_values_follow_each_other_and_empty_ones_are_last(
    world: None, text: str, value: str
) -> None:
    values = dict(Account.objects.values_list("pk", value))
    for sign in ("", "-"):
        pks = sorts.take(listed(), sorts.Sort.of(f"{sign}{text}"), 0, 1000)
        shown = [values[pk] or "" for pk in pks]
        filled = [one for one in shown if one]
        assert filled == sorted(filled, reverse=bool(sign))
        assert not any(shown[len(filled) :])


def test_by_state_what_needs_a_person_is_first(world: None) -> None:
    pks = sorts.take(listed(), sorts.Sort.of("state"), 0, 1000)
    states = dict(Account.objects.values_list("pk", "binding__state"))
    shown = [states[pk] for pk in pks]
    assert set(shown[:12]) == {"failed", "undecided"}
    assert shown[-1] in {"done", None}


@pytest.mark.parametrize("text", ["", "nonsense", "-nonsense", "steps"])
def test_an_unknown_sort_is_by_login(text: str) -> None:
    assert sorts.Sort.of(text) == sorts.Sort("account")


@pytest.mark.parametrize("key", sorts.COUNTED_BY)
def test_groups_are_counted_by_one_question(world: None, key: str) -> None:
    with Statements() as told:
        sorts.take(listed(), sorts.Sort(key), listed().count() - 1, 5)
    counts = [one for one in told.captured_queries if "COUNT(" in one["sql"]]
    assert len(counts) == 2  # one of them is the test's own


def test_heads_sort_and_keep_filter_and_selection(operator: Client, world: None) -> None:
    text = operator.get("/accounts/?match=ready&sort=domain&page=1").text
    assert 'aria-sort="ascending"' in text
    assert 'href="/accounts/?match=ready&amp;sort=-domain"' in text
    assert 'href="/accounts/?match=ready&amp;sort=client"' in text
    assert '<input type="hidden" name="sort" value="domain" form="filters">' in text
    assert 'name="query" value="match=ready&amp;sort=domain"' in text
