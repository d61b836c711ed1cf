"""Celery tasks: each takes one id and means “look at this row”."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from celery import Task, shared_task, signals
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from integrator import celery as worker
from integrator.bindings import leases
from integrator.bindings.operator import client_creation
from integrator.bindings.work import dispatch
from integrator.core.errors import ActionRefused
from integrator.maintenance import retention, wake_ups
from integrator.maintenance import sweep as sweeping
from integrator.windows.post_checks import closed_window

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrator.models import Panel

log = structlog.get_logger(__name__)

EXPIRES = 30
"""Seconds after which a wake-up that nobody took is worth nothing: the sweep sent others."""

TEND_EXPIRES = 50
"""The next round sends it again."""


@signals.worker_ready.connect
def _attend(**_: object) -> None:
    """Let pages and `--wait` see this worker before there is anything to do."""
    leases.attend()


@shared_task(name="integrator.tasks.work_window")
def work_window(window_id: int) -> None:
    """Serve this window."""
    dispatch.look_at_window(window_id, stop=worker.stopping.is_set)


@shared_task(name="integrator.tasks.prepare_run")
def prepare_run(run_id: int) -> None:
    """Prepare this run's bindings."""
    dispatch.prepare_run(run_id, stop=worker.stopping.is_set)


@shared_task(name="integrator.tasks.look_at_closed_window")
def look_at_closed_window(window_id: int) -> None:
    """Look once more at this closed window and its plan."""
    closed_window.look(window_id)


@shared_task(name="integrator.tasks.create_client")
def create_client(row_id: int) -> None:
    """Go on with this client's creation; after the last of many, accounts are matched anew."""
    from integrator.matching import matcher  # noqa: PLC0415 - keeps workers' start light
    from integrator.models import NewClient  # noqa: PLC0415 - the same

    if client_creation.work(row_id) and not NewClient.objects.filter(due_at__isnull=False).exists():
        matcher.match_all()


@shared_task(name="integrator.tasks.discover_panel")
def discover_panel(panel_id: int) -> None:
    """Discover this panel."""
    from integrator.models import Panel  # noqa: PLC0415 - the same
    from integrator.refresh import discovery  # noqa: PLC0415 - keeps workers' start light

    panel = Panel.objects.filter(pk=panel_id).first()
    if panel is not None:
        discovery.discover(panel)


@shared_task(name="integrator.tasks.make_preview")
def make_preview(preview_id: int) -> None:
    """Make this preview, and have it rehearsed."""
    from integrator.previews import making  # noqa: PLC0415 - keeps workers' start light
    from integrator.previews.rehearsal import rehearsal  # noqa: PLC0415 - the same

    made = making.work(preview_id)
    if made is not None:
        rehearsal.ask_for(made)
        wake_ups.wake("rehearsal", made.pk)


@shared_task(name="integrator.tasks.start_preview")
def start_preview(preview_id: int) -> None:
    """Start the run of this preview."""
    from integrator.runs import deferred_start  # noqa: PLC0415 - keeps workers' start light

    deferred_start.work(preview_id)


@shared_task(name="integrator.tasks.rehearse_preview")
def rehearse_preview(preview_id: int) -> None:
    """Rehearse this preview."""
    from integrator.models import Preview  # noqa: PLC0415 - the same
    from integrator.previews.rehearsal import rehearsal  # noqa: PLC0415 - keeps workers' start light

    preview = Preview.objects.filter(pk=preview_id, started_at=None).first()
    if preview is not None:
        rehearsal.rehearse(preview)


@shared_task(name="integrator.tasks.read_emails")
def read_emails(panel_id: int) -> None:
    """Ask this server for more of the e-mails that would help."""
    from integrator.refresh import background  # noqa: PLC0415 - keeps workers' start light

    background.read_emails(panel_id)


def discover_soon(panels: Iterable[Panel]) -> None:
    """Have workers read what these panels list.

    Raises ActionRefused when no worker can be told, since Redis does not answer.
    """
    try:
        for panel in panels:
            discover_panel.delay(panel.pk)
    except OperationalError as error:
        log.warning("broker.unreachable", task=discover_panel.name, why=str(error))
        raise ActionRefused(
            _("Redis does not answer, so no worker can be told. Start it, then try again.")
        ) from error


@shared_task(name="integrator.tasks.tend")
def tend() -> None:
    """Send for panels whose mirrors are old, and for servers with e-mails to ask."""
    from integrator.refresh import background  # noqa: PLC0415 - the same

    for panel_id in background.to_discover():
        discover_panel.apply_async((panel_id,), expires=TEND_EXPIRES)
    for panel_id in background.to_ask():
        read_emails.apply_async((panel_id,), expires=TEND_EXPIRES)


@shared_task(name="integrator.tasks.sweep")
def sweep() -> None:
    """Wake what is due, take back expired leases."""
    sweeping.sweep()


@shared_task(name="integrator.tasks.tidy")
def tidy() -> None:
    """Forget what need not be kept."""
    retention.delete_expired()


def _sender(task: Task[[int], None]) -> wake_ups.Send:
    """A way to send this task that survives a broker that is away: the sweep sends again."""

    def send(row_id: int) -> None:
        try:
            task.apply_async((row_id,), expires=EXPIRES)
        except OperationalError as error:
            log.warning("broker.unreachable", task=task.name, why=str(error))

    return send


wake_ups.register("window", _sender(work_window))
wake_ups.register("run", _sender(prepare_run))
wake_ups.register("new_client", _sender(create_client))
wake_ups.register("recheck", _sender(look_at_closed_window))
wake_ups.register("preview", _sender(make_preview))
wake_ups.register("start", _sender(start_preview))
wake_ups.register("rehearsal", _sender(rehearse_preview))
