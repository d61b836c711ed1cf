"""Switches that were answered and are not seen yet, and how often each may be sent.

A switch that is answered *ok* and never shows is sent twice at most, with the time between in which
the first could still show; then a person must look (design.md, section 5). What was never seen to
be switched on this panel must show in both places that tell what is on for a plan.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings

from integrator.bindings import intents
from integrator.core import clock
from integrator.messages.message import Message, named, say
from integrator.models import Event
from integrator.panel_access import module_markers
from integrator.steps.module_switches import Switch
from integrator.windows import lease

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrator.windows.lease import Driver
    from panels.billmanager import BillManager
    from panels.billmanager.plans import Compared

MAX_TRIES = 2
"""Times that a switch is sent which is answered ok and does not show."""
SHOWS_AFTER = dt.timedelta(seconds=2)
"""How soon to read again when a switch that was answered does not show yet."""

_SAID = (say("window.restore"), say("window.restore_anyway"))
"""Why a person closes a window: then what was given up is tried again."""


class NotShownError(Exception):
    """A switch of ours does not show, however often it is sent: a person must look."""

    def __init__(self, text: Message) -> None:
        super().__init__(text.english)
        self.text = text


def settle_time() -> dt.timedelta:
    """How long a switch that was answered may take to show before it is sent once more."""
    return dt.timedelta(seconds=settings.SETTLE_SECONDS)


@dataclass(slots=True)
class Asked:
    """What a window has asked for and not seen yet; kept in ``window.seen``.

    By module and way: ``times`` it was answered, or may have been to a process that died; ``lost``
    answers; and ``at``, when it was last sent.
    """

    driver: Driver
    bm: BillManager
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, driver: Driver, bm: BillManager) -> Asked:
        """What is written down of this window."""
        kept = driver.seen.get("asked", {})
        return cls(driver, bm, {key: {**entry} for key, entry in kept.items()})

    @property
    def seen(self) -> dict[str, Any]:
        """The window's ``seen`` with these entries, to be saved."""
        return {**self.driver.seen, "asked": self.entries}

    def count(self, switch: Switch) -> dict[str, Any]:
        """Count a switch that is about to be sent; the entry as it was before."""
        key = _key(switch)
        before = self.entries.get(key, {"times": 0, "lost": 0})
        at = clock.now().isoformat()
        self.entries[key] = {**before, "times": before["times"] + 1, "at": at}
        return before

    def lost(self, switch: Switch, before: dict[str, Any], *, unknown: bool) -> None:
        """The switch was not answered *ok*, so that it may be sent again; unknown: nobody knows.

        A window that hears nothing time and again goes on trying, and says so loudly.
        """
        entry = {**before, "lost": before["lost"] + unknown}
        self.entries[_key(switch)] = {"at": clock.now().isoformat(), **entry}
        self.driver.save(seen=self.seen)
        if entry["lost"] >= settings.MAX_ATTEMPTS:
            way = named("way", _way(on=switch.on))
            text = say("switch.unanswered", module=switch.module_id, way=way, count=entry["lost"])
            lease.hold(self.driver, text)

    def settle(
        self, present: Sequence[int], wanted: Sequence[int], both: Compared | None
    ) -> dt.datetime | None:
        """Forget what is seen; until when to wait for what is not, None: go on.

        ``both``: what two places tell of the plan, None where one is known to be enough.
        Raises NotShownError.
        """
        now, waits = clock.now(), None
        for key, entry in list(self.entries.items()):
            switch = _of(key)
            if _shows(switch, present, both):
                if switch.on not in module_markers.proven(self.bm):
                    module_markers.prove(self.bm, on=switch.on)
                del self.entries[key]
            elif (switch.module_id in wanted) != switch.on:
                del self.entries[key]  # not wanted any more; should it land, it is undone
                self.driver.save(uncertain=True)
            elif entry["times"]:
                until = self._until(switch, entry, present, both)
                waits = max(waits or until, until) if until > now else waits
        if self.driver.seen.get("asked", {}) != self.entries:
            self.driver.save(seen=self.seen)
        return waits

    def _until(
        self,
        switch: Switch,
        entry: dict[str, Any],
        present: Sequence[int],
        both: Compared | None,
    ) -> dt.datetime:
        """Until when this switch may still show; then it may be sent again."""
        at = dt.datetime.fromisoformat(entry["at"])
        if entry["times"] < MAX_TRIES:
            return at + settle_time()
        if at + intents.listed_within() > clock.now():
            return at + intents.listed_within()
        if not self._asked_again(at):
            raise NotShownError(_text(switch, present, both))
        entry.update(times=0, at=clock.now().isoformat())
        self.driver.save(held=False)  # said anew, and loudly, should it not show this time either
        return clock.now()

    def _asked_again(self, since: dt.datetime) -> bool:
        """Whether a person has said *restore* since the switch was sent last."""
        said = Event.objects.filter(window_id=self.driver.window.pk, to_state="closing")
        return said.filter(why__in=_SAID, at__gt=since).exists()


def compared(driver: Driver, bm: BillManager) -> Compared | None:
    """What both places tell of the window's plan; None where the panel has proven its switches."""
    if module_markers.proven(bm) == module_markers.BOTH_WAYS:
        return None
    return bm.plans.compared(driver.window.plan.remote_id)


def read_wrongly(driver: Driver, bm: BillManager, both: Compared | None) -> bool:
    """Whether what we took for the plan's own marker turned out to be something else.

    So it is where a switch of ours shows in the list of plans alone. Looked for once in a while.
    """
    if both is None or not both.disagree:
        return False
    listed = both.attached or frozenset()
    keys = [_of(key) for key in driver.seen.get("asked", {})]
    if not any(
        one.module_id in both.disagree and (one.module_id in listed) == one.on for one in keys
    ):
        return False
    return seek_marker(driver, bm)


def seek_marker(driver: Driver, bm: BillManager) -> bool:
    """Whether another marker is found; looked for once in a settle time by each window."""
    now = clock.now()
    last = driver.seen.get("marker_sought")
    if last is not None and now - dt.datetime.fromisoformat(last) < settle_time():
        return False
    driver.save(seen={**driver.seen, "marker_sought": now.isoformat()})
    return module_markers.relearn_marker(bm)


def _shows(switch: Switch, present: Sequence[int], both: Compared | None) -> bool:
    if (switch.module_id in present) != switch.on:
        return False
    if both is None or both.attached is None or switch.module_id in both.unclear:
        return True
    return (switch.module_id in both.attached) == switch.on


def _text(switch: Switch, present: Sequence[int], both: Compared | None) -> Message:
    text = say(
        "switch.not_shown",
        module=switch.module_id,
        way=named("way", _way(on=switch.on)),
        count=MAX_TRIES,
        on=str(sorted(present)),
    )
    if both is None or both.attached is None:
        return text
    return say("switch.in_plans", why=text, on=str(sorted(both.attached)))


def _key(switch: Switch) -> str:
    return f"{switch.module_id}:{_way(on=switch.on)}"


def _of(key: str) -> Switch:
    module, _, way = key.partition(":")
    return Switch(int(module), on=way == "on")


def _way(*, on: bool) -> str:
    return "on" if on else "off"
