"""Every page in both languages, empty and full, with names that attack and names that burst."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from integrator.messages.message import verbatim
from integrator.models import Account, Panel
from integrator.models.states import Phase
from tests import factories
from tests.services.page_text import text_of

if TYPE_CHECKING:
    from django.test import Client

PAGES = ("/", "/accounts/", "/accounts/csv/", "/runs/", "/windows/", "/panels/", "/panels/add/",
         "/drift/", "/changes/", "/plan-map/", "/events/", "/people/", "/password/")  # fmt: skip


def everything(name: str) -> list[str]:
    """One of each thing, all called ``name``; the addresses of their pages."""
    row = {"step": 2, "what": name, "func": name, "state": "denied", "text": name}
    server = factories.panel(
        name[:60], checked={"ok": False, "rows": [row]}, stopped=verbatim(name)
    )
    payer, sold = factories.client(name[:250]), factories.plan(name[:250])
    run = factories.run()
    account = factories.account(name[:60], panel=server, domain=name[:250], fullname=name[:250])
    failed = factories.failed(
        run=run, account=account, client=payer, plan=sold, cause_text=verbatim(name)
    )
    factories.call(failed, func=name[:60], answer=name, error=verbatim(name), params={name: name})
    undecided = factories.undecided(run=run, client=payer, plan=sold)
    factories.window(plan=sold, held=True, closing=True, cause=verbatim(name))
    closed = factories.window(Phase.CLOSED, plan=sold, anyway_by=name[:150], alarm=verbatim(name),
                              seen={"unread": {"1": name}})  # fmt: skip
    factories.stranger(closed, client_name=name[:250], domain=name[:250], performer="")
    factories.stranger(closed, state="opened", username=name[:120], handed_by=name[:150])
    factories.new_user(closed, username=name[:120], why=verbatim(name), binding=failed)
    factories.canary(closed, failed, state="changed", why=verbatim(name))
    factories.drift(name, account=account)
    factories.change(name, server)
    asked = factories.account(
        f"asked {name}"[:60], state="choose", panel=server, fullname=name[:250], active=False,
        match_candidates=[payer.remote_id], email=name[:250],
    )  # fmt: skip
    factories.event(binding=failed, run=run, actor=name[:150], why=verbatim(name))
    preview = factories.preview(1, paymethod_name=name[:120])
    return [f"/runs/{run.pk}/", f"/bindings/{failed.pk}/", f"/bindings/{undecided.pk}/",
            f"/accounts/{asked.pk}/choose/", f"/panels/{server.pk}/",
            f"/previews/{preview.pk}/", f"/windows/{closed.pk}/",
            f"/bindings/{failed.pk}/undo/"]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ru"])
def test_empty_pages(admin: Client, language: str) -> None:
    for page in PAGES:
        response = admin.get(page, headers={"Accept-Language": language})
        assert response.status_code == 200, page
        assert f'<html lang="{language}"' in response.text


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", [factories.HOSTILE, factories.LONG * 3])
def test_hostile_and_long_names(admin: Client, name: str, language: str) -> None:
    for page in [*everything(name), *PAGES]:
        response = admin.get(page, headers={"Accept-Language": language})
        assert response.status_code == 200, page
        assert "<script>alert" not in response.text, page
        assert "<img" not in response.text, page
        assert not re.search("[\u200b\u202e]", response.text), page


@pytest.mark.parametrize("address", PAGES)
def test_no_page_needs_what_the_policy_forbids(admin: Client, address: str) -> None:
    everything("plain")
    response = admin.get(address)
    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]* src=)", response.text)
    assert not re.search(r"<[^>]+ (style|on\w+)=", response.text)
    assert "hx-on" not in response.text
    assert "no-store" in response["Cache-Control"]


def test_held_window_is_on_every_page(admin: Client) -> None:
    factories.window(plan=factories.plan("Gold"), held=True)
    for page in PAGES:
        assert "Gold is held" in text_of(admin.get(page).text)


def test_no_secret_is_shown(admin: Client) -> None:
    binding = factories.failed(password="account-secret")
    server = Panel.objects.get(pk=binding.account.panel_id)
    for page in [f"/bindings/{binding.pk}/", f"/runs/{binding.run_id}/", f"/panels/{server.pk}/"]:
        text = admin.get(page).text
        assert "account-secret" not in text
        assert "panel-secret" not in text


def test_error_pages(admin: Client) -> None:
    assert admin.get("/nowhere/").status_code == 404
    assert "There is nothing here" in admin.get("/runs/999999/").text


def test_theme_is_kept_and_follows_nobody_elsewhere(admin: Client) -> None:
    response = admin.post("/theme/", {"theme": "dark", "next": "https://evil.example/"})
    assert response["Location"] == "/"
    assert 'data-theme="dark"' in admin.get("/accounts/").text
    live = admin.post("/theme/", {"theme": "light"}, headers={"HX-Request": "true"})
    assert live["HX-Trigger"] == '{"theme": {"value": "light"}}'


def test_a_candidate_is_chosen_and_named(operator: Client) -> None:
    factories.billmanager()
    first, second = factories.client("First"), factories.client("Second")
    ids = [first.remote_id, second.remote_id]
    account = factories.account(state="choose", match_candidates=ids, plan=factories.plan("Gold"))
    page = operator.get(f"/accounts/{account.pk}/choose/")
    assert "First" in page.text
    target = f"/accounts/{account.pk}/choose/"
    operator.post(target, {"client": second.remote_id, "next": "//evil.example/"})
    account = Account.objects.get(pk=account.pk)
    assert (account.client, account.match_state) == (second, "ready")
    assert account.chosen_by.startswith("operator")
    stranger = factories.client("Stranger")
    assert operator.post(target, {"client": stranger.remote_id}).status_code == 404
