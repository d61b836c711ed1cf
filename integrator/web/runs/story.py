"""What happened to a binding, as sentences of the job; the newest comes first.

Its steps say what was done, events what stopped it and what people decided. That it waited for
its turn, or was taken up by a worker, is no news to anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrator.bindings.transitions import PRODUCT
from integrator.models.states import BindingState, StepState
from integrator.web.layout import marks

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping
    from typing import Any

    from django.utils.functional import _StrPromise

    from integrator.bindings.operator.report import TimelineStep
    from integrator.models import Event

SENTENCES: Mapping[int, _StrPromise] = {
    1: _("the manual module is there"),
    2: _("the plan sells manually"),
    3: _("ordered as service %(service)s"),
    4: _("paid"),
    5: _("both modules are on"),
    6: _("its task is found"),
    7: _("tied to its account"),
    8: _("the plan is restored"),
}
"""What is said of a step that is done."""

ENDS = frozenset({BindingState.FAILED, BindingState.UNDECIDED, BindingState.CANCELLED})
"""States of which people are always told."""
TOLD = frozenset({"worker.stopped"})
"""Keys of what the product says and people want to know, although it goes on by itself."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence. ``actor`` "": the product itself; ``state``: whose mark stands before it."""

    at: dt.datetime
    actor: str
    text: str
    state: str


def of(steps: Iterable[TimelineStep], events: Iterable[Event]) -> list[Line]:
    """The lines of these steps and events."""
    lines = [line for step in steps if (line := _of_step(step))]
    lines += [_of_event(event) for event in events if _is_told(event)]
    return sorted(lines, key=lambda line: line.at, reverse=True)


def _of_step(step: TimelineStep) -> Line | None:
    row = step.step
    if row is None or row.state != StepState.DONE or row.finished_at is None:
        return None
    known: dict[str, Any] = {"service": step.evidence.get("service", "–")}
    return Line(row.finished_at, "", str(SENTENCES[step.number]) % known, StepState.DONE)


def _is_told(event: Event) -> bool:
    by_a_person = event.actor != PRODUCT
    return by_a_person or event.to_state in ENDS or event.why.key in TOLD


def _of_event(event: Event) -> Line:
    state = event.to_state if event.to_state != event.from_state else ""
    why = str(event.why)
    if event.to_state in ENDS:
        ended = marks.gettext_word(event.to_state)
        why = gettext("%(state)s: %(why)s") % {"state": ended, "why": why} if why else ended
    actor = "" if event.actor == PRODUCT else event.actor
    return Line(event.at, actor, why or marks.gettext_word(state), state)
