"""Bindings as workers read them: only what they need, and one object of what many share.

They are read for every step of every binding, so each column and each object counts. A column that
is not among these is read when it is asked for, at the price of a query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch

from integrator.models import Binding, Intent, Panel, Run, Step, Window
from integrator.models.states import BindingState

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet

ALL_STEPS = (3, 4, 5, 6, 7, 8)
COLUMNS = (
    *("run", "account", "client", "su", "plan", "datacenter_id", "module_id", "number"),
    *("nth_of_client", "domain", "period", "autoprolong", "expires", "price", "marker", "state"),
    *("step", "attempts", "deaths", "prepared", "waiting_for", "due_at", "window", "in_lane"),
    *("credited", "service_id", "task_id", "expires_set", "cause", "step_at", "version"),
    *("account__panel", "account__username", "client__remote_id"),
)


def _related() -> tuple[Prefetch[str, QuerySet[Any], str], ...]:
    """What many bindings share, read once for all of them."""
    unread = ("checked", "discovery", "dialect", "overrides", "learnt")
    runs = Run.objects.select_related("preview").defer("preview__summary")
    return (
        Prefetch("run", runs),
        Prefetch("account__panel", Panel.objects.defer(*unread)),
    )


def claimed(ids: Collection[int]) -> list[Binding]:
    """These bindings, in the order in which they are due, with their passwords and windows."""
    found = (
        Binding.objects.filter(pk__in=ids)
        .select_related("account", "client")
        .prefetch_related(*_related(), Prefetch("window", Window.objects.select_related("plan")))
        .only(*COLUMNS, "password")
        .order_by("due_at", "number")
    )
    for one in found:
        if one.window is not None:
            one.plan = one.window.plan
    return list(found)


def of_window(window: Window, steps: Collection[int] = ALL_STEPS) -> list[Binding]:
    """The bindings of this window that are at one of these steps, in order; no passwords."""
    found = (
        Binding.objects.filter(window=window, step__in=steps)
        .select_related("account", "client")
        .prefetch_related(*_related())
        .only(*COLUMNS)
        .order_by("number")
    )
    for one in found:
        one.plan = window.plan
    return list(found)


def are_at_work(window: Window, steps: Collection[int]) -> bool:
    """Whether a thread holds a binding of this window at one of these steps."""
    held = Binding.objects.filter(window=window, step__in=steps, state=BindingState.RUNNING)
    return held.exists()


def intents_of(ids: Collection[int]) -> list[Intent]:
    """The intents of these bindings, in the order they were made."""
    return list(Intent.objects.filter(binding__in=ids).order_by("id"))


def steps_of(ids: Collection[int]) -> list[Step]:
    """The recorded steps of these bindings."""
    return list(Step.objects.filter(binding__in=ids))
