"""While one account of a client is ordered and not paid, no other one of him is ordered."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, cast

import pytest

from integrator.bindings import outage
from integrator.bindings.claims import Claim
from integrator.bindings.work import attempts, order_and_payment
from integrator.core import clock
from integrator.models import Binding, Intent
from integrator.models.states import BindingState, Phase
from integrator.windows import failures, lease
from panels.coremanager.errors import TooLate
from panels.notes import note
from tests import factories
from tests.services.works import result_of

if TYPE_CHECKING:
    from panels.billmanager import BillManager

pytestmark = [pytest.mark.any_database, pytest.mark.django_db]

TOKEN = "worker-1"
NOBODY = cast("BillManager", None)
"""Who asks it for something fails."""


def claimed(**fields: Any) -> Claim:
    factories.billmanager()
    made = factories.binding(
        BindingState.RUNNING,
        window=factories.window(Phase.ORDERS),
        lease_token=TOKEN,
        lease_expires_at=clock.now() + dt.timedelta(seconds=60),
        **fields,
    )
    found = Binding.objects.select_related("window", "run__preview", "plan", "account__panel")
    return Claim(found.get(pk=made.pk), TOKEN)


@pytest.mark.parametrize(
    ("state", "becomes"),
    [
        ("failed", ("failed", "unpaid_order", "")),
        ("undecided", ("failed", "unpaid_order", "")),
        ("queued", ("waiting", "", "later")),
        ("waiting", ("waiting", "", "later")),
    ],
)
def test_an_unpaid_order_keeps_the_clients_next_one_back(
    state: str, becomes: tuple[str, str, str]
) -> None:
    first = factories.binding(state, 4, service_id=51)
    behind = claimed(client=first.client)
    result_of(order_and_payment.work(behind, NOBODY))
    found = Binding.objects.get(pk=behind.binding.pk)
    assert (found.state, found.cause, found.waiting_for) == becomes
    if state == "failed":
        assert str(found.cause_text).startswith(f"b{first.pk} of the same client is ordered")
    assert not Intent.objects.exists()


@pytest.mark.parametrize(
    ("state", "fields"),
    [
        ("failed", {"step": 3}),
        ("failed", {"step": 4, "service_id": None}),
        ("failed", {"step": 7, "service_id": 51}),
        ("cancelled", {"step": 4, "service_id": 51}),
    ],
)
def test_what_is_not_ordered_or_is_paid_or_given_up_keeps_nobody_back(
    state: str, fields: dict[str, Any]
) -> None:
    first = factories.binding(state, **fields)
    assert not order_and_payment._is_behind_unpaid(claimed(client=first.client))
    other = factories.binding("failed", 4, service_id=52)
    assert order_and_payment._is_behind_unpaid(claimed(client=other.client))
    assert not order_and_payment._is_behind_unpaid(claimed())


def late() -> TooLate:
    return TooLate(note("send.too_late"), panel="billing", func="order")


def test_a_worker_that_stood_still_uses_up_no_try_of_a_binding() -> None:
    behind = claimed(attempts=4)
    assert outage.is_away(late())
    attempts.try_again(behind, 3, late())
    found = Binding.objects.get(pk=behind.binding.pk)
    assert (found.state, found.attempts, found.waiting_for) == ("waiting", 4, "turn")


def test_a_worker_that_stood_still_fails_no_cohort_before_its_plan_is_touched() -> None:
    factories.billmanager()
    window = factories.window(Phase.OPENING, due_at=clock.now(), attempts=4, manual_only_at=None)
    member = factories.binding("waiting", window=window)
    driver = lease.claim(window.pk)
    assert driver is not None
    failures.after_error(driver, late())
    window.refresh_from_db()
    assert (window.phase, window.attempts) == ("opening", 4)
    assert window.due_at is not None
    assert Binding.objects.get(pk=member.pk).state == "waiting"
    lease.release(driver)
