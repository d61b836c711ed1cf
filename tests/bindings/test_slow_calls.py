"""Calls that take effect late, or never: done once, and the plan is given back meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from integrator.bindings import intents
from integrator.bindings.operator import actions
from integrator.models import Binding, Event, Intent, Window
from tests.services.slow_calls import ORDER, one_order_and_charge, slow

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database

READ_TIMEOUT, SETTLE = 3.0, 1.0
"""As the fixture ``quick`` has them: the panel is given up after so long, then waited for."""


def test_an_order_that_lies_in_the_queue_is_not_ordered_again(
    provider: Provider, workers: Workers
) -> None:
    """It comes long after the settle time, and is the only one."""
    provider.sandbox.faults(slow(ORDER, READ_TIMEOUT + 7 * SETTLE))
    run = provider.start(1)
    workers.until(lambda: Window.objects.filter(held=True).exists())
    held = Window.objects.get()
    assert held.held_until is not None
    assert "may take effect until" in str(held.cause)
    workers.finish(run)
    one_order_and_charge(provider)
    assert Intent.objects.filter(kind="order").count() == 1
    assert Event.objects.filter(subject="window", to_state="held").count() == 1
    assert not Window.objects.get().held


def test_an_order_that_was_lost_is_ordered_again_when_its_time_is_over(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.faults(
        {"panel": None, "func": ORDER, "kind": "reset_before", "times": 1},
    )
    run = provider.start(1)
    began = time.monotonic()
    workers.finish(run)
    assert time.monotonic() - began > intents.horizon().total_seconds()
    one_order_and_charge(provider)
    lost = Intent.objects.filter(kind="order").first()
    assert lost is not None
    assert (lost.outcome, lost.why) == ("nothing", intents.NOT_SEEN)


@pytest.mark.parametrize("behind", [0.5, 2.5])
def test_a_lock_in_answer_to_an_order_says_nothing(
    behind: float, provider: Provider, workers: Workers
) -> None:
    """*Locked, try later* that did take effect, with lists that lag behind."""
    provider.sandbox.dials(lists_behind=behind)
    provider.sandbox.faults({"panel": None, "func": ORDER, "kind": "locked_after", "times": 1})
    workers.finish(provider.start(1))
    one_order_and_charge(provider)


@pytest.mark.parametrize(
    "func", ["payment.add", "payment.setpaid", "task.edit"], ids=["payment", "credit", "close"]
)
def test_what_lies_in_the_queue_is_not_sent_again(
    func: str, provider_with: Callable[..., Provider], workers: Workers
) -> None:
    """Payments and the close of a task that come long after the settle time."""
    provider = provider_with("--balance", "0")
    provider.sandbox.dials(closed_task="accept")
    when = {"clicked_button": "close"} if func == "task.edit" else {}
    provider.sandbox.faults(slow(func, READ_TIMEOUT + 4 * SETTLE, **when))
    workers.finish(provider.start(1, payment="credit", paymethod="1"))
    assert provider.sandbox.rules()[0]["struck"] == 1
    one_order_and_charge(provider)
    payments = provider.sandbox.ledger()["payments"]
    assert len(payments) == 1
    sent = {"payment.add": "credit", "payment.setpaid": "set_paid", "task.edit": "close"}[func]
    assert Intent.objects.filter(kind=sent).count() == 1


def test_a_confirmed_order_that_is_never_seen_frees_the_plan(
    provider: Provider, workers: Workers
) -> None:
    """Held and loud while it may still come; then the plan sells again, and a person decides."""
    provider.sandbox.faults({"panel": None, "func": ORDER, "kind": "ignored", "times": 1})
    run = provider.start(1)
    workers.until(lambda: Window.objects.filter(held=True).exists())
    assert Window.objects.get().held_until is not None
    workers.until(lambda: Window.objects.get().phase == "closed")
    binding = Binding.objects.get()
    assert (binding.state, binding.cause) == ("undecided", "order_unknown")
    assert provider.sandbox.ledger()["violations"] == []
    actions.try_again(binding.pk, "anna")
    workers.until(lambda: Binding.objects.filter(state="done").exists())
    workers.finish(run)
    one_order_and_charge(provider)


def test_a_slow_order_that_lands_after_the_time_out(provider: Provider, workers: Workers) -> None:
    run = provider.start(2)
    provider.sandbox.faults(
        {
            "panel": None,
            "func": "v2.vhost.order.param",
            "kind": "slow_after",
            "seconds": 4,
            "times": 1,
        }
    )
    workers.finish(run)
    provider.sound(done=2)
