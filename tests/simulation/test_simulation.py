"""Two hundred seeds: nothing doubled, nothing lost, and every rare path really taken."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.simulation import sometimes
from tests.simulation.__main__ import table, told
from tests.simulation.simulate import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker

FEW, MANY = range(30), range(200)


@pytest.fixture
def own_database(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A simulation makes a database of its own, in memory."""
    with django_db_blocker.unblock():
        yield


def _play(seeds: range) -> Counter[str]:
    seen: Counter[str] = Counter()
    for seed in seeds:
        verdict = simulate(seed)
        assert not verdict.broken, told(verdict)
        seen.update(verdict.seen)
    return seen


@pytest.mark.timeout(600)
def test_nothing_doubled_and_nothing_lost(own_database: None) -> None:
    assert _play(FEW)["done"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_rare_path_is_taken(own_database: None) -> None:
    seen = _play(MANY)
    missed = [name for name in sometimes.MUST if not seen[name]]
    assert not missed, f"no seed reached: {missed}\n{table(seen)}"


def test_a_seed_is_one_run(own_database: None) -> None:
    """Else a failing seed could not be replayed."""
    first, second = simulate(11), simulate(11)
    assert first.digest == second.digest
    assert first.seen == second.seen
