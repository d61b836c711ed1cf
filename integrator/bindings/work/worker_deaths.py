"""Workers that die over a binding: it waits again, and is given up when it happens each time.

One death is normal, a worker may be restarted at any time. Deaths are counted apart from tries, and
anew once the binding gets on. Who is given up fails, or must be decided where something of it is
not known; neither has a window opened once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import F

from integrator.bindings import claims, decisions, intents, step_log, transitions
from integrator.core import clock
from integrator.messages.message import named, say
from integrator.models import Binding, Intent, Step
from integrator.models.states import BindingState, StepState
from integrator.runs import circuit_breaker
from integrator.windows import members

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from integrator.messages.message import Message

log = structlog.get_logger(__name__)

CAUSE = "worker_died"


def most() -> int:
    """After so many deaths a row is given up; never after the first."""
    return max(settings.MAX_ATTEMPTS, 2)


def take_back(binding: Binding) -> bool:
    """Have a binding wait again whose worker died, or give it up; False: its lease holds."""
    text = say("worker.died", count=binding.deaths + 1)
    why = say("worker.stopped")
    return _over(_of(binding).filter(lease_expires_at__lt=clock.now()), binding, why, text)


def refused_by_database(claimed: claims.Claim, error: DatabaseError) -> None:
    """The same for one that this thread cannot bring on since the database refuses what it writes.

    Where even this cannot be written, its lease runs out. The error's own text may quote the row,
    secrets and all, and is told nowhere.
    """
    binding = claimed.binding
    kind = type(error).__name__
    text = say("worker.database_tries", count=binding.deaths + 1, kind=kind)
    why = say("worker.database", kind=kind)
    try:
        if _over(_of(binding, claimed.token), binding, why, text):
            log.warning("binding.database_error", binding=binding.pk, kind=kind)
    except DatabaseError:
        log.warning("binding.left_to_its_lease", binding=binding.pk, kind=kind)


def _of(binding: Binding, token: str = "") -> QuerySet[Binding]:
    token = token or binding.lease_token
    return Binding.objects.filter(pk=binding.pk, state=BindingState.RUNNING, lease_token=token)


def _over(rows: QuerySet[Binding], binding: Binding, why: Message, text: Message) -> bool:
    """End the claim on these rows, of which there is one at most; False: there is none."""
    given_up = binding.deaths + 1 >= most()
    now = clock.now()
    with transaction.atomic():
        ended: dict[str, Any] = {
            "state_at": now,
            "lease_token": "",
            "lease_expires_at": None,
            "deaths": F("deaths") + 1,
            "version": F("version") + 1,
        }
        if given_up:
            return _give_up(rows, binding, text, ended)
        pause = transitions.backoff(binding.deaths - 1) if binding.deaths else now - now
        if not rows.update(state=BindingState.WAITING, due_at=now + pause, **ended):
            return False
        transitions.event_of(
            binding, BindingState.RUNNING, BindingState.WAITING, why, transitions.PRODUCT
        ).save(force_insert=True)
    return True


def _give_up(
    rows: QuerySet[Binding], binding: Binding, text: Message, ended: dict[str, Any]
) -> bool:
    """It fails and leaves its window; or what is not known of it is for a person to decide."""
    made = [
        one
        for one in Intent.objects.filter(binding=binding, kind__in=decisions.CAUSES)
        if intents.unsettled(one) or intents.refused_unread(one)
    ]
    cause, to = CAUSE, BindingState.FAILED
    fields: dict[str, Any] = {}
    evidence: dict[str, Any] = {}
    if made:
        cause, to = decisions.CAUSES[made[-1].kind], BindingState.UNDECIDED
        evidence = {"request": made[-1].before["request"]}
    else:
        fields = {"window": None, "waiting_for": "", "in_lane": members.keeps_lane(binding)}
    if not rows.update(state=to, due_at=None, cause=cause, cause_text=text, **fields, **ended):
        return False
    step = step_log.row(
        binding.step,
        StepState(to.value),
        binding=binding,
        previous=Step.objects.filter(binding=binding, number=binding.step).first(),
        attempt=binding.attempts + 1,
        cause=cause,
        cause_text=text,
        evidence=evidence,
    )
    step_log.record([step])
    transitions.event_of(
        binding, BindingState.RUNNING, to, named("cause", cause), transitions.PRODUCT
    ).save(force_insert=True)
    circuit_breaker.failed(binding, binding.step, cause, text)
    log.error("binding.given_up", binding=binding.pk, cause=cause, why=text.english)
    return True
