"""Intents: committed before any call that cannot be repeated, settled after it.

What has an intent and no outcome is *unknown*: the next attempt reads, and acts only on proof
that nothing happened. Absence counts only from ``settles_at`` on (design.md, section 4):

- What may be repeated without harm (a switch, a date) counts as absent after the settle time.
- What may not (money, the closing of a task) counts as absent only after the *horizon*, since a
  request that was never answered may still wait in the panel's queue. Where the panel has dealt
  with it and only said something unclear, the time in which its lists show what was done is enough.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.conf import settings

from integrator.core import clock
from integrator.messages import panel_errors
from integrator.messages.message import NOTHING, Message, say
from integrator.models import Binding, Intent, Window
from integrator.models.states import MAY_HAVE_HAPPENED, UNSETTLED, Outcome
from integrator.steps import step1_add_manual_module as step1
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from integrator.steps import step7_close_the_task as step7
from panels.coremanager.errors import NotSent, OutcomeUnknown, PanelError, Refused
from panels.coremanager.forms import FormLacks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from integrator.steps.effect import Effect

CREATE_CLIENT = "create_client"
HAND_OVER = "hand_over"

NOT_REPEATABLE = frozenset(
    {
        *(step3.KIND, step4.CREDIT, step4.SET_PAID, step4.PAY_LINE, step7.CLOSE),
        *(CREATE_CLIENT, step1.KIND, HAND_OVER),
    }
)
"""Kinds that do harm when they take effect twice, however late the first one is."""

NOT_SEEN = say("effect.not_seen")
"""Why an unknown effect is settled as *nothing happened*, when its own time is over."""

NOT_OURS = "not_ours"
"""In the result of an order: services of which a person has said that they are not its own."""
ANSWERED = "answered"
"""In the result of an order: the service that the panel has answered, where it does."""
COUNTED = "counted"
"""In the result of a credit: its amount stands in ``Binding.credited``."""

_LOOK_AGAIN, _LOOK_SELDOM = dt.timedelta(seconds=2), dt.timedelta(seconds=20)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


def listed_within() -> dt.timedelta:
    """How long what the panel has done or refused may take until all of its lists show it.

    Lists were seen to lag behind by a minute, and the clock may be set ahead meanwhile: several
    settle times, so that neither decides anything.
    """
    return dt.timedelta(seconds=4 * settings.SETTLE_SECONDS)


def horizon() -> dt.timedelta:
    """How long a request that was never answered may take until its effect is listed."""
    return dt.timedelta(seconds=settings.HORIZON_SECONDS) + listed_within()


def _absent_after(kind: str, *, answered: bool) -> dt.timedelta:
    """From how long after its outcome is unknown an effect that is not seen has not happened."""
    if kind not in NOT_REPEATABLE:
        return dt.timedelta(seconds=settings.SETTLE_SECONDS)
    return listed_within() if answered else horizon()


def send_ahead() -> float:
    """Seconds within which a declared call must be sent; well inside a lease."""
    return float(min(5.0, settings.LEASE_SECONDS / 2))


@dataclass(frozen=True, slots=True)
class Sent(Generic[T_co]):
    """What became of a call: the panel's answer, or the error, never both."""

    intent: Intent
    outcome: Outcome
    value: T_co | None = None
    error: PanelError | None = None


def new(
    effect: Effect[object],
    attempt: int,
    *,
    binding: Binding | None = None,
    window: Window | None = None,
    marker: str = "",
    until: dt.datetime | None = None,
) -> Intent:
    """The intent of this effect, to be saved in the transaction that checks lease and phase.

    ``marker``: what else the effect is found by; a binding's is its own. ``until``: it may not be
    sent after that time, since what was looked at before it is too old then; None: only the lease
    limits it.
    """
    before = {**effect.before(), "request": effect.describe()}
    now = clock.now()
    send_by = now + dt.timedelta(seconds=send_ahead())
    if until is not None:
        send_by = min(send_by, until)
    return Intent(
        binding=binding,
        window=window,
        step=effect.number,
        attempt=attempt,
        kind=effect.kind,
        marker=binding.marker if binding else marker,
        before=before,
        at=now,
        send_by=send_by,
        settles_at=send_by
        + dt.timedelta(seconds=settings.READ_TIMEOUT)
        + _absent_after(effect.kind, answered=False),
    )


def carry_out(intent: Intent, effect: Effect[T]) -> Sent[T]:
    """Make the declared call, by the intent's ``send_by`` on this process's clock.

    The outcome is returned, not yet written: it belongs in one transaction with what follows
    from it. An error that is not a panel's is not caught: the intent then stays pending, which
    is just what is known.
    """
    here = clock.monotonic()  # first: a pause between the two must shorten the time, not shift it
    left = (intent.send_by - clock.now()).total_seconds()
    try:
        value = effect.apply(here + left)
    except (NotSent, FormLacks) as error:
        return Sent(intent, Outcome.NOTHING, error=error)
    except Refused as error:
        return Sent(intent, Outcome.REFUSED, error=error)
    except OutcomeUnknown as error:
        return Sent(intent, Outcome.UNKNOWN, error=error)
    return Sent(intent, Outcome.DONE, value=value)


def settle(
    intent: Intent,
    outcome: Outcome,
    *,
    why: Message = NOTHING,
    answered: bool = False,
    **result: Any,
) -> None:
    """Write an intent's outcome; an unknown one counts the time until absence counts from now on.

    A refused order counts it as well, since a refusal is not always nothing. ``answered``: the
    panel has dealt with the request, see ``OutcomeUnknown``.
    """
    _put(intent, outcome, why=why, answered=answered, result=result)
    intent.save(update_fields=_OUTCOME)


_OUTCOME = ("outcome", "outcome_at", "why", "result", "settles_at")


def _put(
    intent: Intent, outcome: Outcome, *, why: Message, answered: bool, result: Mapping[str, Any]
) -> None:
    now = clock.now()
    intent.outcome, intent.outcome_at, intent.why = outcome, now, why
    intent.result = {**intent.result, **result}
    if outcome == Outcome.UNKNOWN:
        intent.settles_at = now + _absent_after(intent.kind, answered=answered)
    elif outcome == Outcome.REFUSED:
        intent.settles_at = now + dt.timedelta(seconds=settings.SETTLE_SECONDS)


def settle_all(sent: Iterable[tuple[Sent[Any], Mapping[str, Any]]]) -> None:
    """Write the outcomes of calls that ``carry_out`` made, with what more is known of each."""
    settled = []
    for one, result in sent:
        answered = isinstance(one.error, OutcomeUnknown) and one.error.answered
        more = {"not_sent": True} if one.outcome == Outcome.NOTHING else {}
        why = panel_errors.of_error(one.error)
        _put(one.intent, one.outcome, why=why, answered=answered, result={**result, **more})
        settled.append(one.intent)
    Intent.objects.bulk_create(
        settled, update_conflicts=True, unique_fields=["id"], update_fields=_OUTCOME
    )


def settle_sent(sent: Sent[Any], **result: Any) -> None:
    """Write the outcome of a call that ``carry_out`` made."""
    settle_all([(sent, result)])


def last(intents: list[Intent], kind: str) -> Intent | None:
    """The newest intent of this kind, of a list in the order they were made."""
    return next((intent for intent in reversed(intents) if intent.kind == kind), None)


def may_have_happened(intent: Intent | None) -> bool:
    """Whether what was meant has happened or may have."""
    return intent is not None and (intent.outcome in MAY_HAVE_HAPPENED or refused_unread(intent))


def unsettled(intent: Intent | None) -> bool:
    """Whether nobody knows yet what became of it."""
    return intent is not None and intent.outcome in UNSETTLED


def refused_unread(intent: Intent) -> bool:
    """Whether an order was refused and nobody has looked yet what it left behind.

    Refused is not always nothing: to order again before that look could order twice.
    """
    refused = intent.kind == step3.KIND and intent.outcome == Outcome.REFUSED
    return refused and not intent.result.get("read")


def may_show_until(intent: Intent) -> dt.datetime:
    """Until when an unknown effect may still show; what is not seen then has not happened."""
    return intent.settles_at + _set_ahead(intent)


def listed_by(intent: Intent) -> dt.datetime:
    """When all of the panel's lists show what it has confirmed or refused."""
    return counts_from(intent) + listed_within()


def shows_by(intent: Intent) -> dt.datetime:
    """When what is not seen is missing: what the panel has confirmed, or may have done."""
    return listed_by(intent) if intent.outcome == Outcome.DONE else may_show_until(intent)


def _set_ahead(intent: Intent) -> dt.timedelta:
    return clock.set_ahead(intent.outcome_at or intent.at)


def counts_from(intent: Intent) -> dt.datetime:
    """From when the time since its outcome counts, as ``now`` tells it."""
    return (intent.outcome_at or intent.at) + _set_ahead(intent)


def next_look(intent: Intent) -> dt.datetime:
    """When to look again for what is not known: soon at first, then less and less often."""
    now = clock.now()
    waited = now - (intent.outcome_at or intent.at)
    pause = min(max(waited / 10, _LOOK_AGAIN), _LOOK_SELDOM)
    return min(now + pause, max(may_show_until(intent), now))


def takes_effect_until(intent: Intent) -> dt.datetime:
    """Until when an effect that is seen nowhere may still show up; then it did not happen.

    The panel's own confirmation is no proof of it either: some were seen to lead to nothing.
    """
    if intent.outcome == Outcome.DONE:
        return counts_from(intent) + horizon()
    return may_show_until(intent)


def note_read(intent: Intent) -> None:
    """Write down that a reading has shown what a refused order left behind."""
    intent.result = {**intent.result, "read": True}
    intent.save(update_fields=["result"])
