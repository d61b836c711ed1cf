"""Panels that nobody has seen: each is bound on, by itself or after a person's answers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from panels.billmanager import Dialect
from panels.sandbox.dialects import named
from panels.sandbox.dialects.drawn_dialect import draw
from tests.dialects import process
from tests.dialects.__main__ import verdict_text
from tests.dialects.administrator import ENTRIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker

pytestmark = pytest.mark.any_database

SEEDS = range(20)
MAX_ANSWERS = 6
"""So many entries at most a person is asked for: what is nonsense without a label."""


@pytest.fixture
def own_database(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A trial makes a database of its own, in memory."""
    with django_db_blocker.unblock():
        yield


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_is_bound(own_database: None, seed: int) -> None:
    verdict = process.play(seed)
    assert not verdict.failure, verdict_text(verdict, story=True)
    assert len(verdict.answers) <= MAX_ANSWERS


def test_a_seed_is_always_the_same_and_another_is_another() -> None:
    drawn = [draw(seed) for seed in range(50)]
    assert drawn[7].dialect == draw(7).dialect == named("drawn:7")
    assert len({one.dialect["plan_modules.list"] for one in drawn}) > 10
    takes = Counter(one.dialect["task.take"] for one in drawn)
    assert {"button", "form", "toolbar", "field", "status", "save", "none"} == set(takes)


def test_the_truth_is_what_an_administrator_can_set() -> None:
    for seed in range(200):
        truth = draw(seed).truth
        assert set(truth) <= ENTRIES
        dialect = Dialect().with_overrides(truth)
        assert all(getattr(dialect, name) for name in truth)
