"""What is compared around a window: canaries, the servers' users, other people's orders."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrator.bindings.refusal import ActionRefused
from integrator.core import clock
from integrator.maintenance import wake_ups
from integrator.models import (
    Account,
    Binding,
    Canary,
    Event,
    Intent,
    NewUser,
    Preview,
    Run,
    StrangerOrder,
    Window,
)
from integrator.runs import run_start
from integrator.windows import foreign_orders, order_handover, server_users
from integrator.windows.post_checks import plan_recheck, post_checks
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.services.provider import Provider, Workers

S = StrangerOrder.State


def test_the_canary_is_seen_to_be_as_it_was(provider: Provider, workers: Workers) -> None:
    run = workers.finish(provider.start(3))
    provider.sound(done=3)
    _compared(workers)
    canary = Canary.objects.get()
    assert canary.state == Canary.State.UNCHANGED
    assert canary.before == canary.after
    assert canary.before["password"] == "right"
    assert canary.password == ""
    assert canary.binding.run_id == run.pk
    assert not Window.objects.exclude(alarm="").exists()
    assert not Window.objects.filter(compared_at=None).exists()


def test_a_canary_whose_limits_were_changed_stops_the_run(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.dials(close_pushes_limits=True)
    others = provider.accounts[:3]
    account = _with_another_plan(provider, others)
    preview = _preview(provider, [*others, account])
    Preview.objects.filter(pk=preview).update(canary=_account(account))
    run = run_start.start(preview, "anna")
    workers.until(lambda: Canary.objects.exclude(state="watched").exists())
    workers.finish(run)
    canary = Canary.objects.get()
    assert canary.state == Canary.State.CHANGED
    assert "preset" in canary.why
    assert run.state == "paused"
    assert "canary" in run.why
    assert len(provider.sandbox.ledger()["orders"]) == 1
    assert Window.objects.exclude(alarm="").get().alarm_seen_by == ""
    assert post_checks.seen_by(canary.window_id, "anna")
    assert not post_checks.seen_by(canary.window_id, "anna")


def test_a_canary_with_a_wrong_password_goes_no_further(
    provider: Provider, workers: Workers
) -> None:
    rows = provider.csv(provider.accounts[:1], password="certainly wrong")
    run = workers.finish(provider.start(rows=rows))
    failed = Binding.objects.get(run=run)
    assert (failed.state, failed.cause) == ("failed", "wrong_password")
    assert provider.sandbox.ledger()["switches"] == []
    assert not Canary.objects.exists()


def test_a_second_account_that_is_ours_stops_the_run(provider: Provider, workers: Workers) -> None:
    provider.sandbox.dials(close_opens=True)
    run = workers.finish(provider.start(4))
    _compared(workers)
    found = NewUser.objects.exclude(binding=None).get()
    assert found.binding is not None
    assert found.binding.run_id == run.pk
    assert str(found.service_id) in found.why
    assert run.state == "paused"
    assert found.username in run.why
    window = Window.objects.exclude(alarm="").get()
    assert found.username in window.alarm
    assert Event.objects.filter(window=window, to_state="alarm").exists()
    assert len(provider.sandbox.ledger()["orders"]) == 1


@pytest.mark.parametrize("second_look", [False, True])
def test_a_second_account_of_a_finished_run_pauses_others_of_its_server_and_plan(
    db: None, monkeypatch: pytest.MonkeyPatch, second_look: bool
) -> None:
    """Nothing of the finished run is left to pause; the alarm stays until a person has looked."""
    factories.billmanager()
    bound = factories.done(run=factories.run(state="finished"))
    window = factories.window("closed", plan=bound.plan, after_at=clock.now(), alarm="earlier")
    elsewhere = [factories.account(panel=factories.panel(f"other-{n}")) for n in range(3)]
    on_server = factories.binding(account=factories.account(panel=bound.account.panel))
    on_plan = factories.binding(account=elsewhere[0], plan=bound.plan)
    apart = factories.binding(account=elsewhere[1])
    over = factories.done(account=elsewhere[2], plan=bound.plan)
    user = factories.new_user(window, panel=bound.account.panel)
    told = (77, bound, "service 77 bears this username")
    if second_look:
        Window.objects.update(compared_at=clock.now())
        monkeypatch.setattr(server_users, "_by_service", lambda *_: told)
    else:
        NewUser.objects.update(service_id=77, binding=bound, why=told[2])
        monkeypatch.setattr(server_users, "of_window", lambda _: [])
    post_checks.look(window.pk)
    user.refresh_from_db()
    assert (user.service_id, user.binding) == (77, bound)
    runs = [Run.objects.get(pk=one.run_id) for one in (on_server, on_plan, apart, over, bound)]
    assert [run.state for run in runs] == ["paused", "paused", "running", "running", "finished"]
    window.refresh_from_db()
    assert window.alarm.startswith(f"earlier; new user “{user.username}”")
    assert window.alarm_seen_by == ""


def test_of_many_closed_windows_those_that_are_due_longest_are_looked_at_first(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(wake_ups, "wake", lambda _kind, row: woken.append(row))
    now = clock.now()
    first, *_, last = [
        factories.window("closed", after_at=now - dt.timedelta(minutes=plan_recheck.MOST - n))
        for n in range(plan_recheck.MOST + 1)
    ]
    again = factories.window("closed", recheck_at=now, after_at=now)
    factories.window("closed", after_at=now + dt.timedelta(minutes=1))
    with CaptureQueriesContext(connection) as asked:
        assert plan_recheck.due() == plan_recheck.MOST + 1
    assert len(asked) == 2
    assert len(set(woken)) == len(woken)
    assert {first.pk, again.pk} <= set(woken)
    assert last.pk not in woken


def test_strangers_orders_are_listed_left_alone_and_handed_over_on_a_persons_word(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.dials(task_delay=2.5)
    run = provider.start(1)
    window, stranger = _met_by_a_stranger(provider, workers, run)
    order = StrangerOrder.objects.get()
    assert order.service_id == stranger
    assert order.task_id
    assert not order.began_before
    tasks = {task["id"]: task for task in provider.sandbox.ledger()["tasks"]}
    assert tasks[order.task_id]["performer"] in ("", None, 0)
    assert Binding.objects.get(run=run).state == "done"

    order_handover.hand_over(order.pk, "anna")
    with pytest.raises(ActionRefused):
        order_handover.hand_over(order.pk, "boris")
    intent = Intent.objects.get(kind=order_handover.KIND)
    assert intent.outcome == "done"
    _look_until(workers, window, lambda: StrangerOrder.objects.filter(state=S.OPENED).exists())
    order.refresh_from_db()
    assert order.handed_by == "anna"
    assert order.username
    ledger = provider.sandbox.ledger()
    assert ledger["violations"] == []
    assert {row["id"]: row["status"] for row in ledger["services"]}[stranger] == 2
    assert Event.objects.filter(actor="anna", why__contains="handed to ispmanager").exists()
    # On the server a new user has appeared that is a real customer's: listed, and no alarm.
    again = workers.finish(
        provider.start(rows=provider.csv(_on_plan(provider, run, window.plan.name)))
    )
    assert again.state == "finished"
    _compared(workers)
    theirs = NewUser.objects.get(username=order.username)
    assert theirs.binding is None
    assert theirs.service_id == stranger


def test_customers_can_order_in_a_data_centre_that_no_binding_is_in(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.dials(task_delay=2.5)
    mine = next(one for one in provider.accounts if one["server"] == "isp1")
    run = provider.start(rows=provider.csv([mine]))
    _, stranger = _met_by_a_stranger(provider, workers, run, datacenter=2)
    assert StrangerOrder.objects.get().service_id == stranger
    provider.sound(done=1)


def test_a_lost_answer_to_the_handing_over_is_read_back(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.dials(task_delay=2.5)
    run = provider.start(1)
    window, _ = _met_by_a_stranger(provider, workers, run)
    provider.sandbox.faults(
        {"panel": None, "func": "task.start", "kind": "reset_after", "times": 1}
    )
    order = StrangerOrder.objects.get()
    order_handover.hand_over(order.pk, "anna")
    assert Intent.objects.get(kind=order_handover.KIND).outcome == "unknown"
    _look_until(workers, window, lambda: StrangerOrder.objects.filter(state=S.OPENED).exists())
    assert Intent.objects.get(kind=order_handover.KIND).outcome == "done"
    assert len(provider.sandbox.ledger()["hosting_accounts_created"]) <= 1


def test_openings_that_have_just_begun_are_let_finish(provider: Provider, workers: Workers) -> None:
    provider.sandbox.dials(task_delay=2.0)
    plan = provider.accounts[0]["plan"]
    number = next(p["id"] for p in provider.sandbox.ledger()["plans"] if p["name"] == plan)
    service = provider.sandbox.act(act="order", plan=number)["service"]
    run = provider.start(rows=provider.csv(provider.accounts[:1]))
    workers.finish(run)
    opened = {row["id"]: row for row in provider.sandbox.ledger()["services"]}[service]
    assert opened["status"] == 2
    assert opened["module_id"] in (11, 12, 13)
    _compared(workers)
    assert not StrangerOrder.objects.filter(state=S.MANUAL).exists()


def test_openings_that_are_stuck_are_listed_and_waited_for_once(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_orders, "GRACE", dt.timedelta(seconds=0.5))
    plan = provider.accounts[0]["plan"]
    number = next(p["id"] for p in provider.sandbox.ledger()["plans"] if p["name"] == plan)
    provider.sandbox.dials(task_delay=120.0)
    service = provider.sandbox.act(act="order", plan=number)["service"]
    provider.sandbox.dials(task_delay=0.05)
    workers.finish(provider.start(rows=provider.csv(provider.accounts[:1])))
    _compared(workers)
    order = StrangerOrder.objects.get()
    assert (order.service_id, order.began_before, order.state) == (service, True, S.OPENING)


def _compared(workers: Workers) -> None:
    """Wait until what came of every window has been looked at."""
    workers.until(lambda: not Window.objects.filter(compared_at=None).exists())


def _look_until(workers: Workers, window: Window, over: Callable[[], bool]) -> None:
    def looked() -> bool:
        post_checks.read_again(window.pk)
        return over()

    workers.until(looked)


def _with_another_plan(provider: Provider, others: list[dict[str, Any]]) -> dict[str, Any]:
    """An account that is to be bound to a plan with other limits than it has."""
    for account in provider.accounts:
        sold = {a["plan"] for a in provider.accounts if a["server"] == account["server"]}
        if account not in others and sold - {account["plan"]}:
            return {**account, "plan": min(sold - {account["plan"]})}
    raise AssertionError("every server sells one plan alone")


def _account(account: dict[str, Any]) -> Account:
    return Account.objects.get(panel__name=account["server"], username=account["username"])


def _preview(provider: Provider, accounts: list[dict[str, Any]]) -> int:
    from integrator.previews import preview
    from integrator.previews.choices import Choices

    made = preview.make_from_csv(Choices(autoprolong=True), provider.csv(accounts), "anna")
    return made.pk


def _on_plan(provider: Provider, run: Any, plan: str) -> list[dict[str, Any]]:
    """Another account of the same plan on the server that the run's account is on."""
    bound = set(Binding.objects.filter(run=run).values_list("account__username", flat=True))
    sold = set(Binding.objects.filter(run=run).values_list("account__panel__name", flat=True))
    return [
        a
        for a in provider.accounts
        if a["plan"] == plan and a["server"] in sold and a["username"] not in bound
    ][:1]


def _met_by_a_stranger(
    provider: Provider, workers: Workers, run: Run, *, datacenter: int = 1
) -> tuple[Window, int]:
    """The run's one window, closed, and the service that a customer ordered in it meanwhile."""
    workers.until(lambda: Window.objects.filter(phase="orders").exists())
    with workers.asleep():  # else the window may be over before the customer has ordered
        plan = Window.objects.get(phase="orders").plan
        order = {"act": "order", "plan": plan.remote_id, "datacenter": datacenter}
        stranger = provider.sandbox.act(**order)["service"]
    workers.finish(run)
    provider.sandbox.dials(task_delay=0.2)  # what is handed over is opened well before it settles
    window = Window.objects.get()
    _look_until(workers, window, lambda: StrangerOrder.objects.filter(state=S.MANUAL).exists())
    return window, stranger
