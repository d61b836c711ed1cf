"""Reads that several threads want at once: one call for all, begun after each has asked."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from integrator.panel_access.batched_reads import BatchedReads

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pytest_django.fixtures import Settings

LIMIT = 30.0


@pytest.fixture(autouse=True)
def _threads(settings: Settings) -> None:
    """As in a worker."""
    settings.WORKER_THREADS = 16


class Panel:
    """Answers a call when it is let go, and counts them."""

    def __init__(self) -> None:
        self.calls: list[set[int]] = []
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.error: Exception | None = None

    def fetch(self, wanted: Collection[int]) -> Mapping[int, str]:
        """The rows that are there: those with even ids."""
        self.calls.append(set(wanted))
        self.begun.release()
        assert self.go_on.acquire(timeout=LIMIT)
        if self.error is not None:
            raise self.error
        return {key: f"row {key}" for key in wanted if key % 2 == 0}


def _wait_for(reads: BatchedReads[str], keys: set[int]) -> None:
    """Until others wait for just these rows."""
    limit = threading.Event()
    for _ in range(int(LIMIT / 0.01)):
        with reads._lock:
            if reads._wanted == keys:
                return
        limit.wait(0.01)
    raise AssertionError(reads._wanted)


def test_those_who_come_meanwhile_share_the_next_call() -> None:
    panel, reads = Panel(), BatchedReads[str]()
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(reads.get, 2, panel.fetch)
        assert panel.begun.acquire(timeout=LIMIT)
        later = [threads.submit(reads.get, key, panel.fetch) for key in (2, 4, 5)]
        _wait_for(reads, {2, 4, 5})
        panel.go_on.release()
        assert first.result(LIMIT) == "row 2"
        assert panel.begun.acquire(timeout=LIMIT)
        assert not any(one.done() for one in later)  # what was read before they asked is no answer
        panel.go_on.release()
        assert [one.result(LIMIT) for one in later] == ["row 2", "row 4", None]
    assert panel.calls == [{2}, {2, 4, 5}]


def test_an_error_is_raised_for_each_and_the_next_call_is_made_anew() -> None:
    panel, reads = Panel(), BatchedReads[str]()
    panel.error = ValueError("no answer")
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(reads.get, 2, panel.fetch)]
        assert panel.begun.acquire(timeout=LIMIT)
        both.append(threads.submit(reads.get, 4, panel.fetch))
        _wait_for(reads, {4})
        for _ in range(2):
            panel.go_on.release()
        for one in both:
            with pytest.raises(ValueError, match="no answer"):
                one.result(LIMIT)
    panel.error = None
    panel.go_on.release()
    assert reads.get(6, panel.fetch) == "row 6"


def test_with_one_thread_each_reads_its_own(settings: Settings) -> None:
    """Another worker of the same process may stand still in the middle of a call."""
    settings.WORKER_THREADS = 1
    panel, reads = Panel(), BatchedReads[str]()
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(reads.get, key, panel.fetch) for key in (2, 4)]
        for _ in both:
            assert panel.begun.acquire(timeout=LIMIT)
        panel.go_on.release(2)
        assert [one.result(LIMIT) for one in both] == ["row 2", "row 4"]
