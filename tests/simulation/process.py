"""A process that plays seeds: a fresh one finds these by name, which it could not in a script."""

from __future__ import annotations

import gc
import os
import sys
from multiprocessing import get_context
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator

    from tests.simulation.simulate import Verdict

V = TypeVar("V")


def ready() -> None:
    """Set Django up, once for each process."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    # What has been loaded stays; to look through it again and again takes a twentieth of a seed.
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)


def play(seed: int, taken_out: str = "") -> Verdict:
    """Play one seed, with a mutation where one is named. Only a process that is ready can."""
    from tests.simulation.mutations import without
    from tests.simulation.simulate import simulate

    with without(taken_out):
        return simulate(seed)


def seeds_of(text: str) -> list[int]:
    """The seeds that a text names: one, first-last, or several of these with commas."""
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def verdicts(play: Callable[[int], V], seeds: Iterable[int], jobs: int) -> Iterator[V]:
    """The verdict of each seed, in order; `play` is one that a fresh process finds by name."""
    if jobs == 1:
        yield from map(play, seeds)
        return
    with get_context("spawn").Pool(jobs, initializer=ready) as pool:
        yield from pool.imap(play, seeds)


def emit(text: str) -> None:
    """Print at once, into a file too."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def mutations() -> dict[str, tuple[int, ...]]:
    """The mutations by name, each with seeds that violate an invariant then. Only when ready."""
    from tests.simulation.mutations import MUTATIONS

    return {name: one.seeds for name, one in MUTATIONS.items()}


def missed(seen: Counter[str]) -> list[str]:
    """The rare paths that no seed has taken. Only a process that is ready can tell."""
    from tests.simulation import rare_paths

    return [name for name in rare_paths.MUST if not seen[name]]
