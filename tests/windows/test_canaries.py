"""The first account of a window is compared with what it was before, in its turn."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings.claims import LeaseLostError
from integrator.core import clock
from integrator.models import Account, Binding, Canary, Panel, Preview, Window
from integrator.panel_access import panel_connections
from integrator.runs import run_start
from integrator.windows import canaries, lease
from integrator.windows.post_checks import post_checks
from panels.ispmanager import IspManager
from tests import factories
from tests.services.provider import compared

if TYPE_CHECKING:
    from tests.services.provider import Provider, Workers


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


def _looked_at(workers: Workers) -> None:
    """Wait until all that comes right after the window has been compared and written."""
    later = clock.now() + post_checks.SECOND_LOOK_AFTER / 2
    workers.until(lambda: Window.objects.filter(after_at__gt=later).exists())


def _told_to(read: list[str], real: Any) -> Any:
    """What ``real`` does, telling first that it was called."""

    def told(*words: Any) -> Any:
        read.append(real.__name__)
        return real(*words)

    return told


def test_the_canary_is_seen_to_be_as_it_was(provider: Provider, workers: Workers) -> None:
    run = workers.finish(provider.start(3))
    provider.sound(done=3)
    compared(workers)
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
    assert "preset" in str(canary.why)
    assert run.state == "paused"
    assert "canary" in str(run.why)
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


def test_a_canary_is_compared_when_its_turn_comes_and_by_the_name_it_had(
    provider: Provider, workers: Workers
) -> None:
    workers.finish(provider.start(1))
    _looked_at(workers)
    canary = Canary.objects.select_related("binding__account").get()
    account = canary.binding.account
    Canary.objects.update(
        state="watched", password=provider.accounts[0]["password"], compared_at=None
    )
    turn = clock.now() + dt.timedelta(seconds=1.5)
    Panel.objects.filter(kind="ispmanager").update(password_try_at=turn)
    Account.objects.filter(pk=account.pk).update(username="corrected")
    Window.objects.update(compared_at=None, after_at=clock.now())
    post_checks.look(canary.window_id)
    assert Canary.objects.get().state == "watched"
    workers.until(lambda: not Canary.objects.filter(state="watched").exists())
    assert clock.now() >= turn
    assert Canary.objects.get().state == Canary.State.UNCHANGED


def test_a_canary_that_waits_for_its_turn_reads_nothing_again_and_is_given_up_in_the_end(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers.finish(provider.start(1))
    _looked_at(workers)
    Canary.objects.update(
        state="watched", password=provider.accounts[0]["password"], compared_at=None
    )
    Panel.objects.update(password_try_at=clock.now() + dt.timedelta(hours=1))
    seen = {name: value for name, value in Window.objects.get().seen.items() if name != "listed"}
    Window.objects.update(compared_at=None, closed_at=clock.now(), seen=seen)
    read: list[str] = []
    for name in ("accounts", "account", "limits"):
        monkeypatch.setattr(IspManager, name, _told_to(read, getattr(IspManager, name)))

    def look() -> Canary:
        Window.objects.update(after_at=clock.now())
        post_checks.look(Window.objects.get().pk)
        return Canary.objects.get()

    with workers.asleep():
        assert look().state == "watched"
        assert set(read) == {"accounts"}
        read.clear()
        assert look().state == "watched"
        Window.objects.update(closed_at=clock.now() - post_checks.MAX_DELAY)
        canary = look()
    assert (canary.state, canary.why) == ("unproven", post_checks.NO_TURN)
    assert (canary.password, read) == ("", [])
    assert str(post_checks.NO_TURN) in str(Window.objects.get().alarm)


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
