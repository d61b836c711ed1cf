"""The numbers of ``/metrics``, read from the database when they are asked for.

Nothing is counted in the processes: they come and go, and the database is the truth.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db.models import Avg, Count
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from integrator.core.clock import now
from integrator.drift import drift
from integrator.maintenance.health import health
from integrator.models import Binding, Call, Run, Window
from integrator.models.states import BindingState, RunState
from integrator.web.accounts.filters import STATES, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

RECENT = dt.timedelta(minutes=5)


class Numbers(Collector):
    """Collects at scrape time; panel and plan names are labels, accounts and clients never are."""

    def describe(self) -> list[GaugeMetricFamily]:
        """Name nothing beforehand: that would already ask the database."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read everything once."""
        yield _accounts()
        yield _by_state("integrator_bindings", "Bindings by state.", Binding, BindingState)
        yield _by_state("integrator_runs", "Runs by state.", Run, RunState)
        yield _drift()
        yield from _windows()
        yield from _calls()
        yield from _health()


def _accounts() -> GaugeMetricFamily:
    family = GaugeMetricFamily("integrator_accounts", "Accounts by standing.", labels=["standing"])
    for standing in ("unbound", "bound"):
        family.add_metric([standing], listed().filter(STATES[standing]).count())
    return family


def _drift() -> GaugeMetricFamily:
    rows = drift.unsettled().order_by().values_list("kind").annotate(Count("id"))
    family = GaugeMetricFamily(
        "integrator_drift", "Bound services that differ from their accounts.", labels=["kind"]
    )
    for kind, number in rows:
        family.add_metric([kind], number)
    return family


def _by_state(
    name: str, text: str, model: type[Binding | Run], states: type[BindingState | RunState]
) -> GaugeMetricFamily:
    rows = model.objects.order_by().values_list("state").annotate(Count("id"))
    counts = {**dict.fromkeys(states.values, 0), **dict(rows)}
    family = GaugeMetricFamily(name, text, labels=["state"])
    for state, number in counts.items():
        family.add_metric([state], number)
    return family


def _windows() -> Iterator[GaugeMetricFamily]:
    open_now = Window.objects.open().select_related("plan")
    opened = GaugeMetricFamily(
        "integrator_window_open_seconds",
        "Seconds since the plan's window opened.",
        labels=["plan", "phase"],
    )
    held = 0
    for window in open_now:
        held += window.held
        since = (now() - (window.opened_at or window.created_at)).total_seconds()
        opened.add_metric([window.plan.name, window.phase], since)
    yield opened
    yield GaugeMetricFamily(
        "integrator_windows_held", "Windows that wait for a person's word.", value=held
    )


def _calls() -> Iterator[GaugeMetricFamily]:
    rows = (
        Call.objects.filter(at__gte=now() - RECENT)
        .order_by()
        .values_list("panel", "outcome")
        .annotate(Count("id"), Avg("seconds"))
    )
    number = GaugeMetricFamily(
        "integrator_calls_5m", "Calls in the last five minutes.", labels=["panel", "outcome"]
    )
    seconds = GaugeMetricFamily(
        "integrator_call_seconds_5m", "Their mean length.", labels=["panel", "outcome"]
    )
    for panel, outcome, count, mean in rows:
        number.add_metric([panel, outcome], count)
        seconds.add_metric([panel, outcome], mean)
    yield number
    yield seconds


def _health() -> Iterator[GaugeMetricFamily]:
    found = health()
    yield GaugeMetricFamily("integrator_healthy", "1 when nothing needs a person.", value=found.ok)
    yield GaugeMetricFamily("integrator_workers", "Workers alive.", value=len(found.workers))
    yield GaugeMetricFamily("integrator_due", "Bindings due and not taken.", value=found.waiting)
    yield GaugeMetricFamily("integrator_late", "Rows due for too long.", value=found.late)
    stopped = GaugeMetricFamily(
        "integrator_panel_stopped", "1 when no call is made to the panel.", labels=["panel"]
    )
    for panel in found.panels:
        stopped.add_metric([panel.name], panel.state == "stopped")
    yield stopped
