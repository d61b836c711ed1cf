"""Searching accounts with an index finds just what reading every row finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.db import ProgrammingError, connection
from django.db.models import Q
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from integrator.core.typed_text import typed
from integrator.models import Account, Client, search_index
from integrator.web.accounts import search
from integrator.web.accounts.filters import AccountFilter, listed
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Iterable

PIECES = (
    *("anna", "ANNA", "Anna", "Аня", "аня", "АНЯ", "Ёж", "ёж", "straße", "STRASSE", "İx", "ﬁ"),
    *(
        "%",
        "_",
        "\\",
        '"',
        "''",
        "'",
        "*",
        "(",
        "NEAR",
        " OR ",
        "-",
        ".",
        "@",
        "a",
        "é",
        "É",
        "日本語",
    ),
)
NAMES = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)
WORDS = st.one_of(NAMES, st.text(st.sampled_from("aAnяЯ%_\"'\\ .é"), max_size=6))


def _found(word: str) -> set[int]:
    data = QueryDict(mutable=True)
    data["q"] = word
    return set(AccountFilter(data, listed()).qs.values_list("pk", flat=True))


def _read(word: str) -> set[int]:
    """Those that have it, by comparing every row."""
    data = QueryDict(mutable=True)
    data["q"] = word
    text = typed(data, "q")
    if not text:
        return set(listed().values_list("pk", flat=True))
    named = Q(name__icontains=text)
    if not text.isascii():
        named |= Q(name__icontains=text.capitalize())
    has = Q(username__icontains=text) | Q(domain__icontains=text) | Q(email__icontains=text)
    found = listed().filter(has | Q(client__in=Client.objects.filter(named).values("pk")))
    return set(found.values_list("pk", flat=True))


class TestFoundAsRead(TestCase):
    """On either database, whatever names and words are made of."""

    @given(
        names=st.lists(st.tuples(NAMES, NAMES, NAMES, NAMES), min_size=1, max_size=6),
        words=st.lists(WORDS, min_size=1, max_size=6),
    )
    def test_the_same(self, names: list[tuple[str, ...]], words: Iterable[str]) -> None:
        server = factories.panel()
        for number, (username, domain, email, client) in enumerate(names):
            factories.account(
                f"{username[:40]}{number}", panel=server, domain=domain, email=email,
                client=factories.client(client) if client else None,
            )  # fmt: skip
        for word in words:
            assert _found(word) == _read(word), word


@pytest.mark.django_db
def test_the_index_follows_every_change() -> None:
    made = factories.account("firstname", domain="one.example", email="x@one.example")
    assert _found("irstna") == {made.pk}
    Account.objects.filter(pk=made.pk).update(username="second", domain="two.example")
    assert _found("irstna") == set()
    assert _found("secon") == {made.pk}
    Account.objects.bulk_update([Account(pk=made.pk, email="y@three.example")], ["email"])
    assert _found("three.ex") == {made.pk}
    Account.objects.bulk_create(
        [Account(panel=made.panel, username="second", domain="four.example", seen_at=made.seen_at)],
        update_conflicts=True, update_fields=["domain"], unique_fields=["panel", "username"],
    )  # fmt: skip
    assert _found("four.ex") == {made.pk}
    payer = factories.client("Пётр Иванов")
    Account.objects.filter(pk=made.pk).update(client=payer)
    assert _found("иванов") == {made.pk}
    payer.name = "Anna"
    payer.save()
    assert _found("иванов") == set()
    made.delete()
    assert _found("four.ex") == set()


@pytest.mark.django_db
@pytest.mark.parametrize("limit", ["MAX_BY_ID", "MAX_CLIENTS_BY_ID"])
def test_a_word_that_many_have_finds_all(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, limit, 3)
    made = {
        factories.account(f"user{n}", client=factories.client(f"Client {n}")).pk for n in range(9)
    }
    assert _found("user") == _found("Client") == made


@pytest.mark.django_db
def test_a_word_of_three_letters_reads_the_index_alone() -> None:
    factories.many_accounts(50)
    if connection.vendor == "sqlite":
        with CaptureQueriesContext(connection) as told:
            assert len(_found("user00003")) == 10
        assert len([sql for sql in _statements(told) if "MATCH" in sql]) == 2
        compared = [sql for sql in _statements(told) if "LIKE" in sql]
        assert compared
        assert all('"id" IN (' in sql for sql in compared)
        return
    with connection.cursor() as cursor:
        for way in ("seqscan", "indexscan", "indexonlyscan"):  # so few rows are read at once
            cursor.execute(f"SET LOCAL enable_{way} = off")
    found = Account.objects.order_by().filter(search.having("user00003"))
    assert "integrator_account_words" in found.explain()


@pytest.mark.django_db
def test_without_the_right_to_make_it_every_row_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made = factories.account("firstname")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER integrator_account_words_added")
        else:
            cursor.execute("DROP INDEX integrator_account_words")

    def refuse(*_: object) -> None:
        raise ProgrammingError("permission denied to create extension")

    monkeypatch.setattr(search_index, "_make_table", refuse)
    monkeypatch.setattr(search_index, "_make_index", refuse)
    search_index.ensure("default")
    assert _found("irstna") == {made.pk}


def _statements(told: Any) -> list[str]:
    return [query["sql"] for query in told.captured_queries]


@pytest.mark.django_db
def test_an_index_that_a_migration_has_lost_is_made_again() -> None:
    made = factories.account("firstname")
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps its indexes")
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER integrator_account_words_changed")
    Account.objects.filter(pk=made.pk).update(username="second")
    # It is not asked while it may be behind.
    assert search_index.candidates(Account, "second", most=9) is None
    assert _found("second") == {made.pk}
    call_command("migrate", verbosity=0)
    assert search_index.candidates(Account, "second", most=9) == [made.pk]
    Account.objects.filter(pk=made.pk).update(username="third")
    assert _found("third") == {made.pk}
    assert search_index.candidates(Account, "second", most=9) == []
