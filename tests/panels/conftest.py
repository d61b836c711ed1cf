"""Fixtures of the panel client's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.panels.fakepanel import bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.panels.fakepanel import Bench


@pytest.fixture
def make_bench() -> Iterator[Callable[..., Bench]]:
    """Makes fake panels with transports; all are closed at the end."""
    made: list[Bench] = []

    def make(*args: object, **options: object) -> Bench:
        made.append(bench(*args, **options))  # type: ignore[arg-type] # handed through as they are
        return made[-1]

    yield make
    for each in made:
        each.close()
