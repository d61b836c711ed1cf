"""A binding that is done is undone without harm to the site."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

import pytest

from integrator.bindings import intents
from integrator.bindings.operator import actions, undo_guide
from integrator.core import clock
from integrator.core.errors import ActionRefused
from integrator.models import Binding, Event, Intent, Step
from integrator.models.states import Outcome
from integrator.panel_access import panel_connections
from panels.ispmanager import IspManager
from tests import factories
from tests.services.effects import Declared
from tests.services.provider import only

if TYPE_CHECKING:
    from tests.services.provider import Provider, Workers


def test_a_done_binding_is_undone_without_harm_to_the_site(
    provider: Provider, workers: Workers
) -> None:
    run = workers.finish(provider.start(1))
    done = only(run=run)
    bm = panel_connections.billmanager()
    with pytest.raises(ActionRefused):
        undo_guide.release(done.pk, "anna")
    manual = undo_guide.to_manual(done.pk, "anna")
    service = bm.services.form(done.service_id or 0)
    assert service.module_id == manual
    assert undo_guide.to_manual(done.pk, "anna") == manual  # again harms nothing
    with pytest.raises(ActionRefused):
        undo_guide.release(done.pk, "anna")

    bm.transport.act("vhost.delete", {"elid": done.service_id or 0}, send_by=time.monotonic() + 5)
    undo_guide.release(done.pk, "anna")
    undone = only(run=run)
    assert (undone.state, undone.reserved) == ("cancelled", False)
    assert undo_guide.state_of(undone).released
    ledger = provider.sandbox.ledger()
    assert ledger["hosting_accounts_deleted"] == []
    assert ledger["hosting_accounts_created"] == []
    assert ledger["limit_pushes"] == []
    assert Event.objects.filter(binding=undone, why__key="binding.on_manual").exists()
    told = actions.retry(Binding.objects.filter(pk=undone.pk), "anna")
    assert told.retried == []

    again = workers.finish(provider.start(rows=provider.csv(provider.accounts[:1])))
    assert only(run=again).state == "done"


def test_a_lost_answer_to_the_module_change_is_read_back(
    provider: Provider, workers: Workers
) -> None:
    run = workers.finish(provider.start(1))
    done = only(run=run)
    provider.sandbox.faults(
        {"panel": None, "func": "vhost.edit", "kind": "reset_before", "when": {"sok": "ok"}}
    )
    with pytest.raises(ActionRefused):
        undo_guide.to_manual(done.pk, "anna")
    assert Intent.objects.get(kind=undo_guide.KIND).outcome == "unknown"
    provider.sandbox.faults()
    with pytest.raises(ActionRefused):  # it may still land
        undo_guide.to_manual(done.pk, "anna")
    Intent.objects.update(settles_at=clock.now() - dt.timedelta(seconds=1))
    undo_guide.to_manual(done.pk, "anna")
    assert set(Intent.objects.filter(kind=undo_guide.KIND).values_list("outcome", flat=True)) == {
        "nothing",
        "done",
    }


def test_a_service_that_was_bound_again_must_be_put_on_manual_again(db: None) -> None:
    """To delete it on the word of the first time would delete the site."""
    binding = factories.done()
    before = clock.now() - dt.timedelta(minutes=5)
    Step.objects.filter(binding=binding).update(finished_at=before)
    made = intents.new(Declared(undo_guide.KIND, 7), 1, binding=binding)
    made.save()
    intents.settle(made, Outcome.DONE)
    assert undo_guide.state_of(binding).manual is not None

    close = intents.new(Declared("close", 7), 1, binding=binding)
    close.save()  # sent by a retry: it may have happened
    assert undo_guide.state_of(binding).manual is None
    with pytest.raises(ActionRefused):
        undo_guide.to_manual(binding.pk, "anna")
    intents.settle(close, Outcome.REFUSED)
    assert undo_guide.state_of(binding).manual is not None
    # Closed by hand meanwhile, and found so.
    Step.objects.filter(binding=binding, number=7).update(finished_at=clock.now())
    assert undo_guide.state_of(binding).manual is None


def test_a_site_that_is_gone_is_told_with_what_was_done(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = workers.finish(provider.start(1))
    done = Binding.objects.get(run=run)
    undo_guide.to_manual(done.pk, "anna")
    line = panel_connections.billmanager().transport
    line.act("vhost.delete", {"elid": done.service_id or 0}, send_by=4e9)
    monkeypatch.setattr(IspManager, "account", lambda _isp, _username: None)
    assert "backup" in undo_guide.release(done.pk, "anna")
    done.refresh_from_db()
    assert (done.state, done.reserved) == ("cancelled", False)
