"""Rows of lists and forms that cannot be read: known to be there, and nobody else is held up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.urls import reverse

from integrator.inventory import unreadable_rows
from integrator.messages.message import of_json
from integrator.models import Client, Panel
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.refresh import discovery

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client as Browser

    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database


def test_a_balance_that_cannot_be_read_blocks_that_client_alone(
    provider_with: Callable[..., Provider], workers: Workers, admin: Browser, capsys: Any
) -> None:
    provider = provider_with()
    odd = provider.accounts[0]["client"]
    provider.sandbox.dials(odd_cells={f"account {odd} balance": "1,234 EUR"})
    before = Client.objects.exclude(remote_id=odd).count()
    found = discovery.discover(provider.panel)
    assert found.counts["unreadable"] == 1
    assert Client.objects.get(remote_id=odd).balance is None
    assert Client.objects.exclude(remote_id=odd).exclude(balance=None).count() == before
    assert Client.objects.filter(gone_at=None).count() == before + 1

    mine = [a for a in provider.accounts if a["client"] == odd]
    others = [a for a in provider.accounts if a["client"] != odd][:2]
    rows = provider.csv([*mine, *others])
    made = preview.make_from_csv(Choices(autoprolong=True), rows, "anna")
    for row in made.rows.select_related("client"):
        assert row.client
        blocked = row.client.remote_id == odd
        assert row.state == ("blocked" if blocked else "ready")
        said = " ".join(str(of_json(one)) for one in row.reasons)
        assert ("1,234 EUR" in said) == blocked
    run = workers.finish(provider.start(rows=provider.csv(others)))
    assert run.state == "finished"
    provider.sound(done=2)

    page = admin.get(reverse("panel", args=[provider.panel.pk])).content.decode()
    assert "1,234 EUR" in page
    assert str(odd) in page
    call_command("discover", "--json")
    told = json.loads(capsys.readouterr().out)["panels"]["billing"]
    assert told["unreadable_rows"][0]["value"] == "1,234 EUR"

    provider.sandbox.dials(odd_cells={})
    discovery.discover(provider.panel)
    assert unreadable_rows.count(Panel.objects.get(pk=provider.panel.pk)) == 0
    assert preview.make_from_csv(
        Choices(autoprolong=True), provider.csv(mine), "anna"
    ).rows.filter(state="blocked").count() == 0  # fmt: skip


def test_a_client_whose_row_is_lost_is_not_gone(provider: Provider) -> None:
    odd = provider.accounts[0]["client"]
    provider.sandbox.dials(odd_cells={f"account {odd} id": "?"})
    discovery.discover(provider.panel)
    (lost,) = unreadable_rows.of(Panel.objects.get(pk=provider.panel.pk))
    assert (lost.func, lost.key, lost.column) == ("account", "?", "id")
    assert not Client.objects.exclude(gone_at=None).exists()


def test_a_plan_whose_form_is_odd_ends_no_discovery(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from panels.billmanager.plans import Plans
    from panels.coremanager.errors import UnexpectedAnswer

    real, odd = Plans.modules, provider.accounts[0]["plan"]

    def modules(self: Plans, plan_id: int) -> Any:
        if next(p for p in self.all() if p.id == plan_id).name == odd:
            raise UnexpectedAnswer("no column tells what is enabled")
        return real(self, plan_id)

    monkeypatch.setattr(Plans, "modules", modules)
    monkeypatch.setattr(Plans, "compared", modules)
    assert discovery.discover(provider.panel).counts["plans"] == 3
    made = preview.make_from_csv(Choices(autoprolong=True), provider.csv(provider.accounts), "anna")
    for row in made.rows.select_related("plan"):
        keys = {one["key"] for one in row.reasons}
        assert row.plan
        assert ("plan_unread" in keys) == (row.plan.name == odd)
