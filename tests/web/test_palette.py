"""The command palette: what a few letters find, and for whom."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from integrator.models import ClientUser
from tests import factories

if TYPE_CHECKING:
    from django.test import Client

PARTIAL = {"HX-Request": "true"}


def found(browser: Client, word: str) -> list[str]:
    """The addresses that the palette offers, in its order."""
    text = browser.get("/find/", {"q": word}, headers=PARTIAL).text
    return re.findall(r'href="([^"]+)"', text)


def test_without_letters_it_lists_the_pages_of_the_role(viewer: Client, admin: Client) -> None:
    assert "/accounts/" in found(viewer, "")
    assert "/people/" not in found(viewer, "")
    assert {"/people/", "/panels/add/"} <= set(found(admin, ""))


def test_numbers_lead_to_run_binding_and_window(viewer: Client) -> None:
    window = factories.window()
    binding = factories.binding("running", 3, window=window)
    assert found(viewer, f"b{binding.pk}")[0] == f"/bindings/{binding.pk}/"
    assert found(viewer, f"R{binding.run_id}")[0] == f"/runs/{binding.run_id}/"
    assert found(viewer, f"w{window.pk}")[0] == f"/windows/{window.pk}/"
    assert found(viewer, "b999999") == []
    assert found(viewer, "b" + "9" * 40) == []


def test_accounts_and_clients_by_a_part_of_their_name(viewer: Client) -> None:
    payer = factories.client("Пётр Анненков")
    account = factories.account("shop-anna", domain="anna.example", client=payer)
    factories.account("other")
    ClientUser.objects.create(
        remote_id=91, client=payer, email="petr@mail.example", seen_at=account.seen_at
    )
    story = f"/accounts/{account.pk}/"
    assert found(viewer, "anna.ex") == [story]
    assert found(viewer, "анненков")[0] == story
    assert any("q=%D0%9F%D1%91" in url for url in found(viewer, "анненков"))
    for word in (str(payer.remote_id), "PETR@mail.example"):
        assert [url for url in found(viewer, word) if url.startswith("/accounts/?q=")]


@pytest.mark.parametrize("word", ["'; DROP", "<b>", "\u202e", "%", "x" * 5000])
def test_strange_letters_find_nothing_and_break_nothing(viewer: Client, word: str) -> None:
    factories.account("anna")
    answer = viewer.get("/find/", {"q": word})
    assert answer.status_code == 200
    assert "<b>%" not in answer.text


def test_without_scripts_it_is_a_page(viewer: Client) -> None:
    factories.account("anna")
    text = viewer.get("/find/", {"q": "anna"}).text
    assert "<h1>Go to</h1>" in text
    assert text.count('id="palette-word"') == 1
