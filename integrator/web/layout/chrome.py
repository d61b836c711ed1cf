"""The frame of every page: plans that sell differently right now, and health."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import OuterRef, Subquery

from integrator.core.clock import now
from integrator.models import Binding, Window, WorkerProcess
from integrator.models.states import Phase

if TYPE_CHECKING:
    from django.http import HttpRequest

    from integrator.messages.message import Message

WORKER_SILENCE = dt.timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """A plan whose modules differ from what the provider sells with, or soon will.

    ``held_until``: when a held window goes on by itself at the latest; None: a person decides.
    ``asks``: the step of a guided binding that waits for a person's word, None where none does;
    ``run``: of one of its bindings, None where it has none. ``cause``: why it is held.
    """

    id: int
    plan: str
    phase: str
    held: bool
    closing: bool
    since: dt.datetime | None
    held_until: dt.datetime | None = None
    asks: int | None = None
    cause: Message | str = ""
    run: int | None = None

    @property
    def manual_only(self) -> bool:
        """Whether new orders of strangers wait for a person at this moment."""
        return self.phase in {Phase.ORDERS, Phase.ENABLING}

    @property
    def guides(self) -> bool:
        """Whether the page of its guided run asks for a word."""
        return bool(self.asks and self.run and not self.closing)


@dataclass(frozen=True, slots=True)
class Alarm:
    """What was found to be wrong after a window. ``since``: when that window had ended."""

    id: int
    plan: str
    text: Message
    since: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Chrome:
    """Held windows first. ``working``: a worker gave a sign of life within the last minute.

    ``alarms``: of windows that nobody has looked at since, the newest three.
    """

    windows: tuple[OpenWindow, ...]
    working: bool
    alarms: tuple[Alarm, ...] = ()

    @property
    def held(self) -> tuple[OpenWindow, ...]:
        """Windows that wait for a person's decision."""
        return tuple(window for window in self.windows if window.held)


def of(request: HttpRequest) -> Chrome:
    """The facts, read once a request: a page, its header and its digest agree."""
    known: Chrome | None = getattr(request, "_chrome", None)
    if known is None:
        known = request._chrome = read()  # type: ignore[attr-defined]  # noqa: SLF001 - lives as long as the request
    return known


def read() -> Chrome:
    """Ask the database: three small indexed questions."""
    rows = (
        Window.objects.open()
        .order_by("-held", "opened_at", "id")
        .annotate(run=Subquery(Binding.objects.filter(window=OuterRef("pk")).values("run_id")[:1]))
        .values_list(
            *("id", "plan__name", "phase", "held", "closing", "opened_at", "held_until", "asks"),
            *("cause", "run"),
        )
    )
    return Chrome(
        windows=tuple(OpenWindow(*row) for row in rows),
        working=WorkerProcess.objects.filter(
            role="worker", seen_at__gte=now() - WORKER_SILENCE
        ).exists(),
        alarms=tuple(
            Alarm(*row)
            for row in Window.objects.filter(alarm_seen_by="")
            .exclude(alarm="")
            .order_by("-id")
            .values_list("id", "plan__name", "alarm", "closed_at")[:3]
        ),
    )
