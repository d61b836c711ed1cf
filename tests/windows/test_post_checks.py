"""What is compared around a window: the servers' users, and what is ours twice."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from integrator.core import clock
from integrator.maintenance import wake_ups
from integrator.messages.message import say, verbatim
from integrator.models import Binding, Event, NewUser, Run, Window
from integrator.panel_access import panel_connections
from integrator.windows import server_users
from integrator.windows.post_checks import closed_window, doubles, post_checks
from panels.billmanager.payments import Expense
from tests import factories
from tests.services.provider import compared
from tests.statements import Statements

if TYPE_CHECKING:
    from panels.billmanager import BillManager
    from tests.services.provider import Provider, Workers


def test_a_second_account_that_is_ours_stops_the_run(provider: Provider, workers: Workers) -> None:
    provider.sandbox.dials(close_opens=True)
    run = workers.finish(provider.start(4))
    compared(workers)
    found = NewUser.objects.exclude(binding=None).get()
    assert found.binding is not None
    assert found.binding.run_id == run.pk
    assert str(found.service_id) in str(found.why)
    assert run.state == "paused"
    assert found.username in str(run.why)
    window = Window.objects.exclude(alarm="").get()
    assert found.username in str(window.alarm)
    assert Event.objects.filter(window=window, to_state="alarm").exists()
    assert len(provider.sandbox.ledger()["orders"]) == 1


@pytest.mark.parametrize("second_look", [False, True])
def test_a_second_account_of_a_finished_run_pauses_others_of_its_server_and_plan(
    db: None, monkeypatch: pytest.MonkeyPatch, second_look: bool
) -> None:
    """Nothing of the finished run is left to pause; the alarm stays until a person has looked."""
    factories.billmanager()
    bound = factories.done(run=factories.run(state="finished"))
    window = factories.window(
        "closed", plan=bound.plan, after_at=clock.now(), alarm=verbatim("earlier")
    )
    elsewhere = [factories.account(panel=factories.panel(f"other-{n}")) for n in range(3)]
    on_server = factories.binding(account=factories.account(panel=bound.account.panel))
    on_plan = factories.binding(account=elsewhere[0], plan=bound.plan)
    apart = factories.binding(account=elsewhere[1])
    over = factories.done(account=elsewhere[2], plan=bound.plan)
    user = factories.new_user(window, panel=bound.account.panel)
    told = (77, bound, say("user.of_service", service=77))
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
    assert str(window.alarm).startswith(f"earlier; new user “{user.username}”")
    assert window.alarm_seen_by == ""


def test_of_many_closed_windows_those_that_are_due_longest_are_looked_at_first(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(wake_ups, "wake", lambda _kind, row: woken.append(row))
    now = clock.now()
    first, *_, last = [
        factories.window("closed", after_at=now - dt.timedelta(minutes=closed_window.MAX_WAKES - n))
        for n in range(closed_window.MAX_WAKES + 1)
    ]
    again = factories.window("closed", recheck_at=now, after_at=now)
    factories.window("closed", after_at=now + dt.timedelta(minutes=1))
    with Statements() as asked:
        assert closed_window.due() == closed_window.MAX_WAKES + 1
    assert len(asked) == 2
    assert len(set(woken)) == len(woken)
    assert {first.pk, again.pk} <= set(woken)
    assert last.pk not in woken


def test_a_new_user_of_an_order_that_nobody_knows_of_yet_is_ours(db: None) -> None:
    binding = factories.undecided()
    shown = factories.listed(
        77,
        plan_id=None,
        client_id=binding.client.remote_id,
        domain=binding.domain.upper(),
        username="newcomer",
        status=2,
        period=None,
        remoteid=None,
    )
    services = SimpleNamespace(with_username=lambda _name: [shown])
    told = server_users._by_service(
        "newcomer", cast("BillManager", SimpleNamespace(services=services))
    )
    assert told is not None
    assert told[:2] == (77, binding)


@pytest.mark.any_database
def test_what_was_doubled_is_told_with_its_amount(provider: Provider, workers: Workers) -> None:
    """A second service for the same domain, which no binding has."""
    workers.finish(provider.start(1))
    window, binding = Window.objects.get(), Binding.objects.get()
    bm = panel_connections.billmanager()
    assert doubles.find(window, bm) == []
    other = provider.ordered_by_its_client()
    (text,) = doubles.find(window, bm)
    assert str(text).startswith(f"b{binding.pk} of client ")
    amounts = [row["amount"] for row in provider.sandbox.ledger()["charges"]]
    assert f"{other} ({amounts[-1]}" in str(text)


def test_a_second_charge_of_a_service_of_ours_is_told(db: None) -> None:
    binding = factories.done()
    who, service = binding.client.remote_id, binding.service_id
    first, second = (Expense(n, "", who, "", binding.price, "EUR", service) for n in (101, 102))
    assert list(doubles._of_charges([binding], [first])) == []
    (told,) = doubles._of_charges([binding], [first, second])
    assert told.key == "charge.unexplained"
