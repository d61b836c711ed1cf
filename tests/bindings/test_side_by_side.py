"""Several bindings worked on side by side: one transaction, calls together, each for itself."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError

from integrator.bindings import step_log
from integrator.bindings.claims import Claim, LeaseLostError
from integrator.bindings.work import attempts, side_by_side
from integrator.bindings.work.side_by_side import read
from integrator.bindings.work.writes import NotNowError
from integrator.core import clock
from integrator.models import Binding, Event, Intent, Step
from integrator.models.states import BindingState, Phase
from tests import factories
from tests.services.effects import Declared
from tests.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrator.bindings.work.side_by_side import Work

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "worker-1"
PATIENCE = 20.0
"""Seconds after which calls that should be under way together are not."""


def claims(count: int, phase: Phase = Phase.TASKS) -> list[Claim]:
    """So many bindings of one window, claimed together."""
    factories.billmanager()
    window, run = factories.window(phase), factories.run()
    made = [
        factories.binding(
            BindingState.RUNNING,
            step=7 if phase == Phase.TASKS else 3,
            run=run,
            window=window,
            lease_token=TOKEN,
            lease_expires_at=clock.now() + dt.timedelta(seconds=60),
        ).pk
        for _ in range(count)
    ]
    found = Binding.objects.select_related("window", "run", "plan").order_by("pk")
    return [Claim(one, TOKEN) for one in found.filter(pk__in=made)]


@dataclass(frozen=True, slots=True)
class Sendable(Declared):
    """One that a panel answers; ``sends`` happens meanwhile."""

    sends: Callable[[], None] = lambda: None

    def apply(self, send_by: float) -> None:
        """Have it happen."""
        del send_by
        self.sends()


def closing(claimed: Claim, sends: Callable[[], None] = lambda: None) -> Work[None]:
    """What the closing of a task comes to: an intent, a call, an outcome and the end of a claim."""
    effect = Sendable("close", 7, sends=sends)
    sent = yield from attempts.send(claimed, effect, Phase.TASKS)
    yield from attempts.settle_and_wait(claimed, sent, "readback", result={"seen": True})


def states() -> list[tuple[str, str]]:
    """What each binding is at and waits for."""
    return list(Binding.objects.order_by("pk").values_list("state", "waiting_for"))


def meet(others: threading.Barrier) -> None:
    others.wait()


def test_calls_of_several_are_under_way_together(threads: None) -> None:
    together = threading.Barrier(3, timeout=PATIENCE)
    side_by_side.run([closing(one, lambda: meet(together)) for one in claims(3)])
    assert states() == [("waiting", "readback")] * 3


def test_a_slow_call_holds_up_nobody_but_its_own_binding(threads: None) -> None:
    first, second = claims(2)
    second_is_through = threading.Event()

    def quick() -> Work[None]:
        yield from closing(second)
        second_is_through.set()

    def slow() -> Work[None]:
        assert (yield from read(lambda: second_is_through.wait(PATIENCE)))
        yield from closing(first)

    side_by_side.run([slow(), quick()])
    assert states() == [("waiting", "readback")] * 2


def test_nothing_is_sent_before_all_intents_that_go_with_it_are_committed(threads: None) -> None:
    seen: list[int] = []
    side_by_side.run(
        [closing(one, lambda: seen.append(Intent.objects.count())) for one in claims(3)]
    )
    assert seen == [3, 3, 3]  # by other connections to the database
    settled = Intent.objects.values_list("outcome", "result")
    assert list(settled) == [("done", {"seen": True})] * 3


def test_what_several_write_takes_as_many_statements_as_what_one_writes() -> None:
    taken = []
    for count in (1, 6):
        held = claims(count)
        with Statements() as statements:
            side_by_side.run([closing(one) for one in held])
        taken.append(len(statements))
    assert taken[0] == taken[1]
    assert Intent.objects.count() == Step.objects.filter(state="running").count() == 7
    assert Event.objects.filter(to_state="waiting").count() == 7


def test_who_lost_a_lease_sends_nothing_and_the_others_do() -> None:
    held = claims(3)
    Binding.objects.filter(pk=held[1].binding.pk).update(lease_token="worker-2")
    sent: list[int] = []

    def work(number: int) -> Work[None]:
        try:
            yield from closing(held[number], lambda: sent.append(number))
        except LeaseLostError:
            sent.append(-number)

    side_by_side.run([work(number) for number in range(3)])
    assert sorted(sent) == [-1, 0, 2]
    assert states()[1] == ("running", "")
    assert not Intent.objects.filter(binding=held[1].binding).exists()
    assert not held[1].intents


def test_a_lease_that_is_lost_meanwhile_leaves_the_outcome_unknown_for_its_binding_alone() -> None:
    first, second = claims(2)

    def take_away() -> None:
        Binding.objects.filter(pk=first.binding.pk).update(lease_token="worker-2")

    with pytest.raises(LeaseLostError):
        side_by_side.run([closing(first, take_away), closing(second)])
    assert states() == [("running", ""), ("waiting", "readback")]
    outcomes = Intent.objects.order_by("binding").values_list("outcome", flat=True)
    assert list(outcomes) == ["", "done"]


def test_the_errors_of_one_do_not_end_the_others_and_are_raised_at_last() -> None:
    held = claims(3)

    def breaks() -> Work[None]:
        yield from closing(held[0])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        side_by_side.run([breaks(), *(closing(one) for one in held[1:])])
    assert states() == [("waiting", "readback")] * 3


def test_without_the_database_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(step_log, "record", away)
    sent: list[int] = []
    with pytest.raises(OperationalError):
        side_by_side.run([closing(one, lambda: sent.append(1)) for one in claims(3)])
    assert not sent
    assert not Intent.objects.exists()
    assert states() == [("running", "")] * 3


def test_two_orders_are_not_declared_where_one_must_go_alone() -> None:
    """No close of a task is proven on this panel, so nobody is charged beside another one."""
    held = claims(2, Phase.ORDERS)

    def ordering(claimed: Claim) -> Work[None]:
        with pytest.raises(NotNowError):
            yield from attempts.send(claimed, Sendable("order", 3), Phase.ORDERS)

    side_by_side.run([ordering(one) for one in held])
    assert not Intent.objects.exists()
