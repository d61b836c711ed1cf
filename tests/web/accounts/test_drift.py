"""The pages on what differs and what has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator import tasks
from integrator.messages.message import verbatim
from integrator.models import Account, Drift, Event
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client


def test_a_difference_is_shown_with_both_sides_until_it_is_meant(operator: Client) -> None:
    server = factories.panel("web-1")
    found = factories.drift("Gold", account=factories.account("anna", panel=server))
    factories.drift("Silver", account=factories.account("over"), over_at=found.since)
    text = operator.get("/drift/").text
    assert "Other plan than the preset" in text
    assert "is sold as “Gold”, but account “Gold” on Gold has the preset" in text
    assert "Silver" not in text
    assert "anna" not in operator.get("/drift/?kind=account_gone").text
    assert "anna" in operator.get(f"/drift/?server={server.pk}").text
    operator.post(f"/drift/{found.pk}/accept/")
    assert "anna" not in operator.get("/drift/").text
    assert "Meant" in operator.get("/drift/?accepted=true").text
    assert Event.objects.get(subject="drift").to_state == "accepted"
    operator.post(f"/drift/{found.pk}/accept/", {"again": "1"})
    assert "anna" in operator.get("/drift/").text


def test_only_operators_say_what_is_meant(signed_in: Callable[[str], Client]) -> None:
    found = factories.drift()
    viewer = signed_in("viewer")
    assert viewer.get("/drift/").status_code == 200
    assert viewer.post(f"/drift/{found.pk}/accept/").status_code == 403
    assert viewer.post("/drift/compare/").status_code == 403
    assert Drift.objects.get().accepted_by == ""


def test_comparing_reads_every_panel_that_is_not_stopped(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(tasks.discover_panel, "delay", asked.append)
    billing, server = factories.billmanager(), factories.panel()
    factories.panel(stopped=verbatim("its login was refused"))
    operator.post("/drift/compare/")
    assert asked == [billing.pk, server.pk]
    asked.clear()
    operator.post("/panels/discover/")
    assert asked == [billing.pk, server.pk]


@pytest.mark.parametrize("address", ["/drift/compare/", "/panels/discover/"])
def test_nobody_is_told_that_panels_are_read_when_redis_is_away(
    operator: Client, address: str
) -> None:
    factories.billmanager()
    told = operator.post(address, follow=True).content.decode()
    assert "Redis does not answer, so no worker can be told." in told
    assert "are being" not in told


def test_a_discovery_shows_how_far_it_is(operator: Client) -> None:
    state = {"state": "running", "phase": "emails", "done": 30, "total": 90}
    factories.panel("web-1", discovery=state)
    for page in ("/drift/", "/panels/"):
        text = operator.get(page).text
        assert '<progress max="90" value="30"' in text
        assert "every 2s" in text


def test_changes_are_listed_and_found(operator: Client) -> None:
    server = factories.panel("web-1")
    factories.change("anna", server)
    factories.change("boris", server, what="gone", fields={})
    assert "anna" in operator.get("/changes/").text
    assert "anna" not in operator.get("/changes/?what=gone").text
    assert "boris" in operator.get("/changes/?q=bor").text
    assert "anna" not in operator.get("/changes/?q=bor").text


def test_accounts_in_conflict_can_be_listed(operator: Client) -> None:
    told = {"key": "two_services", "params": {
        "service": 1, "client": 2, "other": 3, "other_client": 4}}  # fmt: skip
    twice = factories.account("twice", service=factories.service(), conflicts=[told],
                              in_conflict=True)  # fmt: skip
    factories.account("other")
    text = operator.get("/accounts/?match=conflict").text
    assert f'id="row-{twice.pk}"' in text
    assert "Its owner may be charged twice" in text


def test_no_choice_is_made_of_what_is_bound_or_taken(operator: Client) -> None:
    client = factories.client()
    bound = factories.account("a", service=factories.service(), state="choose",
                              match_candidates=[client.remote_id])  # fmt: skip
    taken = factories.failed().account
    Account.objects.filter(pk=taken.pk).update(match_candidates=[client.remote_id])
    for one in (bound, taken):
        address = f"/accounts/{one.pk}/choose/"
        assert operator.get(address).status_code == 404
        assert operator.post(address, {"client": client.remote_id}).status_code == 404


def test_a_choice_decides_only_what_was_shown(operator: Client) -> None:
    """A conflict that a discovery finds between the look and the click stays open."""
    told = {"key": "domain_is_service", "params": {
        "domain": "a.example", "service": 7, "client": 3, "username": "x", "module": "m",
        "account": "a", "server": "s"}}  # fmt: skip
    client = factories.client()
    account = factories.account("a", state="choose", match_candidates=[client.remote_id],
                                plan=factories.plan(), active=False)  # fmt: skip
    address = f"/accounts/{account.pk}/choose/"
    page = operator.get(address).text
    assert 'name="word" value="suspended_word:"' in page
    Account.objects.filter(pk=account.pk).update(conflicts=[told], in_conflict=True)
    shown = {"client": client.remote_id, "dialogue": "1", "word": ["suspended_word:"]}
    operator.post(address, shown)
    account.refresh_from_db()
    assert (account.match_state, account.words) == ("blocked", ["suspended_word:"])
    operator.post(address, {"client": client.remote_id})
    account.refresh_from_db()
    assert account.match_state == "blocked"
    operator.post(address, {**shown, "word": ["suspended_word:", "domain_is_service:7"]})
    account.refresh_from_db()
    assert account.match_state == "ready"
