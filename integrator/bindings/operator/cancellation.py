"""Cancels the bindings of a cancelled run: a handful of statements, however many they are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db import transaction

from integrator.bindings import decisions, intents, transitions
from integrator.messages.message import named, say
from integrator.models import Binding, Intent
from integrator.models.states import CLAIMABLE, BindingState
from integrator.steps import step3_order as step3

if TYPE_CHECKING:
    from collections.abc import Collection

    from integrator.models import Run

AT_BORDER = (*CLAIMABLE, BindingState.FAILED)
"""States of a binding that nobody works on and that has not ended."""


def at_border(run: Run, actor: str = transitions.PRODUCT) -> int:
    """Cancel those bindings of a cancelled run that stand at a step border; how many.

    What has ordered stays in its window until that lets it go: the gate must not lose sight of
    an order that an ispmanager module could still open.
    """
    standing = Binding.objects.filter(run=run, state__in=AT_BORDER).order_by("pk")
    ids = list(standing.values_list("pk", flat=True))
    portions = range(0, len(ids), transitions.MAX_ALIKE)
    return sum(_cancel(ids[begin : begin + transitions.MAX_ALIKE], actor) for begin in portions)


@transaction.atomic
def _cancel(ids: Collection[int], actor: str) -> int:
    """Cancel those of these bindings that still stand at a border; how many."""
    standing = transitions.locked(ids).filter(state__in=AT_BORDER)
    bindings = list(standing.only("state", "window_id"))
    # Read under the lock: nobody makes another intent of them meanwhile.
    made = _intents_of(ids)
    unknown: dict[str, list[Binding]] = defaultdict(list)
    leaving: dict[bool, list[Binding]] = {True: [], False: []}
    for binding in bindings:
        own = made[binding.pk]
        cause = _unknown(own)
        ordered = intents.may_have_happened(intents.last(own, step3.KIND))
        if cause:
            # First it must be known what happened: its window finds out, else a person.
            if binding.window_id is None and binding.state == BindingState.WAITING:
                unknown[cause].append(binding)
        elif not (ordered and binding.window_id is not None):
            leaving[ordered].append(binding)
    for cause, concerned in unknown.items():
        transitions.change_alike(
            concerned,
            BindingState.UNDECIDED,
            why=named("cause", cause),
            cause=cause,
            cause_text=say("binding.cancelled_unknown"),
        )
    for ordered, concerned in leaving.items():
        transitions.change_alike(
            concerned,
            BindingState.CANCELLED,
            actor=actor,
            why=say("binding.run_cancelled"),
            reserved=ordered,
            window=None,
            in_lane=False,
        )
    return sum(map(len, leaving.values()))


def _intents_of(ids: Collection[int]) -> dict[int, list[Intent]]:
    """Those intents of these bindings that could order, pay or close, in the order made."""
    found: dict[int, list[Intent]] = defaultdict(list)
    made = Intent.objects.filter(binding__in=ids, kind__in=decisions.CAUSES).order_by("id")
    for intent in made.only("binding_id", "kind", "outcome", "result"):
        found[intent.binding_id or 0].append(intent)
    return found


def _unknown(own: list[Intent]) -> str:
    """Why a person must decide, by the first of these of which nobody knows; "": all are known."""
    for intent in own:
        if intents.unsettled(intent) or intents.refused_unread(intent):
            return decisions.CAUSES[intent.kind]
    return ""
