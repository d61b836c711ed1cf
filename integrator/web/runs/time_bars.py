"""How long each step of a binding took, and how long it waited before: bars on one scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Min

from integrator.core import clock
from integrator.models import Call, Intent
from integrator.models.states import StepState
from integrator.steps import SHARED

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from integrator.bindings.operator.report import TimelineStep
    from integrator.models import Binding

SCALE = 1000.0
"""The width of the whole time, in the units of a bar."""
MIN_WIDTH = 4.0
"""So wide a bar is at least, that it can be seen."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A step on the scale of all eight. ``waited``: seconds between the one before and its begin.

    ``at`` and ``width`` are of ``SCALE``; ``seconds``: how long it took, or takes so far.
    """

    at: float
    width: float
    seconds: float
    waited: float
    is_over: bool


def of(binding: Binding, steps: Sequence[TimelineStep]) -> dict[int, Bar]:
    """The bars of those steps that have begun, by number.

    A step begins with its first call; one without any, such as one that was found done, begins
    and ends at once.
    """
    window = next((one.step.window_id for one in steps if one.step and one.shared), None)
    begun = _begun(binding, window)
    spans: dict[int, tuple[dt.datetime, dt.datetime, bool]] = {}
    for step in steps:
        if step.step is None:
            continue
        over = step.step.finished_at if step.step.state != StepState.RUNNING else None
        end = over or clock.now()
        begin = min(begun.get(step.number, step.step.started_at), end)
        spans[step.number] = begin, end, over is not None
    if not spans:
        return {}
    first = min(begin for begin, _end, _over in spans.values())
    whole = max((max(end for _b, end, _o in spans.values()) - first).total_seconds(), 0.001)
    bars: dict[int, Bar] = {}
    reached = first
    for number, (begin, end, is_over) in sorted(spans.items(), key=lambda one: one[1][:2]):
        seconds = (end - begin).total_seconds()
        width = max(seconds / whole * SCALE, MIN_WIDTH)
        at = min((begin - first).total_seconds() / whole * SCALE, SCALE - width)
        waited = max((begin - reached).total_seconds(), 0.0)
        bars[number] = Bar(round(at, 1), round(width, 1), seconds, waited, is_over)
        reached = max(reached, end)
    return bars


def _begun(binding: Binding, window: int | None) -> Mapping[int, dt.datetime]:
    """When the first call, or the first intent, of each step was made."""
    found: dict[int, dt.datetime] = {}
    for rows in (Call.objects.filter(binding=binding), Intent.objects.filter(binding=binding)):
        for number, at in rows.order_by("step").values_list("step").annotate(first=Min("at")):
            if number is not None and number not in SHARED:
                found[number] = min(found.get(number, at), at)
    if window is not None:
        calls = Call.objects.filter(window=window, step__in=SHARED)
        found.update(calls.order_by("step").values_list("step").annotate(first=Min("at")))
    return found
