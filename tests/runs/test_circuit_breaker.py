"""A panel that refuses, locks out or is overloaded is left in peace, and a person is told."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from integrator.bindings.operator import actions
from integrator.bindings.work import password_attempts
from integrator.core import clock
from integrator.models import Binding, Call, Panel
from integrator.panel_access import adaptive_limit, panel_connections
from panels.coremanager.errors import PanelError

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database

ORDER = "v2.vhost.order.param"


def test_failures_in_a_row_pause_the_run_and_resuming_keeps_the_limit(
    provider: Provider, workers: Workers, settings: Settings
) -> None:
    settings.BREAKER = 2
    refused = {"panel": None, "func": ORDER, "kind": "refused", "times": 100}
    # Of one plan and one by one: several windows would have orders under way at once.
    plans = [account["plan"] for account in provider.accounts]
    plan = max(plans, key=plans.count)
    alike = [account for account in provider.accounts if account["plan"] == plan]
    run = provider.start(rows=provider.csv(alike), cohort=1)
    workers.until(lambda: Binding.objects.filter(run=run, state="done").exists())
    provider.sandbox.faults(refused)
    workers.finish(run)
    failed = Binding.objects.filter(run=run, state="failed")
    assert run.state == "paused"
    assert "2 bindings in a row" in run.why
    assert "refused the order" in run.why
    assert failed.count() == 2
    assert Panel.objects.get(pk=provider.panel.pk).failures == {"3 order_refused": 2}

    actions.resume(run.pk, "anna")
    workers.finish(run)
    assert run.state == "paused"
    assert failed.count() == 4

    provider.sandbox.faults()
    actions.resume(run.pk, "anna")
    actions.retry(failed, "anna")
    workers.finish(run)
    provider.sound(done=len(alike))
    assert Panel.objects.get(pk=provider.panel.pk).failures_in_row == 0


def test_what_speaks_of_one_client_alone_is_not_counted(
    provider: Provider, workers: Workers, settings: Settings
) -> None:
    settings.BREAKER = 1
    rows = provider.csv(provider.accounts[:3], password="")
    run = workers.finish(provider.start(rows=rows))
    assert run.state == "finished"
    assert set(Binding.objects.values_list("cause", flat=True)) == {"no_password"}


def test_wrong_passwords_in_a_row_stop_before_the_server_locks_us_out(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password_attempts, "SPACING", 0.01)
    provider.sandbox.dials(lock_after=password_attempts.STOP_AFTER + 1)
    servers = {a["server"] for a in provider.accounts}
    one = min(servers, key=lambda s: -sum(a["server"] == s for a in provider.accounts))
    many = [a for a in provider.accounts if a["server"] == one]
    assert len(many) > password_attempts.STOP_AFTER
    run = provider.start(rows=provider.csv(many, password="certainly wrong"), check_passwords=True)
    workers.finish(run, limit=120)
    workers.until(lambda: not Binding.objects.filter(state="running").exists())
    assert run.state == "paused"
    assert "wrong on" in run.why
    tried = Call.objects.filter(func="auth", outcome="refused").count()
    assert tried == password_attempts.STOP_AFTER
    panel = Panel.objects.get(name=one)
    assert panel.wrong_passwords == password_attempts.STOP_AFTER
    assert panel_connections.ispmanager(panel).whoami().level >= 29  # we are not locked out
    with workers.asleep():  # the next one is tried as soon as they may
        actions.resume(run.pk, "anna")
        panel.refresh_from_db()
        assert panel.wrong_passwords == 0


def test_the_first_sign_of_a_lock_out_stops_all_tries(provider: Provider, workers: Workers) -> None:
    provider.sandbox.dials(lock_after=2)
    servers = {a["server"] for a in provider.accounts}
    one = min(servers, key=lambda s: -sum(a["server"] == s for a in provider.accounts))
    many = [a for a in provider.accounts if a["server"] == one]
    run = provider.start(rows=provider.csv(many, password="certainly wrong"), check_passwords=True)
    workers.finish(run, limit=120)
    workers.until(lambda: not Binding.objects.filter(state="running").exists())
    assert run.state == "paused"
    assert "lock" in run.why
    assert Call.objects.filter(func="auth", outcome="refused").count() == 3
    causes = list(Binding.objects.filter(state="failed").values_list("cause", flat=True))
    assert sorted(causes) == ["password_blocked", "wrong_password", "wrong_password"]


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


def test_a_busy_panel_gets_fewer_calls_at_a_time_and_recovers(
    provider: Provider,
) -> None:
    provider.sandbox.dials(parallel=1, parallel_over="refuse", latency=150)
    bm = panel_connections.billmanager(Panel.objects.get(pk=provider.panel.pk))
    refused: list[PanelError] = []

    def ask() -> None:
        try:
            bm.modules.all()
        except PanelError as error:
            refused.append(error)
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert refused
    panel = Panel.objects.get(pk=provider.panel.pk)
    assert panel.pace == panel.max_parallel // 2
    assert "503" in panel.pace_why
    assert adaptive_limit.limit(panel.name) == panel.pace
    Panel.objects.filter(pk=panel.pk).update(
        pace_at=clock.now() - adaptive_limit.QUIET - dt.timedelta(1)
    )
    adaptive_limit.recover()
    assert adaptive_limit.limit(panel.name) == panel.max_parallel // 2 + 1
    for _ in range(panel.max_parallel):
        Panel.objects.filter(pk=panel.pk).update(pace_at=clock.now() - dt.timedelta(minutes=1))
        adaptive_limit.recover()
    healed = Panel.objects.get(pk=panel.pk)
    assert healed.pace is None
    assert healed.pace_why == ""
    assert adaptive_limit.limit(panel.name) == panel.max_parallel
