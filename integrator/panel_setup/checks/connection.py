"""Measures of the connection to a panel: certificate, clock, latency, parallel calls.

Measured with ``whoami`` alone, which changes nothing.
"""

from __future__ import annotations

import statistics
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from django.db import connection

from integrator.core.clock import now
from integrator.messages import panel_errors
from integrator.messages.message import say
from integrator.models import Binding
from integrator.models.states import BindingState
from integrator.panel_access import transports
from panels.coremanager import errors
from panels.http import tls

if TYPE_CHECKING:
    from integrator.panel_setup.checks.rows import Asker
    from panels.http.transport import Transport

SAMPLES = 5
"""Calls one after another whose median is the latency."""
CALLS_PER_THREAD = 2
"""Calls that each thread makes while all threads send at once."""
CLOCK_LIMIT = 60.0
"""Seconds by which clocks may differ before it is worth a warning: dates and paid periods are
the panel's, settle times and windows are ours."""
CERTIFICATE_DAYS = 21
"""A certificate that ends within so many days is worth a warning."""
MIN_LATENCY = 0.02
"""Seconds; below it parallel calls are not measured, since they could gain nothing measurable."""


def measure(asker: Asker, *, in_parallel: bool) -> dict[str, Any]:
    """The measured facts for the report; adds a row for each that is wrong.

    ``in_parallel``: also send as many calls at a time as are allowed; left out while bindings run,
    since these need the panel.
    """
    facts = {"tls": _certificate(asker), **_clock_and_latency(asker)}
    running = Binding.objects.filter(state=BindingState.RUNNING).exists()
    if in_parallel and not running and facts["latency_ms"] is not None:
        facts["parallel"] = _parallel(asker, facts["latency_ms"] / 1000)
    return facts


def _certificate(asker: Asker) -> dict[str, str] | None:
    """Subject, dates, SHA-256 and what it is trusted by; None for plain http."""
    panel = asker.panel
    what = say("need.certificate")
    if not panel.url.startswith("https:"):
        return None  # which only ALLOW_INSECURE_PANELS permits, for a sandbox
    try:
        shown = tls.look(transports.endpoint(panel))
    except errors.Unreachable as error:
        asker.note(0, what, "", "warning", panel_errors.of_error(error))
        return None
    left = (shown.not_after - now()).days
    if left < CERTIFICATE_DAYS:
        ends = say("check.certificate_ends", day=shown.not_after.date())
        asker.note(0, what, "", "warning", ends)
    return {
        "subject": shown.subject,
        "not_before": shown.not_before.isoformat(),
        "not_after": shown.not_after.isoformat(),
        "sha256": shown.fingerprint,
        "trust": "pin" if panel.pin_sha256 else "ca" if panel.ca_pem else "system",
    }


def _clock_and_latency(asker: Asker) -> dict[str, Any]:
    """Median of some calls, in ms; by how many seconds the panel's clock is ahead of ours.

    Both None where the panel did not answer; the clock too where its answers carry no date.
    """
    try:
        seen = [asker.transport.measure() for _number in range(SAMPLES)]
    except errors.PanelError as error:
        asker.note(0, say("need.connection"), "whoami", "warning", panel_errors.of_error(error))
        return {"latency_ms": None, "clock_ahead_seconds": None}
    latency = statistics.median(one.seconds for one in seen)
    ahead_by = [one.ahead for one in seen if one.ahead is not None]
    ahead = statistics.median(ahead_by) if ahead_by else None
    if ahead is not None and abs(ahead) > CLOCK_LIMIT:
        text = say("check.clock", seconds=round(ahead))
        asker.note(0, say("need.clock"), "whoami", "warning", text)
    return {
        "latency_ms": round(latency * 1000, 1),
        "clock_ahead_seconds": None if ahead is None else round(ahead, 1),
    }


def _parallel(asker: Asker, alone: float) -> dict[str, Any]:
    """Refusals and latency at as many parallel calls as the panel's limit allows."""
    limit = asker.panel.max_parallel
    with ThreadPoolExecutor(limit) as pool:
        tries = [
            pool.submit(copy_context().run, _calls, asker.transport) for _number in range(limit)
        ]
        outcomes = [outcome for one in tries for outcome in one.result()]
    answered = [seconds for seconds in outcomes if seconds is not None]
    refused = len(outcomes) - len(answered)
    together = statistics.median(answered) if answered else None
    what = say("need.parallel")
    if refused:
        text = say("check.refused_at_a_time", refused=refused, all=len(outcomes), limit=limit)
        asker.note(0, what, "whoami", "warning", text)
    elif together and alone >= MIN_LATENCY and limit > 1 and together > 0.8 * limit * alone:
        times = f"{together / alone:.1f}"
        text = say("check.one_after_another", limit=limit, times=times)
        asker.note(0, what, "whoami", "warning", text)
    return {
        "limit": limit,
        "refused": refused,
        "latency_ms": None if together is None else round(together * 1000, 1),
    }


def _calls(transport: Transport) -> list[float | None]:
    """The seconds of each of a few calls of one thread; None for one that was refused or lost."""
    found: list[float | None] = []
    try:
        for _number in range(CALLS_PER_THREAD):
            try:
                found.append(transport.measure().seconds)
            except errors.PanelError:
                found.append(None)  # the journal has it
    finally:
        connection.close()  # this thread's own
    return found
