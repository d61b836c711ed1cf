"""Steps as they stand, with the history of how they came there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrator.core import clock
from integrator.messages.message import NOTHING
from integrator.models import Binding, Step, Window
from integrator.models.states import StepState
from integrator.panel_access import proven_names
from integrator.steps import VERSIONS
from integrator.steps.dialect_entries import SEEN_AT_WORK

if TYPE_CHECKING:
    from collections.abc import Iterable

STEP_COLUMNS = (
    *("state", "code_version", "attempts", "finished_at", "evidence", "cause", "cause_text"),
    "history",
)


def record(steps: Iterable[Step]) -> None:
    """Insert or replace steps by their binding and number, in one statement.

    A step that is done proves the names of the panel that it needed; in the caller's transaction.
    """
    recorded = list(steps)
    if recorded:
        whose = "binding" if recorded[0].binding_id else "window"
        Step.objects.bulk_create(
            recorded,
            update_conflicts=True,
            unique_fields=[whose, "number"],
            update_fields=STEP_COLUMNS,
        )
    done = {step.number for step in recorded if step.state == StepState.DONE}
    seen = {name for number in done for name in SEEN_AT_WORK.get(number, ())}
    if seen:
        proven_names.prove(seen)


def row(
    number: int,
    state: StepState,
    *,
    binding: Binding | None = None,
    window: Window | None = None,
    previous: Step | None = None,
    attempt: int = 1,
    **fields: Any,
) -> Step:
    """A step as it now stands, to be recorded; its history is that of ``previous`` and this."""
    now = clock.now()
    over = state in (StepState.DONE, StepState.FAILED, StepState.UNDECIDED)
    history = list(previous.history) if previous else []
    if over:
        history.append(
            {
                "attempt": attempt,
                "at": now.isoformat(timespec="seconds"),
                "outcome": state.value,
                "cause": fields.get("cause", ""),
                "text": fields.get("cause_text", NOTHING).to_json(),
            }
        )
    return Step(
        binding=binding,
        window=window,
        number=number,
        state=state,
        code_version=VERSIONS[number],
        attempts=attempt,
        started_at=previous.started_at if previous else now,
        finished_at=now if over else None,
        history=history,
        **fields,
    )
