"""Estimates of how long a preview's plans would be exposed: cohorts and manual-only time."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Avg

from integrator.models import Call, Panel
from integrator.previews import cohort_sizes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from integrator.previews.checks.judged_rows import Judged
    from integrator.previews.choices import Choices

SHARED_CALLS = 6
"""Of a manual-only phase: the switch and its reading back, the last look before it ends."""
CALLS_PER_ORDER = 2
SEEN_SECONDS = 2.0
"""How long it takes at the least until the last order is seen in BILLmanager, which is
asynchronous; the phase cannot end before."""
TASK_CALLS = 2
"""Of a binding once it is paid for: its task is taken and closed, the lists read by all aside."""
CREDIT_CALLS = 4
"""Of a binding whose client's balance is credited: balance, payer, payment, marked paid."""
EXPIRY_CALLS = 3
PASSWORD_CALLS = 2
"""Of a password that is tested: a session is opened and ended. A reset is one call."""
WINDOW_CALLS = 24
"""Of a whole window: three sets of switches, their reading back, and the lists read for all."""
SETTLES = 2.0
"""Seconds for which a window waits for what BILLmanager does by itself."""
USUAL_CALL_SECONDS = 0.25
MEASURED_CALLS = 300


@dataclass(frozen=True, slots=True)
class Exposure:
    """One plan's windows. ``cohorts``: their sizes in order; seconds are of all of them."""

    plan: str
    cohorts: tuple[int, ...]
    manual_only_seconds: float


def estimate(rows: Sequence[Judged], full: int) -> list[Exposure]:
    """The exposure of each plan that rows which are ready would be ordered on, by its name."""
    panel = Panel.objects.billmanager()
    parallel = panel.max_parallel if panel else 1
    call = _call_seconds(panel.name) if panel else USUAL_CALL_SECONDS
    by_plan: dict[str, list[int]] = {}
    for row in rows:
        if row.plan is not None and row.client is not None:
            by_plan.setdefault(row.plan.name, []).append(row.client.pk)
    found = []
    for plan, clients in sorted(by_plan.items()):
        sizes = tuple(cohort_sizes.sizes(len(clients), 0, full))
        seconds = sum(_manual_only(part, parallel, call) for part in _parts(clients, sizes))
        found.append(Exposure(plan, sizes, round(seconds, 1)))
    return found


@dataclass(frozen=True, slots=True)
class Workload:
    """The estimated calls and seconds of a run."""

    calls: int
    seconds: float


def workload(rows: Sequence[Judged], choices: Choices, windows: Sequence[Exposure]) -> Workload:
    """The calls and seconds of a run over rows that are ready, in these windows."""
    panel = Panel.objects.billmanager()
    parallel = panel.max_parallel if panel else 1
    call = _call_seconds(panel.name) if panel else USUAL_CALL_SECONDS
    own = len(rows) * (CALLS_PER_ORDER + TASK_CALLS)
    own += sum(CREDIT_CALLS for row in rows if row.credit)
    own += sum(EXPIRY_CALLS for row in rows if row.candidate.expires)
    passwords = PASSWORD_CALLS if choices.check_passwords else int(choices.reset_passwords)
    shared = WINDOW_CALLS * sum(len(one.cohorts) for one in windows)
    waits = sum(len(one.cohorts) for one in windows) * SETTLES
    calls = own + shared + passwords * len(rows)
    busy = (own + passwords * len(rows)) / parallel + shared
    return Workload(calls, round(busy * call + waits, 1))


def _parts(clients: list[int], sizes: Iterable[int]) -> Iterable[list[int]]:
    begin = 0
    for size in sizes:
        yield clients[begin : begin + size]
        begin += size


def _manual_only(clients: list[int], parallel: int, call: float) -> float:
    """Seconds of one manual-only phase: clients go side by side, one client's orders in turn."""
    rounds = max(math.ceil(len(clients) / parallel), *Counter(clients).values())
    return SEEN_SECONDS + call * (SHARED_CALLS + CALLS_PER_ORDER * rounds)


def _call_seconds(panel: str) -> float:
    """Seconds of a call to this panel, by the last few hundred calls."""
    recent = Call.objects.filter(panel=panel, outcome="done").order_by("-id")[:MEASURED_CALLS]
    mean = Call.objects.filter(pk__in=list(recent.values_list("pk", flat=True))).aggregate(
        mean=Avg("seconds")
    )["mean"]
    return float(mean or USUAL_CALL_SECONDS)
