"""A claim is for what was looked for, and every binding that joins a window is served in it."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING

from django.db import transaction

from integrator.bindings import claims, leases, transitions
from integrator.bindings.work import dispatch
from integrator.core import clock
from integrator.maintenance import wake_ups
from integrator.messages.message import verbatim
from integrator.models import Binding, Event, states
from integrator.models.states import Phase
from tests import factories

if TYPE_CHECKING:
    import pytest

    from integrator.models import Run
    from tests.services.provider import Provider, Workers


def claim_to_order(run: Run, *, most: int = 1) -> list[claims.Claim]:
    ordering = Binding.objects.filter(run=run, step__in=(3, 4))
    return claims.claim(ordering, lane=True, most=most)


def claim_to_close(run: Run, *, most: int = 1) -> list[claims.Claim]:
    return claims.claim(Binding.objects.filter(run=run, step=7), most=most)


def test_a_binding_that_went_on_meanwhile_is_not_claimed(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = provider.start(1)
    Binding.objects.filter(run=run).update(due_at=clock.now())

    def another_worker_moves_it_on(_count: int) -> int:
        Binding.objects.filter(run=run).update(step=7)
        transitions.wake(Binding.objects.filter(run=run))
        return 0

    monkeypatch.setattr("random.randrange", another_worker_moves_it_on)
    assert claim_to_order(run) == []
    monkeypatch.undo()
    (claimed,) = claim_to_close(run)
    leases.let_go(claimed.token)


def test_a_thread_claims_what_it_can_and_one_binding_of_a_client(provider: Provider) -> None:
    run = provider.start(12)
    bindings = Binding.objects.filter(run=run)
    bindings.update(due_at=clock.now())
    assert len(claim_to_close(run, most=4)) == 0
    claimed = claim_to_order(run, most=4)
    clients = [one.binding.client_id for one in claimed]
    assert 1 <= len(claimed) <= 4
    assert len(set(clients)) == len(clients)
    assert bindings.filter(state="running").count() == len(claimed)
    while more := claim_to_order(run, most=4):
        claimed += more
    clients = [one.binding.client_id for one in claimed]
    assert sorted(clients) == sorted(set(bindings.values_list("client_id", flat=True)))
    assert {one.token for one in claimed} == set(
        bindings.filter(state="running").values_list("lease_token", flat=True)
    )
    for one in claimed:
        leases.let_go(one.token)


def test_changes_are_made_only_where_nothing_has_changed_meanwhile(provider: Provider) -> None:
    run = provider.start(3)
    first, second, third = Binding.objects.filter(run=run).order_by("pk")
    Binding.objects.filter(pk=second.pk).update(version=second.version + 1)
    waiting = states.BindingState.WAITING
    changes = [
        transitions.Change(
            first, waiting, verbatim("on"), "turn", {"step": 4, "due_at": clock.now()}
        ),
        transitions.Change(first, waiting, verbatim("again"), "tasks", {"step": 6}),
        transitions.Change(second, waiting, verbatim("on"), "turn", {"step": 4}),
        transitions.Change(third, waiting, verbatim("on"), "tasks", {"step": 6, "service_id": 12}),
    ]
    with transaction.atomic():
        assert transitions.change_all(changes) == {first.pk, third.pk}
    found = [
        (b.state, b.waiting_for, b.step, b.service_id, b.version)
        for b in Binding.objects.filter(run=run).order_by("pk")
    ]
    assert found == [
        ("waiting", "turn", 4, None, first.version + 1),
        (second.state, second.waiting_for, 3, None, second.version + 1),
        ("waiting", "tasks", 6, 12, third.version + 1),
    ]
    events = Event.objects.filter(
        binding__run=run, why__in=[verbatim("on"), verbatim("again")]
    ).order_by("id")
    assert [(e.binding_id, str(e.why)) for e in events] == [(first.pk, "on"), (third.pk, "on")]


def test_the_events_of_a_binding_tell_every_change_of_its_state(
    provider: Provider, workers: Workers
) -> None:
    run = workers.finish(provider.start(5, check_passwords=True))
    provider.sound(done=5)
    for binding in Binding.objects.filter(run=run):
        states_seen = list(
            Event.objects.filter(binding=binding, subject="binding")
            .order_by("id")
            .values_list("from_state", "to_state")
        )
        assert states_seen[0] == ("", "queued")
        for (_, before), (after, _) in pairwise(states_seen):
            assert before == after, states_seen
        assert states_seen[-1][1] == "done"


def test_what_is_not_due_is_not_claimed(db: None) -> None:
    later = clock.now() + dt.timedelta(minutes=1)
    made = factories.binding("waiting", due_at=later)
    sleeping = factories.binding("waiting", due_at=None)
    assert claims.claim(Binding.objects.filter(pk__in=[made.pk, sleeping.pk]), most=4) == []


def test_a_lease_that_has_run_out_is_not_extended(db: None) -> None:
    """Somebody else may have taken the binding back meanwhile."""
    over = clock.now() - dt.timedelta(seconds=1)
    made = factories.binding("running", lease_token="mine", lease_expires_at=over)
    leases.hold("mine")
    try:
        leases._extend_leases()
    finally:
        leases.let_go("mine")
    assert Binding.objects.get(pk=made.pk).lease_expires_at == over


def test_a_suspect_is_not_claimed_when_another_was_taken_up_at_that_moment(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should their worker die, nobody could say of which."""
    first, second = (factories.binding("waiting", due_at=clock.now(), deaths=1) for _ in range(2))

    def another_thread_takes_the_other(_count: int) -> int:
        Binding.objects.filter(pk=second.pk).update(state="running")
        return 0

    monkeypatch.setattr("random.randrange", another_thread_takes_the_other)
    assert claims.claim(Binding.objects.filter(pk__in=[first.pk, second.pk]), most=4) == []


def test_who_ends_its_turn_after_some_work_has_the_window_looked_at_again(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done may have been the last that the window waited for."""
    window = factories.window(Phase.TASKS, due_at=None)
    woken: list[int] = []
    wake_ups.register("window", woken.append)
    monkeypatch.setattr(dispatch, "_serve", lambda _window, _is_over: True)
    turns = iter([False, True])
    dispatch.look_at_window(window.pk, stop=lambda: next(turns))
    wake_ups.register("window", lambda _row: None)
    window.refresh_from_db()
    assert window.due_at is not None
    assert woken == [window.pk]
