"""The story of one account: who it is, whose it seems to be, and what happened to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.messages.message import verbatim
from tests import factories
from tests.services.page_text import text_of

if TYPE_CHECKING:
    from django.test import Client


def test_it_says_whose_it_seems_to_be_and_why(operator: Client) -> None:
    factories.panel("billing", "billmanager")
    anna, peter = factories.client("Anna"), factories.client("Пётр")
    account = factories.account(
        "shop", fullname="Shop of Anna", domain="shop.example", domains=["shop.example"],
        match_state="choose", match_candidates=[peter.remote_id, anna.remote_id],
        disk_used=120, disk_limit=500,
    )  # fmt: skip
    page = operator.get(f"/accounts/{account.pk}/")
    text = text_of(page.text)
    for told in ("shop.example", "Shop of Anna", "120 of 500 MiB", "Пётр", "Anna", "Choose client"):
        assert told in text, told
    assert "startform=user.edit" in page.text


def test_it_leads_to_its_bindings_and_tells_what_people_did(viewer: Client) -> None:
    binding = factories.failed(account=factories.account("shop"))
    factories.event(
        binding=binding, run=binding.run, actor="anna", why=verbatim("with a new password")
    )
    page = viewer.get(f"/accounts/{binding.account_id}/")
    assert f'href="/bindings/{binding.pk}/"' in page.text
    assert f'href="/runs/{binding.run_id}/"' in page.text
    assert "anna: with a new password" in text_of(page.text)
    assert "Choose client" not in page.text


def test_beside_the_table_it_is_a_part(viewer: Client) -> None:
    account = factories.account("shop")
    part = viewer.get(f"/accounts/{account.pk}/", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith("<article")
    assert "data-close-side" in part


def test_system_accounts_and_those_that_are_gone_have_none(viewer: Client) -> None:
    gone = factories.account("gone")
    gone.gone_at = gone.seen_at
    gone.save()
    for pk in (gone.pk, factories.account("root", system=True).pk, 10**9):
        assert viewer.get(f"/accounts/{pk}/").status_code == 404
