"""Sandboxes for the tests of this folder: each test has its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.sandbox_process import Local, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.sandbox.sandbox_process import Running

FAST = ("--task-delay", "0.05", "--close-delay", "0.05", "--accounts", "12")


@pytest.fixture
def launch() -> Iterator[Callable[..., Running]]:
    """Start sandboxes that end with the test."""
    started: list[Running] = []

    def run(*arguments: str, servers: int = 1) -> Running:
        running = start(*FAST, *arguments, servers=servers)
        started.append(running)
        return running

    yield run
    for running in started:
        running.end()


@pytest.fixture
def sandbox(launch: Callable[..., Running]) -> Running:
    """Start a sandbox of the default dialect."""
    return launch()


@pytest.fixture
def local() -> Local:
    """Make a sandbox in this process, on a clock that the test turns."""
    return Local()
