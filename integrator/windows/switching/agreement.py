"""Before a plan is touched: both places that tell which of its modules are on say the same.

Its own list of modules tells it by a marker that was inferred from the list of plans (see
`panels.billmanager.dialect.markers`). Where no marker is known, or the two disagree, nothing is
switched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.bindings import intents
from integrator.core import clock
from integrator.messages.message import NOTHING, Message, say, verbatim
from integrator.models import Window
from integrator.panel_access import module_markers
from integrator.windows.switching import sent_switches

if TYPE_CHECKING:
    from integrator.windows.lease import Driver
    from panels.billmanager import BillManager
    from panels.billmanager.plans import Compared, PlanModule


class UnclearError(Exception):
    """It cannot be told what is on for the plan; ``text`` says what was seen."""

    def __init__(self, text: Message) -> None:
        super().__init__(text.english)
        self.text = text


def at_first(driver: Driver, both: Compared) -> list[PlanModule]:
    """The plan's modules before ours are made, by what tells of them; they may not agree yet.

    What is off may show only once there is a module that is. Raises UnclearError where nothing
    tells of them at all.
    """
    if both.on is None and both.attached is None:
        raise UnclearError(_unclear(driver, both))
    return list(both.modules)


def modules(driver: Driver, bm: BillManager, both: Compared) -> list[PlanModule] | None:
    """The plan's modules as just read, where both places say the same of them.

    None: look again at the time that was set.
    What does not agree is compared with all plans once more, and waited for where a window of ours
    has just switched: lists may be behind. Raises UnclearError, and what ``panels`` raises.
    """
    text = _unclear(driver, both)
    if not text:
        return list(both.modules)
    if sent_switches.seek_marker(driver, bm):
        driver.look_again(clock.now())  # by what was found just now
        return None
    if _just_switched(driver):
        driver.look_again(clock.now() + sent_switches.SHOWS_AFTER)
        return None
    raise UnclearError(text)


def _unclear(driver: Driver, both: Compared) -> Message:
    """What keeps us from believing the plan's list, if anything."""
    name = driver.window.plan.name
    if both.on is None:
        why = module_markers.why_unknown() or verbatim("–")
        return say("marker.unknown", plan=name, why=why)
    if both.attached is None and not module_markers.is_set_by_hand():
        return say("marker.untold", plan=name)
    if both.disagree:
        on, told = sorted(both.on), sorted(both.attached or ())
        return say("marker.disagrees", plan=name, on=str(on), told=str(told))
    return NOTHING


def _just_switched(driver: Driver) -> bool:
    """Whether a window of this plan was restored so recently that a list may not show it yet."""
    since = clock.now() - intents.listed_within()
    return Window.objects.filter(plan=driver.window.plan, restored_at__gt=since).exists()
