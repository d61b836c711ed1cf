"""Works on bindings, which are generators, brought to their ends for what they return."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from integrator.bindings.work import side_by_side

if TYPE_CHECKING:
    from integrator.bindings.work.side_by_side import Work

T = TypeVar("T")


def result_of(work: Work[T]) -> T:
    """What this work returns, with its writes committed and its calls made; raises what it does."""
    found: list[T] = []

    def keep() -> Work[None]:
        found.append((yield from work))

    side_by_side.run([keep()])
    return found[0]
