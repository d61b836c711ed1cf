"""What a window has led to, once it has closed: server's users, canary, other people's orders.

The plan is restored by then, and nothing here holds anybody up: the next window may open beside
it, but where a canary is watched, its run waits. What is wrong pauses the runs, which stops orders
of a window that is open by then as well.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import structlog
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import F

from integrator.bindings import intents
from integrator.bindings.work.password_attempts import TooSoonError
from integrator.core import clock
from integrator.maintenance import wake_ups
from integrator.messages import panel_errors
from integrator.messages.message import Message, of_json, say, several
from integrator.models import Canary, NewUser, Panel, Window
from integrator.panel_access import call_log, panel_connections
from integrator.panel_access.parallel import senders
from integrator.runs import pauses, run_state
from integrator.steps import step8_restore_the_plan as step8
from integrator.windows import canaries, foreign_orders, lease, order_handover, server_users
from integrator.windows.phases.orders import GAVE_UP
from integrator.windows.post_checks import doubles
from panels.coremanager.errors import PanelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from panels.billmanager import BillManager

log = structlog.get_logger(__name__)

LOOK_TAKES_LESS_THAN = dt.timedelta(seconds=60)
"""After so long somebody else looks, should the one who looks have died."""
LOOK_AGAIN = dt.timedelta(seconds=10)
MAX_DELAY = dt.timedelta(minutes=5)
"""How long a server may be out of reach, or other passwords be tried first, before a person is
told that nobody could compare."""
NO_TURN = say("password.no_turn")
SECOND_LOOK_AFTER = dt.timedelta(minutes=5)
"""When what still waits is looked at once more: modules work asynchronously."""
LAST_LOOK_AFTER = dt.timedelta(hours=1)
"""After so long a window's strangers are read only when a person asks."""


def look(window_id: int) -> None:
    """Look at this closed window if that is due; what could not be read is read again later."""
    now = clock.now()
    due = Window.objects.closed().filter(pk=window_id, after_at__lte=now)
    if not due.update(after_at=now + LOOK_TAKES_LESS_THAN):
        return
    window = Window.objects.select_related("plan").get(pk=window_id)
    try:
        with call_log.about(window_id=window_id, step=step8.NUMBER):
            bm = panel_connections.billmanager()
            if window.compared_at is None:
                _compare(window, bm)
            else:
                found = server_users.look_again_at(window, bm)
                with transaction.atomic():
                    NewUser.objects.bulk_update(found, ["service_id", "binding", "why"])
                    _stop_for(window, [user for user in found if user.binding_id is not None])
                _stop_for_doubles(window, _new_doubles(window, bm))
            _read_strangers(window, bm)
    except TooSoonError as soon:
        Window.objects.filter(pk=window_id).update(after_at=soon.at)
        wake_ups.wake_in("recheck", window_id, (soon.at - clock.now()).total_seconds())
        return
    except PanelError as error:
        pauses.stop_panel(error)
        log.warning("window.not_compared", window=window_id, why=str(error))
        _not_yet(window, panel_errors.of_error(error))
        return
    except DatabaseError:
        raise
    except Exception:
        # Nobody foresaw it: a run must not wait for this comparison for ever.
        _not_yet(window, say("worker.error"))
        raise
    Window.objects.filter(pk=window_id).update(after_at=_next(window), version=F("version") + 1)


def read_again(window_id: int) -> None:
    """Read the strangers' orders of this window now, since a person asked.

    Raises what ``panels`` raises.
    """
    window = Window.objects.select_related("plan").get(pk=window_id)
    with call_log.about(window_id=window_id, step=step8.NUMBER):
        bm = panel_connections.billmanager()
        _read_strangers(window, bm)
    Window.objects.filter(pk=window_id).update(version=F("version") + 1)


def _read_strangers(window: Window, bm: BillManager) -> None:
    """Read what became of the orders of others, then of those that were handed over.

    In this order none is shown as opened while nobody knows yet what its hand-over did.
    """
    foreign_orders.refresh(window, bm)
    order_handover.settle_all(window, bm)


def _next(window: Window) -> dt.datetime | None:
    """When to look again; None: all that can be told is told."""
    now = clock.now()
    closed = window.closed_at or now
    if now - closed < SECOND_LOOK_AFTER:
        return closed + SECOND_LOOK_AFTER
    if foreign_orders.waits(window) and now - closed < LAST_LOOK_AFTER:
        return now + SECOND_LOOK_AFTER
    if window.seen.get(GAVE_UP) and now - closed < intents.horizon() + SECOND_LOOK_AFTER:
        return closed + intents.horizon() + SECOND_LOOK_AFTER  # what was given up may still come
    return None


def _new_doubles(window: Window, bm: BillManager) -> list[Message]:
    """What was doubled and has not been told of this window; written down as told."""
    known = _doubles(window)
    new = [text for text in doubles.find(window, bm) if text not in known]
    if new:
        window.seen = {**window.seen, "doubles": [one.to_json() for one in [*known, *new]]}
        Window.objects.filter(pk=window.pk).update(seen=window.seen)
    return new


def _doubles(window: Window) -> list[Message]:
    """What was told to be doubled in this window."""
    return [of_json(one) for one in window.seen.get("doubles", [])]


def _stop_for_doubles(window: Window, new: Sequence[Message]) -> None:
    """Raise the alarm of what was doubled, and pause what might double more."""
    if not new:
        return
    text = several(new)
    with transaction.atomic():
        for run in pauses.selling_on([], window.plan).order_by("pk"):
            run_state.pause(run.pk, text)
        _raise_alarm(window, text)


def _compare(window: Window, bm: BillManager) -> None:
    """Compare servers and canaries with before; all of it, or raise to be called again."""
    if not window.seen.get("listed"):  # else a canary alone is waited for
        unread = window.seen.get("unread", {})
        servers = [one for one in server_users.of_window(window) if str(one.pk) not in unread]
        listed, found = senders.together(
            lambda: server_users.look(servers, bm, window), lambda: doubles.find(window, bm)
        )
        for _panel, new in listed:
            if isinstance(new, PanelError):
                raise new
        window.seen = {**window.seen, "listed": True, "doubles": [one.to_json() for one in found]}
        Window.objects.filter(pk=window.pk).update(seen=window.seen)
    watched = window.canaries.filter(state=Canary.State.WATCHED)
    for canary in watched.select_related("binding__account__panel"):
        try:
            canaries.compare(canary)
        except TooSoonError:
            if _is_patient(window):
                raise
            canaries.give_up(canary, NO_TURN)
    _conclude(window)


def _is_patient(window: Window) -> bool:
    now = clock.now()
    return now - (window.closed_at or now) < MAX_DELAY


def _conclude(window: Window) -> None:
    """Pause what must be paused and raise the alarm, all or nothing: a crash loses no finding."""
    ours = list(window.new_users.filter(binding__isnull=False).select_related("panel"))
    wrong = list(
        window.canaries.exclude(
            state__in=[Canary.State.WATCHED, Canary.State.UNCHANGED]
        ).select_related("binding__run")
    )
    users = server_users.message_of(ours)
    twice = several(_doubles(window))
    problems = [users, *map(_canary_text, wrong), twice]
    with transaction.atomic():
        why = {canary.binding.run_id: _canary_text(canary) for canary in wrong}
        why |= dict.fromkeys(_endangered_by(window, ours), users)
        if twice:
            why |= {run.pk: twice for run in pauses.selling_on([], window.plan)}
        for run_id in sorted(why):  # in one order, as everywhere
            run_state.pause(run_id, why[run_id])
        _raise_alarm(window, several(problems))
        window.compared_at = clock.now()
        Window.objects.filter(pk=window.pk).update(compared_at=window.compared_at)


def _endangered_by(window: Window, ours: Sequence[NewUser]) -> list[int]:
    """Running runs on the servers of these users, or of the window's plan, whoever's they are."""
    if not ours:
        return []
    found = pauses.selling_on({user.panel for user in ours}, window.plan)
    return sorted(found.values_list("pk", flat=True))


def _stop_for(window: Window, ours: Sequence[NewUser]) -> None:
    """Raise the alarm of new users that are ours, and pause runs that would meet the same.

    The run whose they are may have finished long ago; others would do the same harm.
    """
    if not ours:
        return
    users = server_users.message_of(ours)
    with transaction.atomic():
        for run_id in _endangered_by(window, ours):
            run_state.pause(run_id, users)
        _raise_alarm(window, users)


def _canary_text(canary: Canary) -> Message:
    binding = f"b{canary.binding_id}"
    if canary.state == Canary.State.CHANGED:
        return say("canary.changed", binding=binding, why=canary.why)
    return say("canary.not_compared", binding=binding, why=canary.why)


def _raise_alarm(window: Window, text: Message) -> None:
    """Something is wrong: shown on every page until a person says to have looked."""
    if not text:
        return
    with transaction.atomic():
        row = Window.objects.select_for_update().get(pk=window.pk)
        if row.alarm_seen_by == "":
            text = several([row.alarm, text])  # nobody has looked at the earlier one yet
        Window.objects.filter(pk=window.pk).update(
            alarm=text, alarm_seen_by="", version=F("version") + 1
        )
        lease.event(window, window.phase, "alarm", text)
    log.error("window.alarm", window=window.pk, why=text.english)


def _not_yet(window: Window, why: Message) -> None:
    """A panel could not be read: later again, or a person is told that nobody could compare."""
    now, patient = clock.now(), _is_patient(window)
    if patient or window.compared_at is not None:
        Window.objects.filter(pk=window.pk).update(
            after_at=now + (LOOK_AGAIN if patient else SECOND_LOOK_AFTER)
        )
        return
    text = say("window.not_compared", window=str(window), why=why)
    for canary in window.canaries.filter(state=Canary.State.WATCHED):
        canaries.give_up(canary, why)
    _conclude(window)
    _raise_alarm(window, text)
    Window.objects.filter(pk=window.pk).update(after_at=now + SECOND_LOOK_AFTER)
    for panel in server_users.of_window(window):
        pauses.pause_all(panel, text)


def seen_by(window_id: int, actor: str) -> bool:
    """A person has looked at the alarm: it is no longer shown everywhere. False: there is none."""
    rows = Window.objects.filter(pk=window_id, alarm_seen_by="").exclude(alarm="")
    with transaction.atomic():
        if not rows.update(alarm_seen_by=actor, version=F("version") + 1):
            return False
        window = Window.objects.get(pk=window_id)
        lease.event(window, "alarm", window.phase, say("window.looked_at"), actor=actor)
    return True


def before(window: Window, bm: BillManager) -> dict[str, Any]:
    """List the users of every server that this window may reach; those that cannot be, and why.

    A server that none of its members is on does not keep it from opening.
    Raises what ``panels`` raises where a member's server cannot be read.
    """
    unread = {}
    needed = set(
        Panel.objects.filter(accounts__bindings__window=window).values_list("pk", flat=True)
    )
    servers = [one for one in server_users.of_window(window) if not server_users.is_fresh(one)]
    for panel, new in server_users.look(servers, bm, window):
        if isinstance(new, PanelError):
            if panel.pk in needed:
                raise new
            unread[str(panel.pk)] = panel_errors.of_error(new).to_json()
            continue
        _stop_for(window, [user for user in new if user.binding_id is not None])
    return unread
