"""What the simulation found, each told once more by itself over real HTTP."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings import decisions
from integrator.bindings.operator import actions, undecided_evidence, undo_guide
from integrator.core import clock
from integrator.models import Binding, Call, Event, Intent, Plan, Run, Step, Window
from integrator.panel_access import mark_column
from integrator.steps import step3_order as step3
from integrator.windows.phases import tasks
from panels.billmanager.modules import Modules
from tests import factories
from tests.services.provider import open_windows

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from tests.services.provider import Provider, Workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]


def nobody_has_money(provider: Provider) -> None:
    """Since discovery the clients have spent what they had."""
    for client in provider.sandbox.world()["clients"]:
        provider.sandbox.act(act="set_balance", client=client["id"], balance=0)


def test_what_a_refused_order_left_is_looked_for_before_ordering_again(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """The window closed between the refusal and the look; the next one ordered a second time."""
    provider = provider_with()
    nobody_has_money(provider)
    run = provider.start(1)

    plan = Binding.objects.get(run=run).plan.remote_id
    look = {"filter": "on", "pricelist": str(plan), "p_col": "-id"}  # as the window reads services
    provider.sandbox.faults({"func": "vhost", "when": look, "kind": "http_500", "times": None})
    workers.until(lambda: Intent.objects.filter(kind="order", outcome="refused").exists())
    for window in Window.objects.exclude(phase="closed"):
        actions.restore(window.pk, "anna")
    provider.sandbox.faults()
    workers.finish(run)
    binding = Binding.objects.get(run=run)
    assert binding.cause == "balance"
    client = binding.client.remote_id
    provider.sandbox.act(act="set_balance", client=client, balance=1_000_000)
    actions.retry(Binding.objects.filter(pk=binding.pk), "anna")
    workers.finish(run)
    ledger = provider.sound(done=1)
    assert len(ledger["orders"]) == 1


def test_a_task_of_ours_is_closed_though_the_way_to_its_second_form_was_lost(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--dialect", "billmanager5")
    run = provider.start(1)
    provider.sandbox.faults(
        {"panel": None, "func": "task.work.edit", "kind": "http_500", "times": 1}
    )
    workers.finish(run)
    provider.sound(done=1)
    assert Intent.objects.filter(kind="take").count() == 1


def test_an_order_that_is_decided_not_to_exist_is_ordered_anew(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """A colleague had deleted our unpaid service: payment was tried for ever."""
    provider = provider_with()
    nobody_has_money(provider)
    run = workers.finish(provider.start(1))
    binding = Binding.objects.get(run=run)
    assert (binding.cause, binding.step) == ("balance", 4)
    provider.sandbox.act(act="close_service", service=binding.service_id)
    provider.sandbox.act(act="set_balance", client=binding.client.remote_id, balance=1_000_000)
    Binding.objects.filter(pk=binding.pk).update(
        state="undecided", cause="order_unknown", service_id=binding.service_id
    )
    actions.try_again(binding.pk, "anna")
    binding.refresh_from_db()
    assert (binding.step, binding.service_id) == (3, None)


def test_what_a_late_switch_took_off_is_not_taken_for_the_plan(
    provider: Provider, workers: Workers
) -> None:
    """It landed between two windows; the second one kept the damage as the plan's own state."""
    run = workers.finish(provider.start(1))
    window = Window.objects.get(bindings__run=run)
    plan = Plan.objects.get(pk=window.plan_id)
    made = Intent.objects.filter(window=window, kind="switch")
    off = next(one for one in made if one.before["request"] == {
        "plan": plan.remote_id, "module": 11, "on": False})  # fmt: skip
    Intent.objects.filter(pk=off.pk).update(outcome="nothing")
    provider.sandbox.act(act="switch_module", plan=plan.remote_id, module=11, on=False)
    others = [a for a in provider.accounts[1:] if a["plan"] == plan.name][:1]
    workers.finish(provider.start(rows=provider.csv(others)))
    on = {row["id"]: row["modules"] for row in provider.sandbox.ledger()["plans"]}
    assert sorted(on[plan.remote_id]) == [11, 12]
    assert Event.objects.filter(why__startswith="a switch of ours came late").exists()


def test_the_plan_is_read_when_nothing_lies_between_that_and_the_snapshot(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A colleague switched a module off while we made ours; restoring switched it on again."""
    real = Modules.create_manual

    def while_another_works(self: Modules, *words: Any, send_by: float) -> None:
        provider.sandbox.act(act="switch_module", plan=21, module=12, on=False)
        real(self, *words, send_by=send_by)

    monkeypatch.setattr(Modules, "create_manual", while_another_works)
    workers.finish(provider.start(1))
    assert Binding.objects.get().state == "done"
    window = Window.objects.get(phase="closed", snapshot__isnull=False)
    assert (window.plan.remote_id, window.held) == (21, False)
    plans = {plan["id"]: plan["modules"] for plan in provider.sandbox.ledger()["plans"]}
    assert plans[21] == [11]


def test_a_plan_is_read_again_where_switching_off_took_long(
    provider: Provider, workers: Workers
) -> None:
    """A colleague switched our manual modules off meanwhile; our next switch left none at all."""
    slow = {"func": "pricelist.processing.suspend", "kind": "slow_after", "seconds": 2.5}
    provider.sandbox.faults({"panel": None, **slow, "times": 1})
    run = provider.start(1)
    workers.until(lambda: Intent.objects.filter(kind="switch", before__request__on=False).exists())
    for module in Window.objects.get().manual_modules.values():
        provider.sandbox.act(act="switch_module", plan=21, module=module, on=False)
    workers.until(lambda: Window.objects.filter(held=True).exists())
    actions.pause(run.pk, "anna")
    ledger = provider.sandbox.ledger()
    assert {plan["id"]: plan["modules"] for plan in ledger["plans"]}[21] == [12]
    assert ledger["violations"] == []


def test_a_task_that_is_seen_closed_is_not_looked_at_again_and_again(
    provider_with: Callable[..., Provider], workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its close had an unknown outcome, and the service does not become active: a person decides.

    The task was read as fast as the panel could answer, for as long as the window stayed open.
    """
    monkeypatch.setattr(tasks, "PATIENCE", dt.timedelta(seconds=2))
    provider = provider_with("--close-delay", "600")
    close = {"func": "task.edit", "kind": "reset_after", "times": 1}
    provider.sandbox.faults({"panel": None, "when": {"clicked_button": "close"}, **close})
    provider.start(1)
    workers.until(lambda: Binding.objects.get().state == "undecided")
    binding = Binding.objects.get()
    assert binding.cause == "close_unknown"
    made = Intent.objects.get(kind="close")
    assert (made.outcome, made.why) == ("done", f"task {binding.task_id} is closed")
    looks = Call.objects.filter(func="task.edit", at__gt=made.settles_at)
    assert looks.count() <= 2


def test_an_order_of_a_plans_modules_that_is_another_than_before_is_said(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """A switch of ours that came late was undone at the end, and the module came last."""
    provider = provider_with("--dialect", "status-field", "--close-delay", "3")
    run = provider.start(1)
    workers.until(lambda: Binding.objects.filter(step=7, waiting_for__gt="").exists())
    for on in (False, True):
        provider.sandbox.act(act="switch_module", plan=21, module=11, on=on)
    workers.finish(run)
    assert Binding.objects.get().state == "done"
    plans = {plan["id"]: plan["modules"] for plan in provider.sandbox.ledger()["plans"]}
    assert plans[21] == [12, 11]
    assert Event.objects.filter(subject="window", why__contains="in another order").exists()


def _late_beside_the_clients_own(
    provider: Provider, workers: Workers, seconds: float
) -> tuple[Run, Binding, int]:
    """A run whose order is so late while its client orders the same; its binding, that service."""
    late = {"func": "v2.vhost.order.param", "kind": "slow_before", "seconds": seconds, "times": 1}
    provider.sandbox.faults({"panel": None, **late})
    run = provider.start(1)
    workers.until(lambda: Intent.objects.filter(kind="order").exists())
    return run, Binding.objects.get(), provider.ordered_by_its_client()


@pytest.mark.parametrize("dialect", ["billmanager6", "status-field"])
def test_what_a_client_ordered_by_himself_is_not_taken_for_ours(
    provider_with: Callable[..., Provider], workers: Workers, dialect: str
) -> None:
    """Our order got lost while its client ordered the same; that service does not bear our mark.

    One dialect lists the mark, the other has it in the service's form alone.
    """
    provider = provider_with("--dialect", dialect)
    run, mine, theirs = _late_beside_the_clients_own(provider, workers, 40)
    workers.until(lambda: Binding.objects.get().state == "undecided")
    mine.refresh_from_db()
    assert (mine.cause, mine.service_id) == ("unmarked_service", None)
    assert str(theirs) in mine.cause_text
    offered = {one.id: one.unfit for one in undecided_evidence.options(mine)}
    assert offered == {theirs: ""}

    actions.try_again(mine.pk, "anna")
    workers.finish(run)
    mine.refresh_from_db()
    assert mine.state == "done"
    services = {row["id"]: row for row in provider.sandbox.ledger()["services"]}
    assert services[mine.service_id]["remoteid"] == mine.marker
    assert services[theirs]["username"] != mine.account.username


@pytest.mark.parametrize("dialect", ["billmanager6", "status-field"])
def test_what_a_client_ordered_and_got_by_himself_is_not_taken_for_ours(
    provider_with: Callable[..., Provider], workers: Workers, dialect: str
) -> None:
    """His service went to the ispmanager module, as it should; ours is ordered besides it."""
    provider = provider_with("--dialect", dialect)
    run, mine, theirs = _late_beside_the_clients_own(provider, workers, 40)
    opened = {"module": 11, "username": "hisown"}
    provider.sandbox.act(act="activate_service", service=theirs, **opened)
    workers.until(lambda: Binding.objects.get().state == "undecided")
    mine.refresh_from_db()
    assert (mine.cause, mine.service_id) == ("unmarked_service", None)
    actions.try_again(mine.pk, "anna")
    workers.finish(run)
    mine.refresh_from_db()
    assert mine.state == "done"
    assert mine.service_id != theirs


def test_an_order_that_is_known_to_be_ours_fails_on_a_wrong_module_and_can_be_undone(
    provider: Provider, workers: Workers
) -> None:
    """It was a question, whose one answer led back to it with another window on the plan."""
    run = provider.start(1)
    workers.until(lambda: Binding.objects.filter(service_id__gt=0).exists())
    ours = Binding.objects.get().service_id
    assert ours is not None
    provider.sandbox.act(act="activate_service", service=ours, module=11, username="second")
    workers.finish(run)
    failed = Binding.objects.get()
    assert (failed.state, failed.cause) == ("failed", "wrong_module")
    assert undo_guide.state_of(failed).possible
    windows = Window.objects.count()
    workers.until(lambda: not open_windows())
    assert Window.objects.count() == windows


@pytest.mark.parametrize(
    ("evidence", "outcome", "surely"),
    [
        ({"remoteid": None}, "unknown", False),
        ({"remoteid": "another"}, "unknown", False),
        ({"remoteid": "ours"}, "unknown", True),
        ({"remoteid": None, "mark_in_form": "ours"}, "unknown", True),
        ({"remoteid": None}, "done", True),
    ],
)
def test_a_service_with_the_wrong_module_is_surely_ours_if_marked_or_confirmed(
    evidence: dict[str, str | None], outcome: str, *, surely: bool
) -> None:
    """Otherwise a person may say that it is not, even where the panel shows no marks at all."""
    binding = factories.undecided()
    Binding.objects.filter(pk=binding.pk).update(cause="wrong_module")
    Intent.objects.filter(binding=binding).update(outcome=outcome)
    own = {key: binding.marker if mark == "ours" else mark for key, mark in evidence.items()}
    Step.objects.filter(binding=binding, number=3).update(evidence=own)
    binding.refresh_from_db()
    assert decisions.is_ordered(binding) is surely


def test_an_order_of_ours_that_lands_late_is_told_from_the_clients_own(
    provider: Provider, workers: Workers, settings: Settings
) -> None:
    settings.SETTLE_SECONDS = 8.0
    run, mine, theirs = _late_beside_the_clients_own(provider, workers, 7)
    workers.finish(run)
    mine.refresh_from_db()
    assert (mine.state, Intent.objects.filter(kind="order").count()) == ("done", 1)
    assert mine.service_id != theirs


@pytest.mark.parametrize(
    ("evidence", "remoteid", "confirmed", "apart"),
    [
        (None, "", False, True),
        (None, "", True, False),
        (None, None, False, False),
        ("ours", None, True, True),
        ("ours", "", True, True),
        ("", "", False, False),
        ("", None, False, False),
        ("adopted", "", True, False),
    ],
)
def test_whether_a_missing_mark_tells_a_service_apart_is_learnt_from_orders(
    evidence: str | None, remoteid: str | None, confirmed: bool, apart: bool
) -> None:
    binding = factories.binding()
    marker = binding.marker
    if evidence is not None:
        seen = {"remoteid": marker if evidence == "ours" else ""}
        seen |= {"adopted_by": "anna"} if evidence == "adopted" else {}
        made = {"binding": binding, "started_at": clock.now()}
        Step.objects.create(number=3, state="done", evidence=seen, **made)
    assert mark_column.told_apart(remoteid, confirmed=confirmed) is apart


def test_a_worker_that_stood_still_after_its_look_at_the_plan_orders_nothing_upon_it(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Stopped for 28 s before its order was declared, it ordered upon what was long ago."""
    settings.LEASE_SECONDS = 60
    real, stopped = clock.Clock(), dt.timedelta(0)

    class Stoppable(clock.Clock):
        def now(self) -> dt.datetime:
            return real.now() + stopped

    def after_a_stop(binding: Binding) -> dict[str, Any]:
        nonlocal stopped
        monkeypatch.setattr(step3, "describe", describe)
        stopped = dt.timedelta(seconds=28)
        return describe(binding)

    describe = step3.describe
    monkeypatch.setattr(step3, "describe", after_a_stop)
    before = clock.install(Stoppable())
    try:
        run = workers.finish(provider.start(1))
    finally:
        clock.install(before)
    first, second = Intent.objects.filter(binding__run=run, kind="order").order_by("pk")
    assert (first.outcome, first.result["not_sent"], second.outcome) == ("nothing", True, "done")
    assert len(provider.sound(done=1)["orders"]) == 1
