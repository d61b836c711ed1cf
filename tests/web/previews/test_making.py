"""Previews of many accounts: stored as a wish in the request, made by a worker."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from integrator import tasks
from integrator.core import clock
from integrator.core.errors import Refused
from integrator.maintenance import retention, sweep, wake_ups
from integrator.models import Account, Preview, PreviewRow, Run
from integrator.models.preview import MAKING_SILENT
from integrator.previews import making
from integrator.previews import preview as previews
from integrator.previews.rehearsal import rehearsal
from tests import factories
from tests.statements import Statements
from tests.web.previews.test_previews import CHOICES, account

if TYPE_CHECKING:
    from django.test import Client

__all__ = ["account"]  # the fixture


@pytest.fixture
def many(account: Account, monkeypatch: pytest.MonkeyPatch) -> list[Account]:
    """More accounts than a request previews, all like the one that can be bound."""
    monkeypatch.setattr(making, "MAX_AT_ONCE", 2)
    own: dict[str, Any] = {"panel": account.panel, "client": account.client, "plan": account.plan}
    return [account, *(factories.account(f"b{n}", **own) for n in range(4))]


def _ask(browser: Client, accounts: list[Account], **changed: Any) -> Any:
    ids = [one.pk for one in accounts]
    return browser.post("/accounts/bind/", {"account": ids, **CHOICES, **changed})


def test_many_accounts_are_previewed_by_a_worker(operator: Client, many: list[Account]) -> None:
    address = _ask(operator, many)["Location"]
    asked = Preview.objects.get()
    assert address == f"/previews/{asked.pk}/"
    assert not PreviewRow.objects.exists()
    page = operator.get(address).text
    assert "Being made" in page
    assert "0 of 5 accounts" in page
    shown = re.search(r'id="digest" value="(\w+)"', page)
    assert shown
    sent = {"digest": shown[1], "pace": "2"}
    assert operator.get(f"{address}making/", sent).status_code == 204
    asked.summary[making.KEY]["done"] = 3
    asked.save()
    assert "3 of 5 accounts" in operator.get(f"{address}making/", sent).text

    tasks.make_preview(asked.pk)
    assert operator.get(f"{address}making/", sent)["HX-Refresh"] == "true"
    made = Preview.objects.get()
    assert (made.wanted, made.summary["ready"]) == ("", 5)
    assert made.summary[rehearsal.KEY]["state"] == rehearsal.WAITING
    assert [row.number for row in made.rows.all()] == [1, 2, 3, 4, 5]
    assert "5 accounts are not bound, since their passwords are not" in operator.get(address).text


def test_it_is_the_same_as_one_that_is_made_at_once(operator: Client, many: list[Account]) -> None:
    _ask(operator, many, password_list="b1 secret")
    tasks.make_preview(Preview.objects.get().pk)
    one = Preview.objects.get()
    chosen = Account.objects.filter(pk__in=[one.pk for one in many])
    given = {many[2].pk: "secret"}
    other = previews.make(previews.choices_of(one), chosen, "operator", passwords=given)
    rows = [
        [
            {**row, "id": 0, "preview_id": 0}
            for row in PreviewRow.objects.filter(preview=made).order_by("number").values()
        ]
        for made in (one, other)
    ]
    assert rows[0] == rows[1]
    assert rows[0][2]["password"] == "secret"
    told = {key: one.summary[key] for key in other.summary}
    assert told == other.summary


def test_the_request_takes_as_many_statements_for_fifty_as_for_five(
    operator: Client, many: list[Account]
) -> None:
    own: dict[str, Any] = {"panel": many[0].panel, "client": many[0].client, "plan": many[0].plan}
    more = [factories.account(f"c{n}", **own) for n in range(50)]
    counts: dict[int, list[int]] = {len(many): [], len(more): []}
    for number in range(3):
        for accounts in (many, more):
            token = f"token-{number}-of-{len(accounts)}"
            with Statements() as told:
                _ask(operator, accounts, token=token)
            counts[len(accounts)].append(len(told))
    # Once in a while a request writes down that its person was here.
    few, fifty = map(min, counts.values())
    assert few == fifty


def test_a_doubled_click_asks_once_and_passwords_are_not_readable(
    operator: Client, many: list[Account]
) -> None:
    first = _ask(operator, many, password_list="b1 very-secret")
    assert first["Location"] == _ask(operator, many)["Location"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT wanted, summary FROM integrator_preview")
        [stored] = cursor.fetchall()
    assert "very-secret" not in repr(stored)
    assert "very-secret" not in operator.get(first["Location"]).text


def test_choices_that_do_not_fit_are_refused_at_once(operator: Client, many: list[Account]) -> None:
    refused = _ask(operator, many, payment="credit", paymethod="77")
    assert refused.status_code == 200
    assert not Preview.objects.exists()


def test_nothing_is_started_before_it_is_made(operator: Client, many: list[Account]) -> None:
    address = _ask(operator, many)["Location"]
    assert operator.post(f"{address}start/")["Location"] == address
    assert operator.post(f"{address}rehearse/")["Location"] == address
    assert not Run.objects.exists()
    assert rehearsal.KEY not in Preview.objects.get().summary


@pytest.mark.parametrize(
    ("error", "told"),
    [(Refused("The list is stale.", ["b1 is gone"]), "The list is stale."),
     (RuntimeError("secret detail"), "Its log says more")],
)  # fmt: skip
def test_why_it_could_not_be_made_is_shown(
    operator: Client, many: list[Account], monkeypatch: pytest.MonkeyPatch, error: Exception,
    told: str,
) -> None:  # fmt: skip
    address = _ask(operator, many)["Location"]

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(previews, "fill", refuse)
    tasks.make_preview(Preview.objects.get().pk)
    page = operator.get(address).text
    assert told in page
    assert "secret detail" not in page
    assert Preview.objects.get().wanted == ""
    assert not Preview.objects.to_make(clock.now() + dt.timedelta(days=1)).exists()


def test_another_worker_follows_one_that_died_and_two_store_one(
    operator: Client, many: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[int] = []
    monkeypatch.setitem(wake_ups._senders, "preview", woken.append)
    _ask(operator, many)
    asked = Preview.objects.get()
    Preview.objects.update(making_at=clock.now())
    assert sweep.sweep()["previews"] == 0
    assert making.work(asked.pk) is None
    Preview.objects.update(making_at=clock.now() - MAKING_SILENT * 2)
    assert sweep.sweep()["previews"] == 1

    real = previews.fill

    def meanwhile(preview: Preview, *args: Any, **kwargs: Any) -> bool:
        # The one that was silent is as far, just before.
        monkeypatch.setattr(previews, "fill", real)
        Preview.objects.update(making_at=None)
        assert making.work(preview.pk) is not None
        return real(preview, *args, **kwargs)

    monkeypatch.setattr(previews, "fill", meanwhile)
    assert making.work(asked.pk) is None
    assert PreviewRow.objects.count() == 5


def test_many_are_made_anew_by_a_worker_with_what_was_confirmed(
    operator: Client, many: list[Account]
) -> None:
    _ask(operator, many, password_list="b1 secret")
    tasks.make_preview(Preview.objects.get().pk)
    old = Preview.objects.get()
    old.rows.filter(number=2).update(words=["debt:1"])
    operator.post(f"/previews/{old.pk}/anew/")
    asked = Preview.objects.exclude(pk=old.pk).get()
    assert asked.wanted
    tasks.make_preview(asked.pk)
    kept = list(asked.rows.values_list("account", "password", "words"))
    assert kept == list(old.rows.values_list("account", "password", "words"))


def test_passwords_of_a_wish_that_nobody_made_are_forgotten(
    operator: Client, many: list[Account]
) -> None:
    _ask(operator, many, password_list="b1 secret")
    Preview.objects.update(created_at=clock.now() - dt.timedelta(days=2))
    retention.delete_expired()
    forgotten = Preview.objects.get()
    assert forgotten.wanted == ""
    assert "could not be made" in operator.get(f"/previews/{forgotten.pk}/").text


def _give(browser: Client, accounts: list[Account], *more: str, **changed: Any) -> Any:
    lines = [
        f"{one.panel.name},{one.username},{one.domain},{one.client.remote_id},{one.plan.name},x{n}"
        for n, one in enumerate(accounts)
        if one.client and one.plan
    ]
    text = "\n".join(["server,username,domain,client,plan,password", *lines, *more, ""])
    file = SimpleUploadedFile("accounts.csv", text.encode())
    return browser.post("/accounts/csv/", {"file": file, **CHOICES, **changed})


def test_a_file_of_many_lines_is_previewed_by_a_worker(
    operator: Client, many: list[Account]
) -> None:
    address = _give(operator, many)["Location"]
    assert "0 of 5 accounts" in operator.get(address).text
    tasks.make_preview(Preview.objects.get().pk)
    one = Preview.objects.get()
    assert (one.source, one.summary["ready"]) == (previews.CSV, 5)
    passwords = one.rows.order_by("number").values_list("password", flat=True)
    assert list(passwords) == ["x0", "x1", "x2", "x3", "x4"]
    assert "5 accounts can be bound" in operator.get(address).text


def test_what_is_wrong_with_a_long_file_is_told_at_once(
    operator: Client, many: list[Account]
) -> None:
    wrong = f"{many[0].panel.name},nobody,nobody.example,1,Start,secret"
    refused = _give(operator, many, wrong)
    assert refused.status_code == 200
    assert "line 7, username" in refused.text
    assert not Preview.objects.exists()
    _give(operator, many, wrong, skip_bad_lines="on")
    tasks.make_preview(Preview.objects.get().pk)
    made = Preview.objects.get()
    assert made.summary["ready"] == 5
    assert [one["line"] for one in made.summary["skipped"]] == [7, 7, 7]


def test_why_it_could_not_be_made_is_told_in_the_language_of_who_asked(
    operator: Client, many: list[Account]
) -> None:
    operator.cookies[settings.LANGUAGE_COOKIE_NAME] = "ru"
    address = _give(operator, many)["Location"]
    Account.objects.filter(pk=many[0].pk).update(gone_at=clock.now())
    tasks.make_preview(Preview.objects.get().pk)
    page = operator.get(address).text
    assert "строка 2" in page
    assert "line 2" not in page
