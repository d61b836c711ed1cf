"""Nobody writes upon a lease that has run out, nor declares an intent that is forbidden by now."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from integrator.bindings import claims, intents, leases
from integrator.bindings.claims import Claim, LeaseLostError
from integrator.bindings.work import attempts, writes
from integrator.core import clock
from integrator.messages.message import say
from integrator.models import Binding, Event, Intent, Panel, Run, Window
from integrator.models.states import BindingState, Outcome, Phase
from integrator.windows.lease import Driver
from tests import factories
from tests.services.effects import Declared
from tests.services.works import result_of

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("transactional_db")

TOKEN = "a-lease"
LEFT, OVER = dt.timedelta(minutes=1), dt.timedelta(seconds=-1)


def claimed(left: dt.timedelta, **of_window: object) -> Claim:
    """A claim of a binding in a window, whose lease ends after so long."""
    if not Panel.objects.filter(kind="billmanager").exists():
        factories.billmanager()
    made = factories.binding(
        BindingState.RUNNING,
        window=factories.window(Phase.ORDERS, **of_window),
        in_lane=True,
        lease_token=TOKEN,
        lease_expires_at=clock.now() + left,
    )
    return Claim(Binding.objects.select_related("window", "run").get(pk=made.pk), TOKEN)


class Sendable(Declared):
    """One that a panel answers with *ok*."""

    def apply(self, send_by: float) -> None:
        """Nothing goes wrong."""


def declare(one: Claim) -> None:
    result_of(attempts.send(one, Sendable("order", 3), Phase.ORDERS))


def note(one: Claim) -> None:
    claims.note(one, credited=1)


def hand_back(one: Claim) -> None:
    claims.hand_back(one, BindingState.WAITING, waiting_for="turn")


WRITES = [declare, note, hand_back]


@pytest.mark.parametrize("write", WRITES)
def test_a_binding_is_written_while_its_lease_holds(write: Callable[[Claim], None]) -> None:
    one = claimed(LEFT)
    write(one)
    assert Binding.objects.get(pk=one.binding.pk).version > one.binding.version


@pytest.mark.parametrize("write", WRITES)
def test_nothing_is_written_upon_a_lease_that_has_run_out(write: Callable[[Claim], None]) -> None:
    one = claimed(OVER)
    before = Binding.objects.filter(pk=one.binding.pk).values().get()
    with pytest.raises(LeaseLostError):
        write(one)
    assert Binding.objects.filter(pk=one.binding.pk).values().get() == before
    assert not Intent.objects.filter(binding=one.binding).exists()
    assert not Event.objects.filter(binding=one.binding).exists()


def driven(left: dt.timedelta) -> Driver:
    made = factories.window(lease_token=TOKEN, lease_expires_at=clock.now() + left)
    return Driver(made, TOKEN)


def test_a_window_is_written_while_its_lease_holds_and_not_after() -> None:
    driven(LEFT).enter(Phase.ENABLING, say("window.orders_seen"))
    late = driven(OVER)
    with pytest.raises(LeaseLostError):
        late.enter(Phase.ENABLING, say("window.orders_seen"))
    with pytest.raises(LeaseLostError), late.holding():
        pytest.fail("nothing is done in it")
    assert Window.objects.get(pk=late.window.pk).phase == Phase.ORDERS


def test_a_lease_that_has_run_out_is_not_extended() -> None:
    kept, lost = claimed(LEFT).binding, claimed(OVER).binding
    leases.hold(TOKEN)
    try:
        leases._extend_leases()
    finally:
        leases.let_go(TOKEN)
    ends = dict(Binding.objects.values_list("pk", "lease_expires_at"))
    assert ends[lost.pk] == lost.lease_expires_at
    assert ends[kept.pk] != kept.lease_expires_at


@pytest.mark.parametrize(
    ("of_window", "state"),
    [({"closing": True}, "running"), ({"phase": Phase.TASKS}, "running"), ({}, "paused")],
)
def test_no_order_is_declared_in_a_window_that_closes_or_a_run_that_does_not_run(
    of_window: dict[str, object], state: str
) -> None:
    one = claimed(LEFT)
    Window.objects.update(**of_window)
    Run.objects.update(state=state)
    with pytest.raises(writes.NotNowError):
        declare(one)
    assert not Intent.objects.exists()


def test_nothing_is_sent_while_an_earlier_one_of_its_kind_is_unknown() -> None:
    one = claimed(LEFT)
    result_of(attempts.send(one, Sendable("order", 3), Phase.ORDERS))
    with pytest.raises(attempts.UnknownBeforeError):
        result_of(attempts.send(one, Sendable("order", 3), Phase.ORDERS))
    assert Intent.objects.filter(binding=one.binding).count() == 1
    intents.settle(one.intents[-1], Outcome.NOTHING)
    result_of(attempts.send(one, Sendable("order", 3), Phase.ORDERS))
    assert Intent.objects.filter(binding=one.binding).count() == 2
