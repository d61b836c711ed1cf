"""Which calls go first where a panel takes fewer at once than are to be made.

While orders are placed a plan sells manually, so that nothing may hold them up but what drives the
windows; tasks can be closed a little later. Of two windows that are as far, the one that began
first goes first: so the next cohort of its plan is prepared beside the work on another plan,
instead of both plans being switched at the same time with nothing else to do.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from integrator.models.states import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator


class Rank(NamedTuple):
    """The lower goes first: by ``phase``, then by ``window``."""

    phase: int = 0
    window: int = 0


FIRST = Rank()
"""Of whatever is no binding's."""
_PHASES = {Phase.ORDERS: 1, Phase.TASKS: 2}

_rank: ContextVar[Rank] = ContextVar("rank", default=FIRST)


def of_bindings(phase: Phase, window_id: int) -> Rank:
    """The rank of calls for the bindings of a window that is in this phase."""
    return Rank(_PHASES[phase], window_id)


@contextmanager
def ranked(given: Rank) -> Iterator[None]:
    """Calls that are made in here have this rank among those of this process."""
    token = _rank.set(given)
    try:
        yield
    finally:
        _rank.reset(token)


def rank() -> Rank:
    """The rank of a call that is made now."""
    return _rank.get()
