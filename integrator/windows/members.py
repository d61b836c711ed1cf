"""The bindings of a window: where they stand, and how they leave it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from integrator.bindings import dialect_learning, intents, rows, step_log, transitions
from integrator.core import clock
from integrator.messages.message import NOTHING, Message, named
from integrator.models import Binding, Intent, Service, Step
from integrator.models.states import NEEDS_PERSON, BindingState, StepState
from integrator.runs import circuit_breaker, run_state
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from integrator.steps import step7_close_the_task as step7

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    from integrator.steps.verdicts import Ambiguous, Failed, Proven
    from integrator.windows.lease import Driver

TURN = "turn"
"""Waits to be claimed for its next call."""
READBACK = "readback"
"""Waits until the window reads the panel for all."""
TASKS = "tasks"
"""Its order is proven; waits until both modules are on."""
RESTORE = "restore"
"""Step 7 is proven; waits until the plan is as before."""
WINDOW = "window"
"""Waits for a window on its plan."""
LATER = "later"
"""Waits for a time before which nothing may be sent again; then for a window on its plan."""
LANE = "lane"
"""Waits while another binding of its client is undecided."""

MONEY_STEPS = (3, 4)
TASK_STEPS = (6, 7)

MONEY = (step3.KIND, step4.CREDIT, step4.SET_PAID, step4.PAY_LINE)
"""Kinds of intents that hold the client's lane while nobody knows what became of them."""


def intents_of(bindings: Collection[Binding]) -> dict[int, list[Intent]]:
    """The intents of each binding, in the order they were made."""
    found: dict[int, list[Intent]] = {binding.pk: [] for binding in bindings}
    for intent in rows.intents_of(found):
        found[intent.binding_id or 0].append(intent)
    return found


def steps_of(bindings: Collection[Binding]) -> dict[tuple[int, int], Step]:
    """The recorded steps by binding and number."""
    recorded = rows.steps_of([binding.pk for binding in bindings])
    return {(row.binding_id or 0, row.number): row for row in recorded}


def keeps_lane(binding: Binding) -> bool:
    """Whether an order or payment that nobody has read back goes on holding its client's lane."""
    if not binding.in_lane:
        return False
    made = Intent.objects.filter(binding=binding, kind__in=MONEY)
    return any(intents.unsettled(one) or intents.refused_unread(one) for one in made)


def adopted_services(bindings: Collection[Binding]) -> set[int]:
    """Services of these clients that belong to bindings or were bound by hand before."""
    clients = {binding.client_id for binding in bindings}
    known = Binding.objects.filter(client__in=clients, service_id__isnull=False)
    ours = {found for found in known.values_list("service_id", flat=True) if found is not None}
    return ours | set(
        Service.objects.filter(
            client_id_remote__in=[b.client.remote_id for b in bindings], accounts__isnull=False
        ).values_list("remote_id", flat=True)
    )


class Ledger:
    """Collects what one shared reading proves, to be written in one transaction.

    ``pauses``: why to pause which run, by its id. ``now``: the time of the reading, one for all.

    Each binding is changed by compare-and-set; one that was changed meanwhile (by a person) is
    left out, and its steps with it.
    """

    def __init__(self, bindings: Collection[Binding]) -> None:
        self._previous = steps_of(bindings)
        self._steps: dict[int, dict[int, Step]] = {}
        self._changes: list[transitions.Change] = []
        self.pauses: dict[int, Message] = {}
        self.now = clock.now()

    def proven(self, binding: Binding, number: int, verdict: Proven) -> None:
        """A step of this binding is done, with evidence."""
        self._step(binding, number, StepState.DONE, evidence=verdict.evidence)

    def waits(self, binding: Binding, waiting_for: str, **fields: Any) -> None:
        """The binding goes on waiting, for something else or further on."""
        why = fields.pop("why", NOTHING)
        change = transitions.Change(binding, BindingState.WAITING, why, waiting_for, fields)
        self._changes.append(change)

    def failed(self, binding: Binding, number: int, verdict: Failed, **fields: Any) -> None:
        """The step failed for a reason that a person must remove; the binding leaves the window."""
        fields = {"window": None, "in_lane": False, **fields}
        self._stopped(binding, number, BindingState.FAILED, verdict, fields)

    def undecided(self, binding: Binding, number: int, verdict: Ambiguous, **fields: Any) -> None:
        """A person decides; the binding stays in the window, whose gate may need it."""
        self._stopped(binding, number, BindingState.UNDECIDED, verdict, fields)

    def _stopped(
        self,
        binding: Binding,
        number: int,
        state: BindingState,
        verdict: Failed | Ambiguous,
        fields: dict[str, Any],
    ) -> None:
        """Step and binding stop in states of the same name, with the same cause."""
        why = {"cause": verdict.cause, "cause_text": verdict.text}
        self._step(binding, number, StepState(state.value), evidence=verdict.evidence, **why)
        fields = {**why, **fields}
        cause = named("cause", verdict.cause)
        self._changes.append(transitions.Change(binding, state, cause, fields=fields))

    def done(self, binding: Binding) -> None:
        """The binding is done."""
        fields = {"done_at": self.now, "in_lane": False, "step": 8}
        self._changes.append(transitions.Change(binding, BindingState.DONE, fields=fields))

    def _step(self, binding: Binding, number: int, state: StepState, **fields: Any) -> None:
        previous = self._previous.get((binding.pk, number))
        row = step_log.row(
            number,
            state,
            binding=binding,
            previous=previous,
            attempt=max(previous.attempts if previous else 0, 1),
            **fields,
        )
        self._steps.setdefault(binding.pk, {})[number] = row

    def write(self) -> int:
        """Write it all in the caller's transaction; how many bindings changed.

        The circuit breaker is told of it, and a close of a task that was seen is kept as proven.
        """
        if not self._changes:
            return 0
        with transaction.atomic():
            made = transitions.change_all(self._changes)
            self._update_breaker(made)
            step_log.record(step for pk in made for step in self._steps.pop(pk, {}).values())
            # Panels before runs, as the breaker locks them: two workers never wait for each other.
            for run_id, why in sorted(self.pauses.items()):
                run_state.pause(run_id, why)
        self._changes.clear()
        self.pauses.clear()
        return len(made)

    def _update_breaker(self, made: Collection[int]) -> None:
        """Each failure is counted, and each step that is proven ends the rows of failures at it."""
        passed: set[int] = set()
        closed = []
        for one in self._changes:
            if one.binding.pk not in made:
                continue
            for step in self._steps.get(one.binding.pk, {}).values():
                if step.state == StepState.DONE and step.number not in passed:
                    circuit_breaker.passed(one.binding, step.number)
                    passed.add(step.number)
                if step.state == StepState.DONE and step.number == step7.NUMBER:
                    closed.append(one.binding)
                elif step.state in NEEDS_PERSON:
                    circuit_breaker.failed(one.binding, step.number, step.cause, step.cause_text)
                    passed.discard(step.number)
        if closed:
            dialect_learning.close_proven(closed)


def leave_all(driver: Driver, bindings: Collection[Binding], why: Message) -> None:
    """Let these leave, by who still holds the window. Raises LeaseLostError."""
    if bindings:
        with driver.holding():
            for binding in bindings:
                leave(binding, why=why)


def leave(
    binding: Binding,
    *,
    waiting_for: str = WINDOW,
    why: Message = NOTHING,
    due_at: dt.datetime | None = None,
    **fields: Any,
) -> bool:
    """Let a waiting binding leave its window for the next one; False: it was changed meanwhile."""
    return transitions.change(
        binding,
        BindingState.WAITING,
        waiting_for=waiting_for,
        why=why,
        due_at=due_at,
        window=None,
        in_lane=keeps_lane(binding),
        **fields,
    )
