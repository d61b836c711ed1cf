"""A few seeds among the other tests, and what must hold of the simulation itself."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.services import secret_search
from tests.simulation.__main__ import verdict_text
from tests.simulation.mutations import MUTATIONS, without
from tests.simulation.simulate import Simulation, simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker

SEEDS, SEEDS_PER_TEST = range(6), 2
"""The tests of every change play two hundred in processes of their own: see the Makefile."""


@pytest.fixture
def own_database(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A simulation makes a database of its own, in memory."""
    with django_db_blocker.unblock():
        yield


def _play(seeds: range) -> Counter[str]:
    seen: Counter[str] = Counter()
    for seed in seeds:
        verdict = simulate(seed)
        assert not verdict.violations, verdict_text(verdict)
        seen.update(verdict.seen)
    return seen


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", SEEDS[::SEEDS_PER_TEST])
def test_nothing_doubled_and_nothing_lost(own_database: None, first: int) -> None:
    """A few seeds at a time, so that no process is left with all of them at the end."""
    assert _play(range(first, first + SEEDS_PER_TEST))["done"]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", MUTATIONS)
def test_what_a_mend_prevents_is_found_without_it(own_database: None, name: str) -> None:
    with without(name):
        assert any(simulate(seed).violations for seed in MUTATIONS[name].seeds)


PAGES = ("/", "/accounts/", "/runs/", "/runs/1/", "/bindings/1/", "/bindings/2/", "/windows/",
         "/windows/1/", "/panels/", "/panels/1/", "/events/", "/previews/1/",
         "/runs/1/export.csv")  # fmt: skip


def test_no_page_shows_a_secret(own_database: None) -> None:
    """Log, database and story are looked through after every seed; here the pages are."""
    shown: dict[str, bytes] = {}

    def look(played: Simulation) -> None:
        browser = Client()
        browser.force_login(User.objects.create_superuser("root", password="not one of theirs"))
        for page in PAGES:
            answer = browser.get(page)
            assert answer.status_code == 200, page
            shown[page] = answer.getvalue()
        assert not secret_search.found(played.secrets(), shown)

    verdict = Simulation(4).run(look)
    assert not verdict.violations, verdict_text(verdict)
    assert set(shown) == set(PAGES)
    assert b"anna" in shown["/events/"], "the pages show what happened"


def test_a_seed_is_one_run() -> None:
    """Else a failing seed could not be replayed, in another process, whatever that hashes to."""
    command = [sys.executable, "-m", "tests.simulation", "11", "--story"]
    told = [subprocess.run(command, check=False, capture_output=True, text=True) for _ in range(2)]
    first, second = (one.stdout.rpartition("1 seeds in")[0] for one in told)
    assert "run started" in first
    assert first == second


@pytest.mark.slow
def test_seeds_are_played_from_the_command_line_in_processes_of_their_own() -> None:
    command = [sys.executable, "-m", "tests.simulation", "2-3", "--jobs", "2"]
    verdict_text = subprocess.run(command, check=False, capture_output=True, text=True)
    assert verdict_text.returncode == 0, verdict_text.stdout + verdict_text.stderr
    assert "2 seeds in" in verdict_text.stdout


def test_a_simulation_that_reaches_too_little_is_told() -> None:
    command = [sys.executable, "-m", "tests.simulation", "2", "--rare"]
    verdict_text = subprocess.run(command, check=False, capture_output=True, text=True)
    assert verdict_text.returncode == 1
    assert "No seed reached: " in verdict_text.stdout
    assert "unknown order adopted" in verdict_text.stdout
