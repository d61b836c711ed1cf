"""From a choice over the preview to a run, and from a CSV file."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from integrator.models import Account, ClientUser, Panel, Preview, PreviewRow, Run
from panels.billmanager.dialect.dialect import Dialect
from panels.billmanager.dialect.names import Found
from panels.coremanager.errors import NotSent
from tests import factories

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client
    from pytest_django.fixtures import Settings

CHOICES = {"payment": "balance", "autoprolong": "on", "period": "1", "passwords": "given",
           "cohort": "100", "hours": "", "paymethod": "", "token": "token-1"}  # fmt: skip


@pytest.fixture
def account(db: None) -> Account:
    """An account that can be bound: its client has a user and a balance, its server a module."""
    billing = factories.billmanager()
    billing.discovery = {"state": "done", "facts": {"paymethods": [[3, "Bank", "EUR"]]}}
    billing.save()
    module = factories.module("ISPmanager web-1")
    payer = factories.client(balance=Decimal(100))
    ClientUser.objects.create(
        remote_id=77, client=payer, email="anna@example.org", seen_at=payer.seen_at
    )
    own = {"id": module.remote_id, "name": module.name, "enabled": True, "orderpriority": 1}
    sold = factories.plan("Business", modules=[own])
    server = factories.panel("web-1", module_id=module.remote_id)
    return factories.account("anna", panel=server, client=payer, plan=sold)


def bind(browser: Client, account: Account, **changed: Any) -> Any:
    return browser.post("/accounts/bind/", {"account": account.pk, **CHOICES, **changed})


def test_choices_lead_to_a_frozen_preview(operator: Client, account: Account) -> None:
    response = bind(operator, account)
    preview = Preview.objects.get()
    assert response["Location"] == f"/previews/{preview.pk}/"
    page = operator.get(response["Location"]).text
    assert "9.90\u00a0EUR" in page
    assert "renewed from the client" in page
    assert [row.state for row in PreviewRow.objects.all()] == ["ready"], page


def test_a_doubled_click_makes_one_preview(operator: Client, account: Account) -> None:
    assert bind(operator, account)["Location"] == bind(operator, account)["Location"]
    assert Preview.objects.count() == 1


def test_renewal_must_be_chosen(operator: Client, account: Account) -> None:
    response = bind(operator, account, autoprolong="")
    assert response.context["form"].errors["autoprolong"]
    assert not Preview.objects.exists()


def test_choices_that_do_not_fit_are_said(operator: Client, account: Account) -> None:
    assert "payment method" in bind(operator, account, payment="credit").text
    assert "02:00-06:00" in bind(operator, account, hours="9-10").text


def test_nothing_to_bind_is_said(operator: Client, account: Account) -> None:
    factories.failed(account=account)
    assert "There is no account to bind" in bind(operator, account).text


@pytest.fixture
def unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The panels answer as the mirrors say; that they are asked is tested in tests/previews."""
    monkeypatch.setattr("integrator.previews.freshness.reread", lambda _preview: None)


@pytest.mark.usefixtures("unchanged")
def test_start_once(operator: Client, account: Account) -> None:
    preview = bind(operator, account, password_list="anna s3cret")["Location"]
    first = operator.post(f"{preview}start/")
    run = Run.objects.get()
    assert first["Location"] == f"/runs/{run.pk}/" == operator.post(f"{preview}start/")["Location"]
    assert f"Open run {run}" in operator.get(preview).text


@pytest.mark.usefixtures("unchanged")
def test_what_is_no_longer_free_is_shown_and_not_run_over(
    operator: Client, account: Account
) -> None:
    preview = bind(operator, account, password_list="anna s3cret")["Location"]
    factories.failed(account=account)
    response = operator.post(f"{preview}start/")
    assert response.status_code == 409
    assert "taken by binding" in response.text
    assert "Make the preview anew" in response.text
    assert Run.objects.count() == 1
    again = operator.post(f"{preview}anew/", follow=True)
    assert "Nothing here is ready" in again.text


def test_panels_that_cannot_be_asked_start_nothing(
    operator: Client, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_preview: Preview) -> None:
        raise NotSent("nobody answers", panel="billing", func="account")

    monkeypatch.setattr("integrator.previews.freshness.reread", away)
    preview = bind(operator, account, password_list="anna s3cret")["Location"]
    response = operator.post(f"{preview}start/")
    assert response.status_code == 409
    assert "could not be asked" in response.text
    assert not Run.objects.exists()


def test_a_password_is_given_to_one_row_and_never_shown(operator: Client, account: Account) -> None:
    preview = bind(operator, account)["Location"]
    row = PreviewRow.objects.get()
    assert "No password is known" in operator.get(preview).text
    address = f"{preview}rows/{row.number}/password/"
    assert f'action="{address}"' in operator.get(preview).text
    answer = operator.post(address, {"password": "s3cret-of-one"}, follow=True)
    assert "1 password is kept" in answer.text
    assert "s3cret-of-one" not in answer.text
    assert "No password is known" not in answer.text
    row.refresh_from_db()
    assert row.password == "s3cret-of-one"
    assert "No password was given" in operator.post(address, {"password": ""}, follow=True).text
    assert operator.post(f"{preview}rows/99/password/", {"password": "x"}).status_code == 404


def test_what_lacks_its_password_cannot_be_started_and_the_page_says_the_ways_out(
    operator: Client, account: Account
) -> None:
    preview = bind(operator, account)["Location"]
    page = operator.get(preview).text
    assert "Preview: 1 account waits for its password" in page
    assert "1 account is not bound, since its password is not known" in page
    assert f'action="{preview}start/"' not in page
    assert "Take the demo" not in page
    refused = operator.post(f"{preview}start/")
    assert refused.status_code == 409
    assert "No account is bound without its password" in refused.text
    assert not Run.objects.exists()


@pytest.mark.usefixtures("unchanged")
def test_a_pasted_list_of_passwords_makes_rows_ready(operator: Client, account: Account) -> None:
    preview = bind(operator, account)["Location"]
    address = f"{preview}passwords/"
    wrong = operator.post(address, {"passwords": "bob x"}, follow=True).text
    assert "bob" in wrong
    assert "No password was given" in operator.post(address, {"passwords": " "}, follow=True).text
    page = operator.post(address, {"passwords": "anna s3cret"}, follow=True).text
    assert "Preview: 1 account can be bound" in page
    assert "s3cret" not in page
    operator.post(f"{preview}start/")
    assert Run.objects.get().bindings.get().password == "s3cret"
    late = operator.post(address, {"passwords": "anna other"}, follow=True).text
    assert "This preview was started" in late


def test_a_reset_is_another_preview_of_the_same_choices(operator: Client, account: Account) -> None:
    preview = bind(operator, account, passwords="check")["Location"]
    made = operator.post(f"{preview}passwords/reset/")["Location"]
    assert made != preview
    old, new = Preview.objects.order_by("pk")
    assert (old.reset_passwords, new.reset_passwords, new.check_passwords) == (False, True, False)
    page = operator.get(made).text
    assert "Preview: 1 account can be bound" in page
    assert "Every account's password is reset on ispmanager" in page


def test_what_has_no_password_is_bound_without_one_where_the_panel_asks_for_none(
    operator: Client, account: Account
) -> None:
    preview = bind(operator, account)["Location"]
    offered = "Bind them without one"
    assert offered not in operator.get(preview).text
    refused = operator.post(f"{preview}passwords/none/", follow=True).text
    assert "bind one account with its password first" in refused

    billing = Panel.objects.get(kind="billmanager")
    found = Found("password", where="a test", sure=True)
    billing.dialect = {**billing.dialect, **Dialect(task_password=found).to_json()}
    field = {"name": "password", "kind": "password"}
    billing.learnt = {"task_forms": {"task.edit": {"fields": [field], "buttons": []}}}
    billing.save()
    assert offered in operator.get(preview).text
    made = operator.post(f"{preview}passwords/none/", follow=True)
    assert "will be bound without one" in made.text
    assert "Preview: 1 account can be bound" in made.text
    assert "what has none is bound without one" in made.text
    assert Preview.objects.order_by("pk")[1].without_passwords
    chosen = bind(operator, account, passwords="without", token="another")["Location"]
    assert "Preview: 1 account can be bound" in operator.get(chosen).text


def test_the_demo_has_its_passwords_at_hand(
    operator: Client, account: Account, settings: Settings, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path
    (tmp_path / "demo.env").touch()
    (tmp_path / "demo").mkdir()
    known = {"web-1": {"anna": "s3cret", "other": "x"}, "web-2": {}}
    (tmp_path / "demo" / "passwords.json").write_text(json.dumps(known))
    preview = bind(operator, account)["Location"]
    assert "Take the demo" in operator.get(preview).text
    page = operator.post(f"{preview}passwords/", {"demo": "1"}, follow=True).text
    assert "Preview: 1 account can be bound" in page
    assert PreviewRow.objects.get().password == "s3cret"


def test_what_a_reset_breaks_is_spelt_out(operator: Client, account: Account) -> None:
    preview = bind(operator, account, passwords="reset")["Location"]
    assert "FTP, SSH, backups and scripts" in operator.get(preview).text


def upload(browser: Client, text: str, **changed: Any) -> Any:
    file = SimpleUploadedFile("accounts.csv", text.encode())
    return browser.post("/accounts/csv/", {**CHOICES, "file": file, **changed})


HEAD = "server,username,domain,client,plan,password\n"


def test_csv(operator: Client, account: Account) -> None:
    line = "web-1,anna,anna.example,anna@example.org,Business,  secret \n"
    response = upload(operator, HEAD + line)
    assert response["Location"] == f"/previews/{Preview.objects.get().pk}/"
    assert PreviewRow.objects.get().password == "  secret "
    assert "secret" not in operator.get(response["Location"]).text


def test_csv_with_errors_changes_nothing(operator: Client, account: Account) -> None:
    bad = HEAD + "web-1,nobody,d.example,anna@example.org,Business,x\n"
    response = upload(operator, bad)
    assert "line 2" in response.text
    assert not Preview.objects.exists()
    good = "web-1,anna,anna.example,anna@example.org,Business,x\n"
    skipping = upload(operator, bad + good, skip_bad_lines="on")
    assert "those lines are left out" in operator.get(skipping["Location"]).text


def test_a_csv_whose_client_does_not_exist_leads_to_the_missing_clients(
    operator: Client, account: Account
) -> None:
    line = "web-1,anna,anna.example,%s,Business,x\n"
    page = upload(operator, HEAD + line % "nobody@example.org").text
    assert "No client has a user with the e-mail “nobody@example.org”." in page
    assert '<a href="/accounts/clients/">Missing clients</a>' in page
    assert "manage.py" not in page
    assert 'id="unknown-emails"' not in upload(operator, HEAD + line % "123456").text


def test_csv_may_say_renewal_line_by_line(operator: Client, account: Account) -> None:
    text = HEAD.strip() + ",autoprolong\nweb-1,anna,a.example,anna@example.org,Business,x,off\n"
    upload(operator, text, autoprolong="column")
    assert PreviewRow.objects.get().autoprolong is False


def test_a_debt_is_confirmed_on_the_page(operator: Client, account: Account) -> None:
    payer = account.client
    assert payer
    payer.balance = Decimal(-3)
    payer.save()
    preview = bind(operator, account, payment="credit", paymethod="3")["Location"]
    page = operator.get(preview).text
    assert "owes 3.00 EUR" in page
    assert "of 12.90 EUR that would be credited 3.00 are swallowed" in page
    assert "1 row waits for a word: its client owes money" in page
    word = f"debt:{payer.remote_id}:3.00"
    assert f'name="word" value="{word}"' in page
    operator.post(f"{preview}confirm/", {"word": f"debt:{payer.remote_id}:2.00"})
    assert PreviewRow.objects.get().state == "choose"
    page = operator.post(f"{preview}confirm/", {"word": word}, follow=True).text
    row = PreviewRow.objects.get()
    assert (row.state, row.credit, row.words) == ("ready", Decimal("12.90"), [word])
    assert "1 row is confirmed" in page
    assert "is paid off by what is credited" in page
    assert 'name="word"' not in page
    Preview.objects.update(started_at=row.preview.created_at)
    assert operator.post(f"{preview}confirm/", {"kind": "debt"}, follow=True).text.count(
        "nothing can be confirmed in it any more"
    )


def test_all_debts_are_confirmed_at_once(operator: Client, account: Account) -> None:
    assert account.client
    account.client.balance = Decimal(-3)
    account.client.save()
    preview = bind(operator, account, payment="credit", paymethod="3")["Location"]
    operator.post(f"{preview}confirm/", {"kind": "domain"})
    assert PreviewRow.objects.get().state == "choose"
    operator.post(f"{preview}confirm/", {"kind": "debt"})
    assert PreviewRow.objects.get().state == "ready"
