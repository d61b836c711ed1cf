"""Mirrors follow what panels list."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from integrator.inventory.mirror import Synced, sync
from integrator.models import Account

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from tests.services.mirrors import Hoster

FIRST = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
LATER = FIRST + dt.timedelta(hours=1)


def follow(
    hoster: Hoster, found: Mapping[Hashable, Mapping[str, Any]], at: dt.datetime = FIRST
) -> Synced:
    return sync(
        Account.objects.filter(panel=hoster.server), found,
        key="username", fixed={"panel": hoster.server}, at=at,
    )  # fmt: skip


def listed(preset: str = "Start") -> dict[str, Any]:
    return {"preset": preset, "domains": ["a.example"], "disk_used": None}


def test_new_changed_gone_and_back(hoster: Hoster) -> None:
    found: dict[Hashable, Mapping[str, Any]] = {f"u{n}": listed() for n in range(5000)}
    assert follow(hoster, found) == Synced(5000, 5000, 0, 0)
    assert follow(hoster, found, LATER) == Synced(5000, 0, 0, 0)
    assert not Account.objects.exclude(seen_at=LATER).exists()
    gone = found.pop("u1")
    found["u2"] = listed("Pro")
    assert follow(hoster, found, LATER) == Synced(4999, 0, 1, 1)
    assert Account.objects.get(username="u1").gone_at == LATER
    assert Account.objects.get(username="u2").preset == "Pro"
    found["u1"] = gone
    assert follow(hoster, found, LATER) == Synced(5000, 0, 1, 0)
    assert Account.objects.get(username="u1").gone_at is None


def test_what_discovery_does_not_own_is_never_touched(hoster: Hoster) -> None:
    follow(hoster, {"u": listed()})
    Account.objects.update(client=hoster.client, chosen_by="eva", email="e@mail.example")
    follow(hoster, {"u": listed("Pro")})
    account = Account.objects.get()
    assert (account.client, account.chosen_by, account.email, account.preset) == (
        hoster.client, "eva", "e@mail.example", "Pro",
    )  # fmt: skip


def test_an_empty_listing_marks_all_as_gone(hoster: Hoster) -> None:
    follow(hoster, {"u": listed()})
    assert follow(hoster, {}) == Synced(0, 0, 0, 1)
