"""One binding of a client orders at a time; an order that is not read back keeps others out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings import claims, intents, leases
from integrator.core import clock
from integrator.messages.message import say
from integrator.models import Binding
from integrator.models.states import BindingState, Outcome
from integrator.windows import members
from tests import factories
from tests.services.effects import ORDER

if TYPE_CHECKING:
    from integrator.models import Client

pytestmark = pytest.mark.usefixtures("transactional_db")


def waiting(client: Client, **fields: Any) -> Binding:
    return factories.binding(
        BindingState.WAITING, client=client, waiting_for="turn", due_at=clock.now(), **fields
    )


def order_of(binding: Binding, outcome: Outcome) -> None:
    made = intents.new(ORDER, 1)
    made.binding, made.outcome, made.outcome_at = binding, outcome, clock.now()
    made.settles_at = clock.now()
    made.save()


@pytest.mark.parametrize(
    ("outcome", "kept"), [(Outcome.UNKNOWN, True), (Outcome.NOTHING, False), (None, False)]
)
def test_an_order_that_is_not_read_back_keeps_its_clients_lane(
    outcome: Outcome | None, kept: bool
) -> None:
    client = factories.client()
    first = waiting(client, in_lane=True, window=factories.window())
    second = waiting(client)
    if outcome is not None:
        order_of(first, outcome)
    assert members.keeps_lane(first) is kept
    assert members.leave(first, why=say("binding.window_closed"))
    first.refresh_from_db()
    assert first.in_lane is kept
    Binding.objects.filter(pk=first.pk).update(due_at=None)
    taken = claims.claim(Binding.objects.filter(step=3), lane=True, most=5)
    assert [one.binding.pk for one in taken] == ([] if kept else [second.pk])
    for one in taken:
        leases.let_go(one.token)
