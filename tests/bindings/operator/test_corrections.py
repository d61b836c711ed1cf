"""What a person may correct of a binding, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.bindings.operator import actions
from integrator.core.errors import ActionRefused, Refused
from integrator.models import Account, Binding, Event
from integrator.previews.corrections import Wish, corrected
from tests.services.provider import only

if TYPE_CHECKING:
    from tests.services.provider import Provider, Workers


def test_before_the_order_all_can_be_corrected_after_it_only_names(
    provider: Provider, workers: Workers
) -> None:
    account = provider.accounts[0]
    run = workers.finish(provider.start_without_passwords(workers))
    failed = only(run=run)
    other = next(a for a in provider.accounts if a["client"] != account["client"])
    with pytest.raises(Refused):
        corrected(failed, Wish(client="nobody@nowhere.example"))
    with pytest.raises(Refused):
        corrected(failed, Wish(username="nobody"))
    with pytest.raises(Refused):
        corrected(failed, Wish(domain="other.example"))
    Account.objects.filter(pk=failed.account_id).update(
        domains=[*failed.account.domains, "other.example"]
    )
    wish = Wish(client=other["email"], domain="other.example")
    changes = corrected(failed, wish).fields
    assert changes["client"].remote_id == other["client"]
    assert set(changes) == {"client", "su", "domain"}
    told = actions.retry(
        Binding.objects.filter(pk=failed.pk), "anna", password=account["password"],
        corrected=changes,
    )  # fmt: skip
    assert told.retried == [failed.pk]
    workers.finish(run)
    provider.sound(done=1)
    row = provider.sandbox.ledger()["orders"][0]
    assert (row["client"], row["domain"]) == (other["client"], "other.example")
    assert Event.objects.filter(binding=failed, why__key="binding.corrected").exists()

    Binding.objects.filter(pk=failed.pk).update(state="failed", cause="task_refused")
    late = only(pk=failed.pk)
    with pytest.raises(ActionRefused):
        actions.retry(
            Binding.objects.filter(pk=late.pk), "anna", corrected={"domain": "third.example"}
        )


def test_another_username_of_the_same_server_takes_the_place(
    provider: Provider, workers: Workers
) -> None:
    account = provider.accounts[0]
    run = workers.finish(provider.start_without_passwords(workers))
    failed = only(run=run)
    other = next(
        a
        for a in provider.accounts
        if a["server"] == account["server"] and a["username"] != account["username"]
    )
    changes = corrected(failed, Wish(username=other["username"])).fields
    actions.retry(
        Binding.objects.filter(pk=failed.pk), "anna", password=other["password"],
        corrected=changes,
    )  # fmt: skip
    workers.finish(run)
    provider.sound(done=1)
    assert only(run=run).account.username == other["username"]
    assert only(run=run).domain == other["domains"][0]
    left = Account.objects.get(panel__name=account["server"], username=account["username"])
    assert left.binding is None
