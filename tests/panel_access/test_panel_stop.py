"""A panel that refuses our login is stopped, and all of its runs with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.bindings.operator import actions
from integrator.core import clock
from integrator.maintenance import sweep
from integrator.messages.message import verbatim
from integrator.models import Binding, Call, Panel, Window
from integrator.panel_access import panel_connections
from integrator.panel_access.panel_stop import PanelStoppedError
from integrator.windows.post_checks import closed_window
from tests.services.provider import only

if TYPE_CHECKING:
    from tests.services.provider import Provider, Workers


@pytest.mark.any_database
def test_a_staff_login_that_is_refused_stops_the_panel(
    provider: Provider, workers: Workers
) -> None:
    panel = Panel.objects.get(pk=provider.panel.pk)
    panel.task_username, panel.task_password = "tasks", "no longer right"
    panel.save(update_fields=["task_username", "task_password"])
    run = workers.finish(provider.start(2))
    assert run.state == "paused"
    panel.refresh_from_db()
    assert panel.stopped
    assert Call.objects.filter(func="auth", outcome="refused").count() <= 2
    for plan in provider.sandbox.ledger()["plans"]:
        assert plan["modules"] in ([11, 12], [13]), plan
    waiting = Binding.objects.get(run=run, step__gte=6)
    assert waiting.service_id

    Panel.objects.filter(pk=panel.pk).update(stopped="", task_username="", task_password="")
    actions.resume(run.pk, "anna")
    workers.finish(run)
    actions.retry(Binding.objects.filter(run=run, state="failed"), "anna")
    workers.finish(run)
    provider.sound(done=2)


def test_a_wrong_login_stops_the_panel_and_retry_works_after_correction(
    provider: Provider, workers: Workers
) -> None:
    from integrator.panel_setup.checks import panel_check

    right = provider.panel.password
    panel = Panel.objects.get(pk=provider.panel.pk)
    panel.password = "no longer right"
    panel.save(update_fields=["password"])
    run = workers.finish(provider.start(2))
    assert Panel.objects.get(pk=panel.pk).stopped
    assert run.state == "paused"
    assert "password" in str(run.why)
    assert only(run=run, state="failed").cause == "login"
    assert provider.sandbox.ledger()["switches"] == []

    panel.password = right
    panel.save(update_fields=["password"])
    panel_check.check(panel)
    assert not Panel.objects.get(pk=panel.pk).stopped
    actions.resume(run.pk, "anna")
    actions.retry(Binding.objects.filter(run=run, state="failed"), "anna")
    workers.finish(run)
    provider.sound(done=2)


def test_a_login_refused_after_a_window_stops_the_panel(
    provider: Provider, workers: Workers
) -> None:
    """Each sweep would try it again, until the panel locks the login out."""
    workers.finish(provider.start(1))
    window = Window.objects.get()
    panel = Panel.objects.get(pk=provider.panel.pk)
    panel.password = "no longer right"
    panel.save(update_fields=["password"])

    def is_stopped() -> bool:
        # Again where a worker has looked at the same time, with the password as it was.
        Window.objects.filter(pk=window.pk).update(recheck_at=clock.now(), after_at=None)
        closed_window.look(window.pk)
        panel.refresh_from_db()
        return bool(panel.stopped)

    workers.until(is_stopped)
    with pytest.raises(PanelStoppedError):
        panel_connections.billmanager()


def test_runs_of_a_panel_that_was_stopped_while_it_was_read_are_paused(
    provider: Provider, workers: Workers
) -> None:
    with workers.asleep():
        run = provider.start(2)
        Panel.objects.filter(kind="billmanager").update(stopped=verbatim("its login was refused"))
        sweep.sweep()
        run.refresh_from_db()
        assert (run.state, str(run.why)) == ("paused", "its login was refused")
        actions.resume(run.pk, "anna")
        sweep.sweep()
        run.refresh_from_db()
        assert run.state == "paused"
        Panel.objects.update(stopped="")
        actions.resume(run.pk, "anna")
    workers.finish(run)
    provider.sound(done=2)
