"""The alarm of a window: a plan goes on selling manually, and a person must see it and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from django.db import transaction

from integrator.bindings import intents
from integrator.core import clock
from integrator.messages.message import NOTHING, Message, say, several
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4
from integrator.windows import lease, watchdog

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from integrator.models import Binding, Intent
    from integrator.windows.lease import Driver

log = structlog.get_logger(__name__)

MAX_NAMED = 5
"""So many obstacles are named at most."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps a plan from being given back. ``until``: when it does no more by itself."""

    binding: Binding
    text: Message
    until: dt.datetime | None = None


def show(driver: Driver, obstacles: Sequence[Obstacle]) -> None:
    """Say on the window's page what stands in the way."""
    text = several(one.text for one in obstacles[:MAX_NAMED])
    if text != driver.window.cause:
        driver.save(cause=text)


def hold(driver: Driver, obstacles: Sequence[Obstacle]) -> None:
    """Sound the alarm: the plan sells manually, and goes on doing so because of these.

    A window that outlived its limit makes no new intents. Held until a time, it goes on by itself;
    one that already waits for a person does so until that person has spoken.
    """
    window, times = driver.window, [one.until for one in obstacles]
    known = [at for at in times if at is not None]
    until = max(known) if len(known) == len(times) else None
    if window.held and window.held_until is None:
        until = None
    show(driver, obstacles)
    if until != window.held_until:
        driver.save(held_until=until)
    if not window.held:
        with transaction.atomic():
            driver.save(held=True, closing=window.closing or watchdog.outlived(window))
            lease.event(window, window.phase, "held", window.cause)
        log.error("window.held", window=window.pk, why=window.cause.english)


def let_go(driver: Driver) -> None:
    """End an alarm that was sounded until a time: what it was about is known."""
    window = driver.window
    if window.held and window.held_until is not None:
        with transaction.atomic():
            driver.save(held=False, held_until=None, cause=NOTHING)
            lease.event(window, "held", window.phase, say("window.known"))


def sound(driver: Driver, awaiting: Sequence[Binding], known: Mapping[int, list[Intent]]) -> None:
    """Hold the window while it waits long for what nobody has seen; let go when nothing is left.

    The plan sells manually all that time, and a person may know better than to wait.
    """
    now = clock.now()
    unknown = [
        (binding, intent)
        for binding in awaiting
        for kind in (step3.KIND, step4.PAY_LINE)
        if (intent := intents.last(known[binding.pk], kind)) is not None
        and intents.unsettled(intent)
        and now >= intents.listed_by(intent)
    ]
    if not unknown:
        let_go(driver)
    elif driver.window.watched_since is None:
        hold(driver, [_unseen(binding, intent) for binding, intent in unknown])


def _unseen(binding: Binding, intent: Intent) -> Obstacle:
    until = intents.may_show_until(intent)
    at = until.strftime("%H:%M")
    if intent.kind == step3.KIND:
        text = say("order.unanswered", binding=str(binding), time=at)
    else:
        text = say("payment.unanswered", binding=str(binding), time=at)
    return Obstacle(binding, text, until)
