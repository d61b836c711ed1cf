"""Switches a plan's modules, each switch with its intent, until the plan reads as wanted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from integrator.bindings import intents
from integrator.core import clock
from integrator.messages.message import say
from integrator.models import Intent
from integrator.models.states import Outcome
from integrator.panel_access import call_log, module_markers
from integrator.steps.module_switches import KIND, SwitchModule, enabled, switches
from integrator.windows.switching import sent_switches
from integrator.windows.switching.sent_switches import NotShownError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrator.models import Plan
    from integrator.models.journal import IntentQuerySet
    from integrator.steps.module_switches import Switch
    from integrator.windows.lease import Driver
    from panels.billmanager import BillManager

__all__ = [
    "KIND",
    "SHOWS_AFTER",
    "NotShownError",
    "PlanChangedError",
    "Reading",
    "given_up",
    "read",
    "turn",
]

SHOWS_AFTER = sent_switches.SHOWS_AFTER
MAX_READING_AGE = dt.timedelta(seconds=2)
"""How recently the plan must have been read before a module goes off."""

LANDS_WITHIN = dt.timedelta(hours=1)
"""After so long nobody suspects a switch that was given up any more."""


class PlanChangedError(Exception):
    """Somebody else changed the plan's modules; ``present`` is what is on now."""

    def __init__(self, present: list[int], expected: list[int]) -> None:
        self.present = present
        self.expected = expected
        super().__init__(f"on: {present}; after our last switch: {expected}")


@dataclass(frozen=True, slots=True)
class Reading:
    """The modules of a plan that were on, in its order, and when the panel was asked for them.

    A worker can stand still between the answer and whatever is done upon it: how old a reading is
    counts from before it was asked for.
    """

    enabled: list[int]
    asked_at: dt.datetime


def read(driver: Driver, bm: BillManager, wanted: Sequence[int]) -> list[int]:
    """The modules that are on now, in the plan's order.

    Raises PlanChangedError when that is neither what our last reading found nor explained by
    the switches we meant to make since; nor just what is ``wanted``, as when a person has followed
    the steps by hand: then there is nothing to overwrite.
    """
    present = enabled(bm.plans.modules(driver.window.plan.remote_id))
    expected = driver.seen.get("enabled")
    if expected is None or set(present) in (set(expected), set(wanted)):
        return present
    meant = _meant(driver)
    unexplained = [
        module
        for module in set(present) ^ set(expected)
        if (module in present) not in meant.get(module, set())
    ]
    if unexplained:
        raise PlanChangedError(present, expected)
    return present


def _meant(driver: Driver) -> dict[int, set[bool]]:
    """Which way each module was meant to be switched by this window, and may have been."""
    found: dict[int, set[bool]] = {}
    meant = _sent_in(driver).may_have_happened()
    for before in meant.values_list("before", flat=True):
        request = before["request"]
        found.setdefault(request["module"], set()).add(request["on"])
    return found


def _sent_in(driver: Driver) -> IntentQuerySet:
    """The switches that this window has declared."""
    return Intent.objects.filter(window=driver.window, kind=KIND)


def given_up(plan: Plan) -> set[int]:
    """Modules of this plan that a switch of ours may have switched off after it was given up.

    What was given up in any window of the last hour counts: it may land while another is open.
    """
    since = clock.now() - LANDS_WITHIN
    nothing = Intent.objects.filter(
        window__plan=plan, kind=KIND, outcome=Outcome.NOTHING, at__gte=since
    )
    requests = [before["request"] for before in nothing.values_list("before", flat=True)]
    return {request["module"] for request in requests if not request["on"]}


def turn(driver: Driver, bm: BillManager, step: int, wanted: Sequence[int]) -> Reading | None:
    """Switch until just ``wanted`` is on; the last reading, which shows it.

    None: a switch had an unknown outcome, or one that was sent does not show yet; look again at
    the time that was set. Raises PlanChangedError, NotShownError when a switch was answered *ok*
    twice and does not show, and what ``panels`` raises for a refusal.

    Those that go on are seen to be on before any goes off, and each that goes off before the next
    one: an answer alone is no proof, and a plan without any module could not open what is ordered.
    """
    while True:
        both = sent_switches.compared(driver, bm)
        if sent_switches.read_wrongly(driver, bm, both):
            driver.look_again(clock.now())  # by what was found just now
            return None
        asked_at = clock.now()
        present = read(driver, bm, wanted)  # last, as near as can be to what is done upon it
        read_at = clock.now()
        if driver.seen.get("enabled") != present:
            driver.save(seen={**driver.seen, "enabled": present})
        todo = switches(present, wanted)
        waits_until = _may_still_land(driver, todo, wanted)
        if waits_until is not None:
            driver.look_again(waits_until, uncertain=True)
            return None
        counted = sent_switches.Asked.of(driver, bm)
        if counted.settle(present, wanted, both) is not None:
            driver.look_again(clock.now() + SHOWS_AFTER)
            return None
        if not todo:
            _settle_all(driver)
            return Reading(present, asked_at)
        if not _send(counted, step, _due(bm, todo), read_at):
            return None


def _due(bm: BillManager, todo: list[Switch]) -> list[Switch]:
    """What is switched now: all that go on, else one that goes off.

    On a panel where no module was seen to be switched on yet, one alone either way.
    """
    ons = [switch for switch in todo if switch.on]
    return ons if ons and True in module_markers.proven(bm) else todo[:1]


def _send(
    counted: sent_switches.Asked, step: int, due: Sequence[Switch], read_at: dt.datetime
) -> bool:
    """Send these; False: not all were, or nobody knows; look again at the time that was set."""
    for switch in due:
        # A colleague may have switched meanwhile: the last one must not go off.
        late = not switch.on and not clock.is_recent(read_at, MAX_READING_AGE)
        if late or not _switch(counted, step, switch):
            counted.driver.look_again(clock.now() + SHOWS_AFTER)
            return False
    return True


def _may_still_land(
    driver: Driver, todo: Sequence[Switch], wanted: Sequence[int]
) -> dt.datetime | None:
    """Until when an earlier switch could still undo what is wanted; None: none can.

    That is one of a module that is to be switched, or one the other way of any module.
    """
    now = clock.now()
    modules = {switch.module_id for switch in todo}
    times = []
    for intent in _sent_in(driver).unsettled():
        request = intent.before["request"]
        contrary = request["on"] != (request["module"] in wanted)
        if contrary or request["module"] in modules:
            if (until := intents.may_show_until(intent)) > now:
                times.append(until)
            else:
                intents.settle(intent, Outcome.NOTHING, why=intents.NOT_SEEN)
    return min(times) if times else None


def _settle_all(driver: Driver) -> None:
    """The plan reads as wanted: whatever was unknown of our switches has happened."""
    for intent in _sent_in(driver).unsettled():
        intents.settle(intent, Outcome.DONE, why=say("effect.read_back"))


def _switch(counted: sent_switches.Asked, step: int, switch: Switch) -> bool:
    """Switch one module; False: the outcome is unknown.

    Raises what ``panels`` raises when nothing was done.
    """
    driver, bm = counted.driver, counted.bm
    window = driver.window
    effect = SwitchModule(bm, step, window.plan.remote_id, switch, driver.seen.get("enabled"))
    intent = intents.new(effect, window.attempts + 1, window=window)
    before = counted.count(switch)
    driver.declare(intent, seen=counted.seen)
    sent = intents.carry_out(intent, effect)
    with transaction.atomic():
        intents.settle_sent(sent)
        unknown = sent.outcome == Outcome.UNKNOWN
        if unknown:
            driver.save(uncertain=True)
        if sent.outcome != Outcome.DONE:
            counted.lost(switch, before, unknown=unknown)
        call_log.flush()
    if sent.outcome in (Outcome.REFUSED, Outcome.NOTHING) and sent.error is not None:
        raise sent.error
    return sent.outcome == Outcome.DONE
