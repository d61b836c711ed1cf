"""What is learnt of a panel while somebody else learns or corrects it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrator.models import Panel
from integrator.panel_access import stored_dialect
from panels import billmanager

if TYPE_CHECKING:
    import pytest

    from tests.services.provider import Provider


def test_what_a_worker_learns_while_names_are_found_is_kept(provider: Provider) -> None:
    stale = Panel.objects.get(pk=provider.panel.pk)
    Panel.objects.filter(pk=stale.pk).update(learnt={"take_keeps_form": True})
    stored_dialect.learn_dialect(stale)
    stale.refresh_from_db()
    assert stale.learnt == {"take_keeps_form": True}
    Panel.objects.filter(pk=stale.pk).update(dialect={**stale.dialect, "version": "5.0"})
    stored_dialect.learn_dialect(stale)
    stale.refresh_from_db()
    assert stale.learnt == {}


def test_a_name_that_is_learnt_or_corrected_while_the_panel_is_asked_is_not_lost(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt = {"value": "opened_by", "where": "a task's form", "sure": True, "kind": ""}
    real = billmanager.discover

    def meanwhile(*words: Any, **more: Any) -> Any:
        found = real(*words, **more)
        row = Panel.objects.get(pk=provider.panel.pk)
        row.dialect["task_username"] = learnt
        row.overrides = {"cart": "basket"}
        row.save()
        return found

    monkeypatch.setattr(billmanager, "discover", meanwhile)
    panel = Panel.objects.get(pk=provider.panel.pk)
    assert panel.dialect["task_username"] is None
    stored_dialect.learn_dialect(panel)
    kept = Panel.objects.get(pk=panel.pk)
    for row in (panel, kept):
        assert row.dialect["task_username"] == learnt
        assert row.overrides == {"cart": "basket"}
