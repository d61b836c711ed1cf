"""What people do, and what they do not know: retries, decisions, colleagues, strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.bindings.operator import actions
from integrator.bindings.refusal import ActionRefused
from integrator.models import Binding, Event, Intent, Panel, Window
from integrator.runs import run_start, run_state
from tests.services.provider import only

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from tests.services.provider import Provider, Workers

ORDER = "v2.vhost.order.param"


def test_a_wrong_password_is_found_before_anything_is_ordered(
    provider: Provider, workers: Workers
) -> None:
    account = provider.accounts[0]
    rows = provider.csv([account], password="certainly wrong")
    run = workers.finish(provider.start(rows=rows, check_passwords=True))
    failed = only(run=run)
    assert (failed.state, failed.cause) == ("failed", "wrong_password")
    assert provider.sandbox.ledger()["orders"] == []
    assert "certainly wrong" not in failed.cause_text

    report = actions.retry(
        Binding.objects.filter(pk=failed.pk), "anna", password=account["password"]
    )
    assert report.retried == [failed.pk]
    workers.finish(run)
    provider.sound(done=1)


def test_a_reset_password_is_the_one_that_works(provider: Provider, workers: Workers) -> None:
    account = provider.accounts[0]
    rows = provider.csv([account], password="")
    workers.finish(provider.start(rows=rows, reset_passwords=True))
    ledger = provider.sandbox.ledger()
    assert [row["username"] for row in ledger["password_changes"]] == [account["username"]]
    assert only().state == "done"


def test_one_binding_per_account(provider: Provider, workers: Workers) -> None:
    from integrator.core.errors import Refused

    rows = provider.csv(provider.accounts[:2])
    run = provider.start(rows=rows)
    with pytest.raises(Refused) as refused:
        provider.start(rows=rows)
    assert len(refused.value.lines) == 2
    workers.finish(run)
    provider.sound(done=2)
    with pytest.raises(Refused):
        provider.start(rows=rows)


def test_starting_a_preview_twice_is_one_run(provider: Provider, workers: Workers) -> None:
    run = provider.start(2)
    assert run_start.start(run.preview_id, "boris").pk == run.pk
    workers.finish(run)
    provider.sound(done=2)


def test_an_unpaid_order_is_paid_where_it_lies(provider: Provider, workers: Workers) -> None:
    """The client spent the balance meanwhile: the refused order left something behind."""
    provider.sandbox.dials(refused_leaves="service")
    run = provider.start(1)
    client = only(run=run).client
    provider.sandbox.act(act="set_balance", client=client.remote_id, balance=0)
    workers.finish(run)
    failed = only(run=run)
    assert (failed.state, failed.cause, failed.step) == ("failed", "balance", 4)
    assert provider.sandbox.ledger()["charges"] == []

    provider.sandbox.act(act="set_balance", client=client.remote_id, balance=10_000_00)
    actions.retry(Binding.objects.filter(pk=failed.pk), "anna")
    workers.finish(run)
    ledger = provider.sound(done=1)
    assert len(ledger["services"]) == 1


def test_a_plan_without_the_servers_module_fails_those_alone(
    provider: Provider, workers: Workers
) -> None:
    run = provider.start(6)
    victim = Binding.objects.filter(run=run).select_related("plan").first()
    assert victim is not None
    Binding.objects.filter(pk=victim.pk).update(module_id=4711)
    workers.finish(run)
    while run.state == "paused":  # one of those was the canary
        actions.resume(run.pk, "anna")
        workers.finish(run)
    failed = only(run=run, state="failed")
    assert failed.pk == victim.pk
    assert failed.cause == "no_module"
    provider.sound(done=5)


def test_pausing_lets_nothing_new_begin(provider: Provider, workers: Workers) -> None:
    run = provider.start(8)
    workers.until(lambda: Binding.objects.filter(state="done").exists())
    actions.pause(run.pk, "anna", "lunch")
    workers.until(lambda: not Window.objects.exclude(phase="closed").exists())
    orders = len(provider.sandbox.ledger()["orders"])
    done = Binding.objects.filter(state="done").count()
    assert orders == done
    assert done < 8
    provider.sound(done=done)
    actions.resume(run.pk, "anna")
    workers.finish(run)
    provider.sound(done=8)
    assert Event.objects.filter(subject="run", actor="anna", to_state="paused").exists()


def test_cancelling_frees_what_was_not_ordered(provider: Provider, workers: Workers) -> None:
    run = provider.start(8)
    workers.until(lambda: Binding.objects.filter(state="done").exists())
    actions.cancel(run.pk, "anna", "wrong plan")
    workers.until(
        lambda: (
            not Window.objects.exclude(phase="closed").exists()
            and not Binding.objects.filter(state__in=["queued", "running", "waiting"]).exists()
        )
    )
    provider.sound()
    for binding in Binding.objects.filter(run=run, state="cancelled"):
        assert binding.reserved == (binding.service_id is not None)
        assert binding.password == ""


def test_a_colleagues_task_is_left_alone(provider: Provider, workers: Workers) -> None:
    """While our reading of the task is on its way, a colleague takes it."""
    provider.sandbox.faults(
        {"panel": None, "func": "task.edit", "kind": "slow_before", "seconds": 2, "times": 1}
    )
    run = provider.start(1)
    workers.until(lambda: only(run=run).step == 7)
    binding = only(run=run)
    provider.sandbox.act(act="take_task", task=binding.task_id)
    workers.until(lambda: only(run=run).waiting_for == "colleague")
    assert not Intent.objects.filter(kind__in=["take", "close"]).exists()
    provider.sandbox.act(
        act="close_task",
        task=binding.task_id,
        module=binding.module_id,
        username=binding.account.username,
    )
    workers.finish(run)
    provider.sound(done=1)


def test_somebody_who_switches_a_module_holds_the_window(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.dials(task_delay=2.0)
    run = provider.start(1)
    workers.until(
        lambda: (
            Binding.objects.filter(waiting_for="readback").exists()
            or Binding.objects.filter(step__gte=6).exists()
        )
    )
    window = Window.objects.select_related("plan").exclude(phase="closed").get()
    provider.sandbox.act(act="switch_module", plan=window.plan.remote_id, module=11, on=True)
    workers.until(lambda: Window.objects.filter(pk=window.pk, held=True).exists())
    window.refresh_from_db()
    assert "somebody else" in window.cause
    actions.pause(run.pk, "anna")  # else the next window opens before anybody can look
    actions.restore(window.pk, "anna", anyway=True)
    workers.until(lambda: Window.objects.get(pk=window.pk).phase == "closed")
    plans = {p["id"]: p["modules"] for p in provider.sandbox.ledger()["plans"]}
    assert plans[window.plan.remote_id] == [11, 12]
    actions.resume(run.pk, "anna")
    workers.finish(run)


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
    assert "password" in run.why
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


def test_a_panel_that_goes_away_in_the_middle(provider: Provider, workers: Workers) -> None:
    run = provider.start(4)
    workers.until(lambda: Window.objects.filter(phase="orders").exists())
    provider.sandbox.kill()
    workers.until(lambda: Panel.objects.filter(away_since__isnull=False).exists())
    provider.sandbox.start()
    workers.finish(run, limit=90)
    provider.sound(done=4)


def test_two_services_that_could_be_ours_are_a_persons_to_decide(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--dialect", "toolbar-take")
    run, ours = provider.ordered_twice(workers)
    workers.until(lambda: only(run=run).state == "undecided")
    binding = only(run=run)
    assert binding.cause == "several_services"
    assert not run_state.can_move(run)
    with pytest.raises(ActionRefused):
        actions.adopt(binding.pk, 4711, "anna")
    actions.adopt(binding.pk, ours, "anna")
    workers.finish(run)
    if run.state == "paused":  # the window has told of the second service
        actions.resume(run.pk, "anna")
        workers.finish(run)
    done = only(run=run)
    assert (done.state, done.service_id) == ("done", ours)
    orders = [row for row in provider.sandbox.ledger()["services"] if row["remoteid"]]
    assert len(orders) == 1


def test_a_gate_that_cannot_be_passed_holds_the_window(
    provider_with: Callable[..., Provider], workers: Workers, settings: Settings
) -> None:
    settings.WINDOW_LIMIT = 2.0
    provider = provider_with("--task-delay", "12")
    run = provider.start(1)
    workers.until(lambda: Window.objects.filter(held=True).exists())
    window = Window.objects.get(held=True)
    assert "not seen with the manual module" in window.cause
    actions.keep_waiting(window.pk, "anna")
    assert not Window.objects.get(pk=window.pk).held
    workers.finish(run)
    provider.sound(done=1)


def test_without_a_password_nothing_is_ordered(provider: Provider, workers: Workers) -> None:
    account = provider.accounts[0]
    run = workers.finish(provider.start(rows=provider.csv([account], password="")))
    failed = only(run=run)
    assert (failed.state, failed.cause) == ("failed", "no_password")
    assert provider.sandbox.ledger()["orders"] == []
    found = Binding.objects.filter(pk=failed.pk)
    actions.retry(found, "anna", password=account["password"])
    workers.finish(run)
    provider.sound(done=1)


def test_cancelling_a_finished_run_frees_what_failed_in_it(
    provider: Provider, workers: Workers
) -> None:
    account = provider.accounts[0]
    rows = provider.csv([account], password="")
    run = workers.finish(provider.start(rows=rows))
    assert only(run=run).state == "failed"
    actions.cancel(run.pk, "anna")
    cancelled = only(run=run)
    assert (cancelled.state, cancelled.reserved) == ("cancelled", False)
    with pytest.raises(ActionRefused):
        actions.cancel(run.pk, "anna")
    again = workers.finish(provider.start(rows=provider.csv([account])))
    assert only(run=again).state == "done"
