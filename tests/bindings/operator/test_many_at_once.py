"""*Retry*, *cancel* and *pause* of many bindings: few statements, the same outcome for each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings import states, transitions
from integrator.bindings.operator import actions, retries
from integrator.core.clock import now
from integrator.messages.message import say
from integrator.models import Account, Binding, Event, Intent, Plan, Run
from integrator.models.states import BindingState, Outcome
from tests import factories
from tests.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _billmanager(db: None) -> None:
    factories.billmanager()


def _failed(count: int) -> Run:
    run = factories.run(total=count)
    plan = Plan.objects.first() or factories.plan()
    for _ in range(count):
        factories.binding("failed", run=run, plan=plan, cause="wrong_password", password="old")
    return run


def _queued(count: int) -> Run:
    run = factories.run(total=count)
    for number in range(count):
        binding = factories.binding("queued", run=run)
        if number % 3 == 0:
            _order(binding, Outcome.DONE)
    return run


def _order(binding: Binding, outcome: str, **fields: Any) -> Intent:
    moment = now()
    values = {"step": 3, "attempt": 1, "kind": "order", "at": moment, "send_by": moment,
              "settles_at": moment}  # fmt: skip
    return Intent.objects.create(binding=binding, outcome=outcome, **{**values, **fields})


def _begin_with_a_canary() -> None:
    """Let one go ahead of all others, so that no window opens for those that are counted."""
    actions.retry(_failed(1).bindings.all(), "anna")


def _statements(act: Callable[[], object]) -> int:
    with Statements() as told:
        act()
    return len(told)


def test_retry_takes_as_many_statements_for_fifty_as_for_five() -> None:
    few, many = _failed(5), _failed(50)
    own = [
        {pk: f"new {pk}" for pk in run.bindings.values_list("account", flat=True)}
        for run in (few, many)
    ]
    _begin_with_a_canary()
    counts = [
        _statements(partial(actions.retry, run.bindings.all(), "anna", passwords=passwords))
        for run, passwords in zip((few, many), own, strict=True)
    ]
    assert counts[0] == counts[1]
    assert counts[0] <= 60
    for binding in Binding.objects.filter(run=many, window=None):
        assert (binding.state, binding.password) == ("queued", f"new {binding.account_id}")


@pytest.mark.parametrize("action", ["pause", "cancel"])
def test_an_action_takes_as_many_statements_for_fifty_as_for_five(
    action: str, operator: Client
) -> None:
    few, many = _queued(5), _queued(50)
    counts = [
        _statements(lambda run=run: operator.post(f"/runs/{run.pk}/{action}/"))  # type: ignore[misc]
        for run in (few, many)
    ]
    assert counts[0] == counts[1]
    assert counts[0] <= 30
    assert Run.objects.filter(state="paused" if action == "pause" else "cancelled").count() == 2


def test_the_button_of_a_cause_takes_as_many_statements_for_fifty_as_for_five(
    operator: Client,
) -> None:
    few, many = _failed(5), _failed(50)
    _begin_with_a_canary()
    counts = [
        _statements(
            lambda run=run: operator.post(  # type: ignore[misc]
                f"/runs/{run.pk}/retry/", {"cause": "wrong_password", "password": "new"}
            )
        )
        for run in (few, many)
    ]
    assert counts[0] == counts[1]
    assert not Binding.objects.filter(state="failed").exists()


def test_each_is_queued_as_it_was_one_by_one() -> None:
    run = factories.run()
    plain = factories.binding("failed", run=run, password="one", deaths=2, attempts=3, cause="debt")
    bare = factories.binding("failed", run=run, prepared=True)
    later = factories.binding("failed", 7, run=run, prepared=True, service_id=70)
    done = factories.done(run=run)
    undone = factories.binding("cancelled", 7, run=run, service_id=71)
    rival = factories.binding("cancelled", run=run)
    factories.binding("queued", account=rival.account)
    told = actions.retry(run.bindings.all(), "anna")
    assert told.retried == [plain.pk, bare.pk, later.pk]
    assert [pk for pk, _why in told.refused] == [done.pk, undone.pk, rival.pk]
    assert [why for _pk, why in told.refused] == [
        "it is Done",
        "it was undone; bind its account in a new run",
        "another binding has its account",
    ]
    found = {one.pk: one for one in Binding.objects.all()}
    assert (found[plain.pk].prepared, found[plain.pk].due_at) == (True, None)
    assert (found[plain.pk].deaths, found[plain.pk].attempts) == (0, 0)
    assert (found[plain.pk].cause, found[plain.pk].password) == ("", "one")
    # Without a password it fails before its order, not after it.
    assert found[bare.pk].prepared is False
    assert found[bare.pk].due_at is not None
    assert (found[later.pk].prepared, found[later.pk].service_id) == (True, 70)
    assert found[plain.pk].version > plain.version
    events = Event.objects.filter(binding__in=told.retried, to_state="queued")
    assert events.count() == 3
    one = events.get(binding=later)
    assert (one.from_state, one.actor, one.details) == ("failed", "anna", {"step": 7})
    assert (one.run_id, one.why) == (run.pk, say("binding.retried"))
    assert abs((now() - one.at).total_seconds()) < 60


def test_of_two_for_one_account_the_first_has_it_and_the_account_points_at_it() -> None:
    run = factories.run()
    account = factories.account()
    first = factories.binding("cancelled", run=run, account=account)
    second = factories.binding("cancelled", run=run, account=account)
    told = actions.retry(run.bindings.all(), "anna")
    assert told.retried == [first.pk]
    assert told.refused == [(second.pk, "another binding has its account")]
    assert Account.objects.get(pk=account.pk).binding_id == first.pk


def test_one_whose_account_is_taken_at_that_moment_keeps_no_other_from_its_retry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = factories.run()
    bindings = [factories.binding("cancelled", run=run) for _ in range(5)]
    factories.binding("queued", account=bindings[3].account)
    monkeypatch.setattr(retries, "_taken", lambda *_: set())  # it was taken after that look
    told = actions.retry(run.bindings.all(), "anna")
    assert told.refused == [(bindings[3].pk, "another binding has its account")]
    assert told.retried == [one.pk for one in bindings if one is not bindings[3]]
    assert Event.objects.filter(to_state="queued").count() == 4


def test_portions_are_queued_and_cancelled_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transitions, "MAX_ALIKE", 3)
    run = _failed(8)
    told = actions.retry(run.bindings.all(), "anna")
    assert told.retried == list(run.bindings.values_list("pk", flat=True))
    actions.cancel(run.pk, "anna")
    assert set(run.bindings.values_list("state", "reserved")) == {("cancelled", False)}


def test_cancelling_keeps_what_may_have_ordered() -> None:
    run = factories.run()
    free = factories.binding("queued", run=run, password="x")
    failed = factories.binding("failed", run=run, cause="debt")
    window = factories.window()
    joined = factories.binding("waiting", run=run, window=window, in_lane=True)
    ordered = factories.binding("waiting", 6, run=run)
    inside = factories.binding("waiting", 6, run=run, window=window)
    unknown = factories.binding("waiting", run=run)
    watched = factories.binding("waiting", run=run, window=window)
    refused = factories.binding("waiting", run=run)
    credited = factories.binding("waiting", 4, run=run)
    held = factories.binding("running", run=run, lease_token="t")
    for one in (ordered, inside):
        _order(one, Outcome.DONE)
    for one in (unknown, watched):
        _order(one, Outcome.UNKNOWN)
    _order(refused, Outcome.REFUSED)
    _order(credited, Outcome.DONE)
    _order(credited, Outcome.UNKNOWN, kind="credit", step=4)
    actions.cancel(run.pk, "anna")
    found = {one.pk: one for one in Binding.objects.all()}
    ends = {pk: (one.state, one.reserved, one.cause) for pk, one in found.items()}
    assert ends == {
        free.pk: ("cancelled", False, ""),
        failed.pk: ("cancelled", False, ""),
        joined.pk: ("cancelled", False, ""),
        ordered.pk: ("cancelled", True, ""),
        inside.pk: ("waiting", True, ""),
        unknown.pk: ("undecided", True, "order_unknown"),
        watched.pk: ("waiting", True, ""),
        refused.pk: ("undecided", True, "order_unknown"),
        credited.pk: ("undecided", True, "payment_unknown"),
        held.pk: ("running", True, ""),
    }
    assert found[free.pk].password == ""
    assert (found[joined.pk].window_id, found[joined.pk].in_lane) == (None, False)
    assert found[unknown.pk].cause_text == say("binding.cancelled_unknown")
    # The event tells where it was when that was said.
    left = Event.objects.get(binding=joined, to_state="cancelled")
    assert (left.from_state, left.window_id, left.actor) == ("waiting", window.pk, "anna")
    assert Event.objects.get(binding=unknown, to_state="undecided").actor == "integrator"


def test_a_change_that_may_not_be_is_refused_for_all() -> None:
    done = factories.done()
    with pytest.raises(states.ImpossibleChangeError, match="cannot go from done to queued"):
        transitions.change_alike([done], BindingState.QUEUED, why=say("binding.retried"))
    assert Binding.objects.get().state == "done"
