"""Reads that are made side by side, each in the context of whoever asks for them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from integrator.panel_access import call_log
from integrator.panel_access.parallel import senders

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

LIMIT = 30.0


@pytest.fixture
def threads(settings: Settings) -> None:
    """As in a worker."""
    settings.WORKER_THREADS = 16


def test_calls_are_under_way_together_and_come_in_order(threads: None) -> None:
    met = threading.Barrier(3)

    def call(number: int) -> int:
        met.wait(LIMIT)
        return number

    assert senders.together(lambda: call(1), lambda: call(2), lambda: call(3)) == (1, 2, 3)


def test_each_may_have_further_ones_made_together(threads: None) -> None:
    met = threading.Barrier(4)

    def both() -> tuple[int, int]:
        return senders.together(lambda: met.wait(LIMIT), lambda: met.wait(LIMIT))

    first, second = senders.together(both, both)
    assert sorted([*first, *second]) == [0, 1, 2, 3]


def test_the_first_error_in_their_order_is_raised_when_all_are_through(threads: None) -> None:
    through = threading.Event()

    def late() -> None:
        through.wait(LIMIT)
        raise KeyError("second")

    def last() -> None:
        through.set()
        raise ValueError("third")

    with pytest.raises(KeyError, match="second"):
        senders.together(lambda: 1, late, last)


def test_they_are_made_for_what_the_asking_thread_is_at(threads: None) -> None:
    with call_log.about(window_id=7):
        told = senders.together(*[call_log._about.get] * 3)
    assert [one.window_id for one in told if one is not None] == [7, 7, 7]


def test_with_one_thread_they_are_made_one_after_the_other(settings: Settings) -> None:
    settings.WORKER_THREADS = 1
    own, order = threading.get_ident(), []

    def call(number: int) -> int:
        order.append((number, threading.get_ident()))
        return number

    assert senders.together(lambda: call(1), lambda: call(2)) == (1, 2)
    assert order == [(1, own), (2, own)]
    assert senders.together() == ()
