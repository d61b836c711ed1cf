"""What people and panels do between two looks: nothing is taken for what it was a moment ago."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from integrator.bindings import intents, transitions
from integrator.bindings.operator import actions, undo_guide
from integrator.bindings.refusal import ActionRefused
from integrator.bindings.transitions import Claim, LeaseLostError
from integrator.bindings.work import crediting
from integrator.core import clock
from integrator.models import Binding, Canary, Event, Intent, Panel, Step, Window
from integrator.models.states import Outcome
from integrator.panel_access import panel_connections
from integrator.panel_access.panel_stop import PanelStoppedError
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.runs import cohorts, run_start, run_state
from integrator.windows import canaries, lease, order_handover, readings, server_users
from integrator.windows.phases import orders, restoring
from integrator.windows.post_checks import plan_recheck, post_checks
from integrator.windows.switching import switches
from panels.billmanager.modules import Modules
from panels.billmanager.plans import PlanModule
from panels.billmanager.services import Service
from panels.ispmanager import IspManager
from tests import factories

if TYPE_CHECKING:
    from panels.billmanager import BillManager
    from panels.billmanager.modules import Module
    from tests.services.provider import Provider, Workers


def test_a_service_that_was_bound_again_must_be_put_on_manual_again(db: None) -> None:
    """To delete it on the word of the first time would delete the site."""
    binding = factories.done()
    before = clock.now() - dt.timedelta(minutes=5)
    Step.objects.filter(binding=binding).update(finished_at=before)
    made = intents.new(undo_guide.KIND, 7, 1, {}, {}, binding=binding)
    made.save()
    intents.settle(made, Outcome.DONE)
    assert not undo_guide.state_of(binding).needs_manual

    close = intents.new("close", 7, 1, {}, {}, binding=binding)
    close.save()  # sent by a retry: it may have happened
    assert undo_guide.state_of(binding).needs_manual
    with pytest.raises(ActionRefused):
        undo_guide.to_manual(binding.pk, "anna")
    intents.settle(close, Outcome.REFUSED)
    assert not undo_guide.state_of(binding).needs_manual
    # Closed by hand meanwhile, and found so.
    Step.objects.filter(binding=binding, number=7).update(finished_at=clock.now())
    assert undo_guide.state_of(binding).needs_manual


def test_cancelling_a_run_that_is_paused_at_that_moment_says_so(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = factories.run()
    binding = factories.binding(run=run)
    real = run_state.change

    def meanwhile(run: Any, *args: Any, **kwargs: Any) -> bool:
        type(run).objects.filter(pk=run.pk).update(state="paused")
        return real(run, *args, **kwargs)

    monkeypatch.setattr(run_state, "change", meanwhile)
    with pytest.raises(ActionRefused):
        actions.cancel(run.pk, "anna")
    binding.refresh_from_db()
    assert binding.state == "queued"


def test_a_service_that_turned_out_to_be_ours_is_not_handed_over(
    provider: Provider, workers: Workers
) -> None:
    run = workers.finish(provider.start(1))
    ours = Binding.objects.get(run=run)
    order = factories.stranger(Window.objects.get(), service_id=ours.service_id)
    with pytest.raises(ActionRefused, match=f"belongs to binding b{ours.pk}"):
        order_handover.hand_over(order.pk, "anna")
    assert not Intent.objects.filter(kind=order_handover.KIND).exists()


def test_a_driver_that_lost_its_lease_after_reading_settles_nothing(
    quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settled as never happened, a cancelled binding would free its account for a second order."""
    window = factories.window("orders", due_at=clock.now())
    binding = factories.binding("waiting", window=window, waiting_for="readback")
    order = intents.new("order", 3, 1, {}, {"service": 0, "expense": 0}, binding=binding)
    order.outcome, order.settles_at = Outcome.UNKNOWN, clock.now()
    order.save()
    driver = lease.claim(window.pk)
    assert driver is not None

    def slept(*_args: Any, **_kwargs: Any) -> readings.Reading:
        Window.objects.filter(pk=window.pk).update(lease_token="another's")
        return readings.Reading([], [])

    monkeypatch.setattr(readings, "read", slept)
    with pytest.raises(LeaseLostError):
        orders._read_back(driver, cast("BillManager", None), [binding])
    order.refresh_from_db()
    assert order.outcome == "unknown"


def test_a_canary_that_is_taken_down_after_its_window_has_closed_holds_up_no_run(
    quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver slept meanwhile; nobody would ever compare that canary, and its run would wait."""
    window = factories.window("opening", due_at=clock.now())
    binding = factories.binding("waiting", window=window, waiting_for="turn")
    driver = lease.claim(window.pk)
    assert driver is not None

    def slept(*_args: Any) -> dict[str, Any]:
        Window.objects.filter(pk=window.pk).update(lease_token="", phase="closed")
        return {"active": True}

    monkeypatch.setattr(canaries, "_facts", slept)
    monkeypatch.setattr(panel_connections, "ispmanager", lambda _panel: None)
    with pytest.raises(LeaseLostError):
        canaries.watch(driver, [binding])
    assert not canaries.is_pending(binding.run)


def test_a_letter_that_cannot_be_put_back_lets_the_window_close_on_a_persons_word(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.faults(
        {"func": "pricelist.edit", "when": {"sok": "ok", "opennotify": "1"}, "kind": "refused"}
    )
    held = Choices(autoprolong=True, hold_letters=True)
    made = preview.make_from_csv(held, provider.csv(provider.accounts[:1]), "anna")
    run = run_start.start(made.pk, "anna")
    workers.until(lambda: Window.objects.filter(phase="restoring", attempts__gt=0).exists())
    window = Window.objects.get()
    actions.restore(window.pk, "anna", anyway=True)
    workers.finish(run)
    assert Binding.objects.get(run=run).state == "done"
    assert Event.objects.filter(window=window, to_state="letter").exists()


def test_restoring_anyway_leaves_out_modules_that_the_plan_no_longer_has(db: None) -> None:
    snapshot = {"modules": [{"id": number, "enabled": True} for number in (11, 12)]}
    window = factories.window("restoring", snapshot=snapshot)
    driver = lease.Driver(window, "")
    there = [PlanModule(12, "web-2", enabled=False, orderpriority=1)]
    bm = cast("BillManager", SimpleNamespace(plans=SimpleNamespace(modules=lambda _plan: there)))
    assert restoring._own(driver, bm) == [11, 12]
    window.anyway_by = "anna"
    assert restoring._own(driver, bm) == [12]
    there.clear()
    assert restoring._own(driver, bm) == [11, 12]  # never a plan without any module


def test_an_error_nobody_foresaw_ends_the_wait_for_a_canary(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.billmanager()
    long_ago = clock.now() - dt.timedelta(hours=1)
    window = factories.window("closed", after_at=clock.now(), closed_at=long_ago)
    Window.objects.filter(pk=window.pk).update(closed_at=long_ago)
    canary = factories.canary(
        window, factories.done(window=window), state="watched", password="still needed"
    )

    def broken(_canary: Canary) -> Canary:
        raise ZeroDivisionError

    monkeypatch.setattr(canaries, "compare", broken)
    with pytest.raises(ZeroDivisionError):
        post_checks.look(window.pk)
    canary.refresh_from_db()
    window.refresh_from_db()
    assert (canary.state, canary.password) == ("unproven", "")
    assert window.compared_at is not None
    assert window.alarm
    assert canary.binding.run.__class__.objects.get(pk=canary.binding.run_id).state == "paused"


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
        plan_recheck.look(window.pk)
        panel.refresh_from_db()
        return bool(panel.stopped)

    workers.until(is_stopped)
    with pytest.raises(PanelStoppedError):
        panel_connections.billmanager()


def test_a_new_user_of_an_order_that_nobody_knows_of_yet_is_ours(db: None) -> None:
    binding = factories.undecided()
    shown = Service(
        id=77, plan_id=None, plan_name="", client_id=binding.client.remote_id, client_name="",
        domain=binding.domain.upper(), username="newcomer", module_id=11, module_name="",
        status=2, item_status="", datacenter="", period=None, cost=None, expires=None,
        remoteid=None,
    )  # fmt: skip
    services = SimpleNamespace(with_username=lambda _name: [shown])
    told = server_users._by_service(
        "newcomer", cast("BillManager", SimpleNamespace(services=services))
    )
    assert told is not None
    assert told[:2] == (77, binding)


def test_a_module_that_is_not_listed_yet_is_not_made_twice(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Modules.all

    def without_ours(self: Modules) -> list[Module]:
        return [module for module in real(self) if module.kind != "manual"]

    monkeypatch.setattr(Modules, "all", without_ours)
    run = workers.finish(provider.start(1))
    failed = Binding.objects.get(run=run)
    assert failed.cause == "manual_module"
    assert "does not list it" in failed.cause_text
    assert Intent.objects.filter(kind="create_module").count() == 1
    assert provider.sandbox.ledger()["switches"] == []


def test_a_picked_canary_that_waits_for_a_decision_holds_nobody_back(db: None) -> None:
    first = factories.undecided(in_lane=True)
    picked = factories.binding(client=first.client)
    assert not cohorts._still_to_go(picked.run, picked.account_id)
    Binding.objects.filter(pk=first.pk).update(in_lane=False)
    assert cohorts._still_to_go(picked.run, picked.account_id)


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


def test_what_was_credited_for_one_account_is_not_spent_on_the_next(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first would find nothing left, and is never credited a second time."""
    first = factories.binding("waiting", credited="9.90")
    second = factories.binding("waiting", client=first.client)
    shown = SimpleNamespace(balance=Decimal("12.00"), currency_id=55)
    bm = cast("BillManager", SimpleNamespace(whoami=lambda su: shown))  # noqa: ARG005 - its name
    added: list[Decimal] = []

    def add(_claimed: Claim, _bm: BillManager, amount: Decimal, _currency: int) -> bool:
        added.append(amount)
        return True

    monkeypatch.setattr(crediting, "_add", add)
    assert crediting.credit(Claim(second, ""), bm)
    assert added == [Decimal("7.80")]
    Binding.objects.filter(pk=first.pk).update(state="cancelled")
    monkeypatch.setattr(
        transitions, "note", lambda _claimed, **fields: added.append(fields["credited"])
    )
    assert crediting.credit(Claim(second, ""), bm)
    assert added[1:] == [0]


def test_a_plan_that_a_person_has_restored_by_hand_holds_no_window(quick: None) -> None:
    window = factories.window("restoring", due_at=clock.now(), seen={"enabled": [90]})
    driver = lease.claim(window.pk)
    assert driver is not None
    there = [PlanModule(11, "web-1", enabled=True, orderpriority=1)]
    bm = cast("BillManager", SimpleNamespace(plans=SimpleNamespace(modules=lambda _plan: there)))
    with pytest.raises(switches.PlanChangedError):
        switches.turn(driver, bm, 8, [12])
    read = switches.turn(driver, bm, 8, [11])
    assert read
    assert read.enabled == [11]
