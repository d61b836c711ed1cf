"""Passwords are tried before an order, in turn, and never until a server locks us out."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings.operator import actions
from integrator.bindings.work import password_attempts, preparation
from integrator.core import clock
from integrator.messages.message import say
from integrator.models import Binding, Call, Canary, Intent, Panel
from integrator.panel_access import panel_connections
from panels.ispmanager import IspManager
from tests.services.provider import only

if TYPE_CHECKING:
    from tests.services.provider import Provider, Workers


def _tries(monkeypatch: pytest.MonkeyPatch) -> list[dt.datetime]:
    """When passwords were tried, added to as it happens."""
    tries: list[dt.datetime] = []
    real = IspManager.password_is_right

    def tried(self: IspManager, *words: str) -> Any:
        tries.append(clock.now())
        return real(self, *words)

    monkeypatch.setattr(IspManager, "password_is_right", tried)
    return tries


def test_a_wrong_password_is_found_before_anything_is_ordered(
    provider: Provider, workers: Workers
) -> None:
    account = provider.accounts[0]
    rows = provider.csv([account], password="certainly wrong")
    run = workers.finish(provider.start(rows=rows, check_passwords=True))
    failed = only(run=run)
    assert (failed.state, failed.cause) == ("failed", "wrong_password")
    assert provider.sandbox.ledger()["orders"] == []
    assert "certainly wrong" not in str(failed.cause_text)

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


def test_without_a_password_nothing_is_ordered(provider: Provider, workers: Workers) -> None:
    account = provider.accounts[0]
    run = workers.finish(provider.start_without_passwords(workers))
    failed = only(run=run)
    assert (failed.state, failed.cause) == ("failed", "no_password")
    assert provider.sandbox.ledger()["orders"] == []
    found = Binding.objects.filter(pk=failed.pk)
    actions.retry(found, "anna", password=account["password"])
    workers.finish(run)
    provider.sound(done=1)


@pytest.mark.any_database
def test_wrong_passwords_in_a_row_stop_before_the_server_locks_us_out(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password_attempts, "MIN_SPACING", 0.01)
    provider.sandbox.dials(lock_after=password_attempts.MAX_WRONG_IN_ROW + 1)
    servers = {a["server"] for a in provider.accounts}
    one = min(servers, key=lambda s: -sum(a["server"] == s for a in provider.accounts))
    many = [a for a in provider.accounts if a["server"] == one]
    assert len(many) > password_attempts.MAX_WRONG_IN_ROW
    run = provider.start(rows=provider.csv(many, password="certainly wrong"), check_passwords=True)
    workers.finish(run, limit=120)
    workers.until(lambda: not Binding.objects.filter(state="running").exists())
    assert run.state == "paused"
    assert "wrong on" in str(run.why)
    tried = Call.objects.filter(func="auth", outcome="refused").count()
    assert tried == password_attempts.MAX_WRONG_IN_ROW
    panel = Panel.objects.get(name=one)
    assert panel.wrong_passwords == password_attempts.MAX_WRONG_IN_ROW
    assert panel_connections.ispmanager(panel).whoami().level >= 29  # we are not locked out
    with workers.asleep():  # the next one is tried as soon as they may
        actions.resume(run.pk, "anna")
        panel.refresh_from_db()
        assert panel.wrong_passwords == 0


@pytest.mark.any_database
def test_the_first_sign_of_a_lock_out_stops_all_tries(provider: Provider, workers: Workers) -> None:
    provider.sandbox.dials(lock_after=2)
    servers = {a["server"] for a in provider.accounts}
    one = min(servers, key=lambda s: -sum(a["server"] == s for a in provider.accounts))
    many = [a for a in provider.accounts if a["server"] == one]
    run = provider.start(rows=provider.csv(many, password="certainly wrong"), check_passwords=True)
    workers.finish(run, limit=120)
    workers.until(lambda: not Binding.objects.filter(state="running").exists())
    assert run.state == "paused"
    assert "lock" in str(run.why)
    assert Call.objects.filter(func="auth", outcome="refused").count() == 3
    causes = list(Binding.objects.filter(state="failed").values_list("cause", flat=True))
    assert sorted(causes) == ["password_blocked", "wrong_password", "wrong_password"]


def test_a_canarys_password_waits_for_its_turn(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = _tries(monkeypatch)
    with workers.asleep():
        run = provider.start(1)
        turn = clock.now() + dt.timedelta(seconds=2)
        Panel.objects.filter(kind="ispmanager").update(password_try_at=turn)
    workers.finish(run)
    assert tries[0] >= turn
    workers.until(lambda: not Canary.objects.filter(state="watched").exists())
    assert Canary.objects.get().state == Canary.State.UNCHANGED
    assert len(tries) == 2
    provider.sound(done=1)


def test_passwords_whose_reset_is_in_doubt_are_tried_in_turn(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password_attempts, "MIN_SPACING", 0.5)
    tries = _tries(monkeypatch)
    one = provider.accounts[0]["server"]
    several = [account for account in provider.accounts if account["server"] == one][:3]
    fault = {"func": "user.edit", "kind": "reset_after", "times": len(several)}
    provider.sandbox.faults({"panel": None, **fault})
    with workers.asleep():
        run = provider.start(rows=provider.csv(several, password=""), reset_passwords=True)
        turn = clock.now() + dt.timedelta(seconds=2)
        Panel.objects.filter(name=one).update(password_try_at=turn)
    workers.until(lambda: not Binding.objects.filter(run=run, prepared=False).exists())
    resets = Intent.objects.filter(kind=preparation.RESET)
    assert set(resets.values_list("why", flat=True)) == {say("password.works")}
    assert len(tries) >= len(several)
    assert tries[0] >= turn
    apart = [later - sooner for sooner, later in itertools.pairwise(tries)]
    assert min(apart) >= dt.timedelta(seconds=password_attempts.MIN_SPACING)
    workers.finish(run)
    provider.sound(done=len(several))
