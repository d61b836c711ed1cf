"""The right of one thread to drive a window, and the only writer of a window's state."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction
from django.db.models import F, Q

from integrator.bindings import leases
from integrator.bindings.claims import LeaseLostError
from integrator.bindings.transitions import PRODUCT
from integrator.core import clock, heartbeat
from integrator.maintenance import wake_ups
from integrator.messages.message import NOTHING, Message, several
from integrator.models import Event, Window
from integrator.panel_access import call_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrator.models import Intent
    from integrator.models.states import Phase
    from integrator.models.window import WindowQuerySet

log = structlog.get_logger(__name__)

MIN_PAUSE = dt.timedelta(seconds=0.25)
"""After so long at the earliest a panel is read again for what it does by itself."""


@dataclass(slots=True)
class Driver:
    """A window that this thread alone may drive, until its lease runs out."""

    window: Window
    token: str

    @property
    def seen(self) -> dict[str, Any]:
        """What the last shared reading found; saved with ``save(seen=…)``."""
        return dict(self.window.seen)

    def save(self, **fields: Any) -> None:
        """Write fields of the window, fenced by the lease.

        Raises LeaseLostError.
        """
        ours = Window.objects.filter(pk=self.window.pk).leased(self.token, clock.now())
        if not ours.update(version=F("version") + 1, **fields):
            raise LeaseLostError
        for name, value in fields.items():
            setattr(self.window, name, value)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """A transaction of one who still holds the window: what moves its members belongs here.

        A thread may have slept through its lease; what it knows of them may be over long since.
        Raises LeaseLostError.
        """
        with transaction.atomic():
            self.save()
            yield

    def declare(self, intent: Intent, **fields: Any) -> None:
        """Commit the intent of what is about to be sent, by who still holds the window.

        From then on nobody knows what the plan sells with, until it is read again.
        Raises LeaseLostError.
        """
        with transaction.atomic():
            self.save(modules_read_at=None, **fields)
            intent.save(force_insert=True)
            call_log.flush()

    def enter(self, phase: Phase, why: Message = NOTHING, **fields: Any) -> None:
        """Go on to ``phase``, with an event, in one transaction."""
        before = self.window.phase
        with transaction.atomic():
            self.save(
                phase=phase, phase_at=clock.now(), attempts=0, deaths=0, cause=NOTHING, **fields
            )
            event(self.window, before, phase, why)
            call_log.flush()

    def look_again(self, at: dt.datetime, **fields: Any) -> None:
        """Have the window looked at again at this time; write these fields with it."""
        if self.window.due_at is None or at < self.window.due_at:
            fields["due_at"] = at
        if fields:
            self.save(**fields)
        wake_ups.wake_in("window", self.window.pk, (at - clock.now()).total_seconds())

    def look_soon(self, longest: dt.timedelta) -> None:
        """Have the window looked at again soon; each time in the same phase a little later.

        What a panel does by itself is mostly done in a moment, and a plan is not to wait for us.
        """
        phase, looks = self.seen.get("looks", ["", 0])
        looks = looks + 1 if phase == self.window.phase else 1
        at = clock.now() + min(MIN_PAUSE * 2 ** (min(looks, 10) - 1), longest)
        self.look_again(at, seen={**self.seen, "looks": [str(self.window.phase), looks]})


def is_claimable(window_id: int) -> bool:
    """Whether the window is due and nobody drives it, or its driver has died."""
    now = clock.now()
    unclaimed = Q(lease_token="") | Q(lease_expires_at__lt=now)
    return Window.objects.due(now).filter(unclaimed, pk=window_id).exists()


def claim(window_id: int) -> Driver | None:
    """Claim a window for driving; None: it is closed, not due, or somebody else drives it."""
    return _claim(window_id, Window.objects.due(clock.now()), {"due_at": None})


def claim_closed(window_id: int) -> Driver | None:
    """Claim a closed window for a look at it; None: it is open, or somebody else looks at it."""
    return _claim(window_id, Window.objects.closed(), {})


def _claim(window_id: int, among: WindowQuerySet, columns: dict[str, None]) -> Driver | None:
    """Claim a window that is free, or whose driver has died, which is counted."""
    token = heartbeat.new_lease_token()
    lease = {"lease_token": token, "lease_expires_at": leases.end(), **columns}
    window = among.filter(pk=window_id)
    if not (
        window.filter(lease_token="").update(**lease)
        or window.filter(lease_expires_at__lt=clock.now()).update(deaths=F("deaths") + 1, **lease)
    ):
        return None
    leases.hold(token)
    return Driver(Window.objects.select_related("plan").get(pk=window_id), token)


def died(driver: Driver, **fields: Any) -> None:
    """Count an end that was no good one as the worker's death is, while the lease still holds."""
    _ours(driver).update(deaths=F("deaths") + 1, **fields)


def release(driver: Driver) -> None:
    """Give the window back; whoever finds it due next drives it."""
    leases.let_go(driver.token)
    _ours(driver).update(lease_token="", lease_expires_at=None)


def _ours(driver: Driver) -> WindowQuerySet:
    """The driven window as long as nobody else has taken it."""
    return Window.objects.filter(pk=driver.window.pk, lease_token=driver.token)


def hold(driver: Driver, text: Message) -> None:
    """Hold the window, loudly: it makes no new orders, and a person must look; once per text."""
    window = driver.window
    if window.held and window.held_until is None and window.cause == text:
        return
    with transaction.atomic():
        driver.save(held=True, held_until=None, closing=True, cause=text)
        event(window, window.phase, "held", text)
    log.error("window.held", window=window.pk, why=text.english)


def due(window_id: int) -> None:
    """Have the window looked at now."""
    Window.objects.open().filter(pk=window_id).update(due_at=clock.now())


def event(
    window: Window, before: str, after: str, why: Message, *, actor: str = PRODUCT, **details: Any
) -> None:
    """Write down what happened to a window."""
    Event.objects.create(
        at=clock.now(),
        actor=actor,
        subject="window",
        from_state=before,
        to_state=after,
        why=why,
        details={"plan": window.plan_id, **details},
        window_id=window.pk,
    )


def alarm(driver: Driver, text: Message) -> None:
    """Something is wrong after a window: shown on every page until a person says to have looked."""
    window = driver.window
    if window.alarm_seen_by == "":
        text = several([window.alarm, text])  # nobody has looked at the earlier one yet
    driver.save(alarm=text, alarm_seen_by="")
    event(window, window.phase, "alarm", text)
    log.error("window.alarm", window=window.pk, why=text.english)
