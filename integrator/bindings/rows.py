"""Bindings as workers read them: only what they need, and one object of what many share.

They are read for every step of every binding, so each column and each object counts. A column that
is not among these is read when it is asked for, at the price of a query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db.models import Model

from integrator.core import prepared
from integrator.models import Binding, Intent, Panel, Run, Step, Window
from integrator.models.states import BindingState

if TYPE_CHECKING:
    from collections.abc import Collection

M = TypeVar("M", bound=Model)

ALL_STEPS = (3, 4, 5, 6, 7, 8)
COLUMNS = (
    *("run", "account", "client", "su", "plan", "datacenter_id", "module_id", "number"),
    *("nth_of_client", "domain", "period", "autoprolong", "expires", "price", "marker", "state"),
    *("step", "attempts", "deaths", "prepared", "waiting_for", "due_at", "window", "in_lane"),
    *("credited", "service_id", "line_id", "task_id", "expires_set", "cause", "step_at", "version"),
    *("account__panel", "account__username", "client__remote_id"),
)

_CLAIMED = prepared.Select[Binding](
    lambda ids: (
        Binding.objects.filter(pk__in=ids)
        .select_related("account", "client")
        .only(*COLUMNS, "password")
        .order_by("due_at", "number")
    )
)
_OF_WINDOW = prepared.Select[Binding](
    lambda window, steps: (
        Binding.objects.filter(window=window, step__in=steps)
        .select_related("account", "client")
        .only(*COLUMNS)
        .order_by("number")
    )
)
_AT_WORK = prepared.Select[Binding](
    lambda window, steps: Binding.objects.filter(
        window=window, step__in=steps, state=BindingState.RUNNING
    ).only("pk")[:1]
)
_RUNS = prepared.Select[Run](
    lambda ids: Run.objects.filter(pk__in=ids).select_related("preview").defer("preview__summary")
)
_SERVERS = prepared.Select[Panel](
    lambda ids: Panel.objects.filter(pk__in=ids).defer(
        "checked", "discovery", "dialect", "overrides", "learnt"
    )
)
_WINDOWS = prepared.Select[Window](
    lambda ids: Window.objects.filter(pk__in=ids).select_related("plan")
)
_INTENTS = prepared.Select[Intent](
    lambda ids: Intent.objects.filter(binding__id__in=ids).order_by("id")
)
_STEPS = prepared.Select[Step](lambda ids: Step.objects.filter(binding__id__in=ids))


def claimed(ids: Collection[int]) -> list[Binding]:
    """These bindings, in the order in which they are due, with their passwords and windows."""
    found = _some(_CLAIMED, ids)
    windows = _by_id(_WINDOWS, {one.window_id for one in found if one.window_id is not None})
    for one in found:
        if one.window_id is not None:
            one.window = windows[one.window_id]
            one.plan = one.window.plan
    return _with_related(found)


def of_window(window: Window, steps: Collection[int] = ALL_STEPS) -> list[Binding]:
    """The bindings of this window that are at one of these steps, in order; no passwords."""
    found = _OF_WINDOW.run(window=window.pk, steps=list(steps))
    for one in found:
        one.plan = window.plan
    return _with_related(found)


def are_at_work(window: Window, steps: Collection[int]) -> bool:
    """Whether a thread holds a binding of this window at one of these steps."""
    return bool(_AT_WORK.run(window=window.pk, steps=list(steps)))


def intents_of(ids: Collection[int]) -> list[Intent]:
    """The intents of these bindings, in the order they were made."""
    return _some(_INTENTS, ids)


def steps_of(ids: Collection[int]) -> list[Step]:
    """The recorded steps of these bindings."""
    return _some(_STEPS, ids)


def _with_related(found: list[Binding]) -> list[Binding]:
    runs = _by_id(_RUNS, {one.run_id for one in found})
    servers = _by_id(_SERVERS, {one.account.panel_id for one in found})
    for one in found:
        one.run, one.account.panel = runs[one.run_id], servers[one.account.panel_id]
    return found


def _by_id(rows: prepared.Select[M], ids: Collection[int]) -> dict[int, M]:
    return {one.pk: one for one in _some(rows, ids)}


def _some(rows: prepared.Select[M], ids: Collection[int]) -> list[M]:
    return rows.run(ids=sorted(ids)) if ids else []
