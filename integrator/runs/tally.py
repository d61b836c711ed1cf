"""The bindings of a run by where they stand, and the windows that tell of it: two queries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Max, Min, Q

from integrator.models import Binding, Window
from integrator.models.states import BindingState, Phase

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from integrator.models import Run

LATEST = 12
"""So many windows that were done last are read: a panel is not as fast all day."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bindings of a run that are alike: where they stand, and how many they are.

    ``clients``: how many clients they have. ``first`` and ``last``: the lowest and the highest
    place among the bindings of one client. ``due_at``: when the last of them is due.
    """

    plan: int
    window: int | None
    state: str
    step: int
    waiting_for: str
    prepared: bool
    count: int
    clients: int
    first: int
    last: int
    due_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Tally:
    """All bindings of a run, and windows by their ids.

    ``windows`` holds those that are open, whoever's they are, those with bindings of the run that
    are not done, and of those in which bindings were done the first and the latest.
    """

    parts: Sequence[Part]
    windows: Mapping[int, Window]

    def by_state(self) -> dict[str, int]:
        """How many bindings are in each state; all states are there."""
        counts = dict.fromkeys(BindingState.values, 0)
        for part in self.parts:
            counts[part.state] += part.count
        return counts

    def done(self) -> list[tuple[int, int, int]]:
        """Window, plan and how many of the run's bindings were done there, in order."""
        return _done(self.parts)

    def rounds(self, window: Window) -> float:
        """How many of the run's bindings in a window there are for each of their clients."""
        inside = [part for part in self.parts if part.window == window.pk]
        clients = max((part.clients for part in inside), default=1)
        return max(sum(part.count for part in inside) / clients, 1.0)

    def open_windows(self) -> list[Window]:
        """The windows that are open and have bindings of the run."""
        own = {part.window for part in self.parts}
        return [one for one in self.all_open() if one.pk in own]

    def all_open(self) -> list[Window]:
        """All windows that are open."""
        return [one for one in self.windows.values() if one.phase != Phase.CLOSED]


def of(run: Run) -> Tally:
    """The tally of a run."""
    rows = (
        Binding.objects.filter(run=run)
        .values("plan", "window", "state", "step", "waiting_for", "prepared")
        .annotate(
            count=Count("id"),
            clients=Count("client", distinct=True),
            first=Min("nth_of_client"),
            last=Max("nth_of_client"),
            due_at=Max("due_at"),
        )
        .order_by()
    )
    parts = [Part(**row) for row in rows]
    done = [window for window, _plan, _count in _done(parts)]
    told = {*done[:1], *done[-LATEST:]}
    told |= {part.window for part in parts if part.window and part.state != BindingState.DONE}
    found = Window.objects.filter(Q(pk__in=told) | ~Q(phase=Phase.CLOSED)).select_related("plan")
    # What restoring needs, and what was seen, can be long.
    lean = found.defer("snapshot", "seen", "manual_modules").order_by("pk")
    return Tally(parts, {window.pk: window for window in lean})


def _done(parts: Sequence[Part]) -> list[tuple[int, int, int]]:
    counts: Counter[tuple[int, int]] = Counter()
    for part in parts:
        if part.state == BindingState.DONE and part.window is not None:
            counts[part.window, part.plan] += part.count
    return [(window, plan, counts[window, plan]) for window, plan in sorted(counts)]
