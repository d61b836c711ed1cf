"""From when on what is not seen has not happened, and what may have happened until then."""

from __future__ import annotations

import datetime as dt

import pytest

from integrator.bindings import intents
from integrator.core import clock
from integrator.models.states import Outcome
from tests import factories
from tests.services.effects import ORDER, Declared

pytestmark = pytest.mark.django_db
SECOND = dt.timedelta(seconds=1)


def settled(kind: str, outcome: Outcome, *, answered: bool = False) -> dt.timedelta:
    """For how long after this outcome the effect may still be seen."""
    made = intents.new(Declared(kind, 3), 1, binding=factories.binding())
    made.save()
    before = clock.now()
    intents.settle(made, outcome, answered=answered)
    return made.settles_at - before


@pytest.mark.parametrize(
    "kind",
    ["order", "credit", "set_paid", "pay_line", "close", "create_client", "create_module",
     "hand_over"],
)  # fmt: skip
def test_what_harms_when_done_twice_is_absent_after_the_horizon_alone(kind: str) -> None:
    assert settled(kind, Outcome.UNKNOWN) >= intents.horizon()
    assert settled(kind, Outcome.UNKNOWN, answered=True) >= intents.listed_within()


def test_lists_a_minute_behind_and_a_clock_set_ahead_do_not_make_an_effect_absent() -> None:
    assert intents.listed_within() >= dt.timedelta(seconds=60 + 15)
    assert intents.horizon() >= dt.timedelta(minutes=11)


@pytest.mark.parametrize("kind", ["switch", "expiry", "take", "letter"])
def test_what_may_be_repeated_is_absent_after_the_settle_time(kind: str) -> None:
    assert settled(kind, Outcome.UNKNOWN) < intents.listed_within()


def test_absence_counts_from_when_it_was_known_to_be_unknown() -> None:
    made = intents.new(ORDER, 1, binding=factories.binding())
    made.save()
    made.settles_at = clock.now() - SECOND
    intents.settle(made, Outcome.UNKNOWN)
    assert made.settles_at >= clock.now() + intents.horizon() - SECOND


def test_what_a_refused_order_left_behind_is_listed_within_the_settle_time() -> None:
    assert settled("order", Outcome.REFUSED) < intents.listed_within()


def test_a_refused_order_may_have_happened_until_somebody_has_looked() -> None:
    made = intents.new(ORDER, 1, binding=factories.binding())
    made.save()
    intents.settle(made, Outcome.REFUSED)
    assert intents.may_have_happened(made)
    intents.note_read(made)
    assert not intents.may_have_happened(made)
    made.kind, made.result = "credit", {}
    assert not intents.may_have_happened(made)
