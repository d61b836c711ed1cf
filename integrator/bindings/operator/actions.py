"""What a person can do to runs, bindings and windows. Web and command line call these alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from integrator.bindings import decisions, transitions
from integrator.bindings.operator import adoption, cancellation, retries, undecided_evidence
from integrator.bindings.work import password_attempts
from integrator.core import clock
from integrator.core.errors import ActionRefused
from integrator.maintenance import wake_ups
from integrator.messages.message import NOTHING, Message, say
from integrator.models import Binding, Run, Window
from integrator.models.states import (
    MOVING,
    BindingState,
    Phase,
    RunState,
)
from integrator.runs import circuit_breaker, cohorts, run_state
from integrator.windows import lease, members

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def pause(run_id: int, actor: str, why: Message = NOTHING) -> None:
    """Let nothing new begin in this run; what is ordered already is brought to its end."""
    _change_run(run_id, RunState.RUNNING, RunState.PAUSED, actor, why)


def resume(run_id: int, actor: str) -> None:
    """Let a paused run go on; what its panels did wrong in a row is counted anew."""
    run = _change_run(run_id, RunState.PAUSED, RunState.RUNNING, actor, NOTHING)
    circuit_breaker.start_anew(run)
    password_attempts.start_anew(run)
    wake_ups.wake("run", run.pk, times=2)
    cohorts.draw_all()


def cancel(run_id: int, actor: str, why: Message = NOTHING) -> None:
    """End a run: what has not ordered is given up and its account is free again.

    What has ordered stays reserved. Bindings that a thread holds at this moment end at their next
    step border. A finished run is cancelled for the failed bindings that are left in it.
    Raises ActionRefused when there is nothing left to cancel.
    """
    run = Run.objects.get(pk=run_id)
    left = Binding.objects.filter(run=run, state__in=[*MOVING, BindingState.FAILED])
    over = run.state == RunState.FINISHED and not left.exists()
    if run.state == RunState.CANCELLED or over:
        raise ActionRefused(
            _("Run %(run)s is %(state)s, and nothing is left in it to cancel.")
            % {"run": run, "state": run.get_state_display()}
        )
    if not run_state.change(run, RunState.CANCELLED, why=why, actor=actor, finished_at=clock.now()):
        raise ActionRefused(_("It changed a moment ago; look again."))
    cancellation.at_border(run, actor)


def _change_run(run_id: int, expected: RunState, to: RunState, actor: str, why: Message) -> Run:
    run = Run.objects.get(pk=run_id)
    if run.state != expected or not run_state.change(run, to, why=why, actor=actor):
        raise ActionRefused(
            _("Run %(run)s is %(state)s.") % {"run": run, "state": run.get_state_display()}
        )
    return run


def retry(
    bindings: QuerySet[Binding],
    actor: str,
    *,
    password: str | None = None,
    passwords: Mapping[int, str] | None = None,
    corrected: Mapping[str, Any] | None = None,
    confirmed: Sequence[str] = (),
) -> retries.RetryReport:
    """Queue failed or cancelled bindings again, from the step where they stopped.

    ``password``: use this one from now on; None: the one that is stored, if any. ``passwords``:
    those of single accounts, by the account's id; they come first. ``corrected``: checked fields
    that change (of one binding; see ``integrator.previews.corrections``); ``confirmed``: words that
    a person has given with it.
    Raises ActionRefused when a field can no longer be changed.
    """
    wish = retries.Wish(actor, password, passwords or {}, corrected or {}, confirmed)
    report = retries.queue_again(bindings, wish)
    for run_id in sorted(report.runs):
        run_state.reopen(run_id, why=say("run.retried"), actor=actor, cancelled=True)
        wake_ups.wake("run", run_id, times=2)
    cohorts.draw_all()
    return report


def try_again(binding_id: int, actor: str) -> None:
    """A person says that the undecided effect did not happen: do it again.

    Raises ActionRefused when the binding is not undecided, or its order was seen to exist.
    """
    binding = _undecided(binding_id)
    if decisions.is_ordered(binding):
        raise ActionRefused(
            _("The order of b%(id)d exists; to try again would order twice. Adopt its service.")
            % {"id": binding.pk}
        )
    with transaction.atomic():
        decisions.nothing_happened(binding, actor)
        changed = transitions.change(
            binding,
            BindingState.QUEUED,
            actor=actor,
            why=say("binding.not_there"),
            waiting_for=members.WINDOW,
            attempts=0,
            window=None,
            in_lane=False,
            **decisions.back_to(binding),
        )
        if not changed:
            raise ActionRefused(_("It changed a moment ago; look again."))
    _reopen(binding, actor)


def adopt(binding_id: int, service_id: int, actor: str) -> None:
    """A person says that this service is the binding's; it is checked before it is taken.

    Raises ActionRefused when it is not fit, and what ``panels`` raises.
    """
    binding = _undecided(binding_id)
    adoption.adopt_service(binding, service_id, actor)
    _reopen(binding, actor)


def adopt_payment(binding_id: int, payment_id: int, actor: str) -> None:
    """A person says that this payment is the credit added for the binding; it is checked.

    Raises ActionRefused when it is not fit, and what ``panels`` raises.
    """
    binding = _undecided(binding_id)
    undecided_evidence.adopt_payment(binding, payment_id, actor)
    _reopen(binding, actor)


def restore(window_id: int, actor: str, *, anyway: bool = False) -> None:
    """Have a window restore its plan now: no new orders, then through the gate.

    ``anyway``: even if the gate cannot be passed, or somebody else changed the plan; orders that
    are not seen yet may then reach the ispmanager module.
    Raises ActionRefused when the window is closed.
    """
    window = _open_window(window_id)
    with transaction.atomic():
        changed = (
            Window.objects.open()
            .filter(pk=window.pk)
            .update(
                closing=True,
                due_at=clock.now(),
                deaths=0,
                version=F("version") + 1,
                **({"anyway_by": actor} if anyway else {}),
            )
        )
        if changed:
            lease.event(
                window,
                window.phase,
                "closing",
                say("window.restore_anyway") if anyway else say("window.restore"),
                actor=actor,
            )
    wake_ups.wake("window", window.pk)


def keep_waiting(window_id: int, actor: str) -> None:
    """A person has looked at a held window and says: go on waiting for the gate.

    Raises ActionRefused when the window is not held.
    """
    window = _open_window(window_id)
    now = clock.now()
    if not Window.objects.filter(pk=window.pk, held=True).update(
        held=False,
        held_until=None,
        watched_since=now,
        due_at=now,
        deaths=0,
        version=F("version") + 1,
    ):
        raise ActionRefused(_("Window %(window)s is not held.") % {"window": window})
    lease.event(window, "held", window.phase, say("window.keep_waiting"), actor=actor)
    wake_ups.wake("window", window.pk)


def _open_window(window_id: int) -> Window:
    window = Window.objects.select_related("plan").get(pk=window_id)
    if window.phase == Phase.CLOSED:
        raise ActionRefused(_("Window %(window)s is closed.") % {"window": window})
    return window


def _undecided(binding_id: int) -> Binding:
    binding = Binding.objects.select_related(
        "run__preview", "account__panel", "client", "plan"
    ).get(pk=binding_id)
    if binding.state != BindingState.UNDECIDED:
        raise ActionRefused(
            _("Binding b%(id)d needs no decision: it is %(state)s.")
            % {"id": binding.pk, "state": binding.get_state_display()}
        )
    return binding


def _reopen(binding: Binding, actor: str) -> None:
    """Let the binding's run go on, and those that waited for its client's lane."""
    behind = Binding.objects.moving().filter(client=binding.client_id)
    over = (RunState.FINISHED, RunState.UNDECIDED)
    for run in Run.objects.filter(state__in=over, bindings__in=behind).distinct():
        run_state.reopen(run.pk, why=say("run.decided"), actor=actor)
    run_state.reopen(binding.run_id, why=say("run.decided"), actor=actor, cancelled=True)
    cohorts.draw_all()
