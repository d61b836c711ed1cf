"""The watchdog: how long a plan may stay changed, and what happens to a window that is open longer.

A window that outlived ``WINDOW_LIMIT`` makes no new intents and is brought to its end; one that
cannot go on then is held, so that a person sees it (design.md, section 5).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from integrator.core import clock
from integrator.messages.message import say
from integrator.windows import lease

if TYPE_CHECKING:
    from integrator.messages.message import Message
    from integrator.models import Window
    from integrator.windows.lease import Driver


def outlived(window: Window) -> bool:
    """Whether the window has been open for longer than a window should be."""
    since = window.watched_since or window.opened_at
    limit = dt.timedelta(seconds=settings.WINDOW_LIMIT)
    return since is not None and clock.now() - since > limit


def watch(driver: Driver) -> None:
    """Have a window that outlived its limit make no new intents."""
    window = driver.window
    if not window.closing and not window.guided and outlived(window):
        with transaction.atomic():
            driver.save(closing=True)
            text = say("window.outlived", seconds=round(settings.WINDOW_LIMIT))
            lease.event(window, window.phase, "closing", text)


def hold_when_late(driver: Driver, text: Message) -> None:
    """Hold a window that cannot go on and has outlived its limit: a person must see it."""
    if outlived(driver.window):
        lease.hold(driver, text)
