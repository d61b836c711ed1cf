"""Celery only wakes workers: a message carries one id and means "look at this row".

So nothing here is tuned for messages that must not be lost, doubled or reordered (design.md,
section 4); it is tuned so that a worker which dies or a broker which blinks costs seconds.
"""

from __future__ import annotations

import os
import threading
import warnings
from typing import Any

import structlog
from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrator.settings")

from django.conf import settings

from integrator.core.env import BEAT_FILE
from integrator.supervisor import liveness

SWEEP_SECONDS = 1.0
TEND_SECONDS = 60.0

# Meant for workers that unpickle messages; ours read JSON, and who runs them is the unit's choice.
warnings.filterwarnings("ignore", message="You're running the worker with superuser")

# Set once this process has been told to stop: work that can be handed back should be.
stopping = threading.Event()


app = Celery("integrator", include=["integrator.tasks"])
app.conf.update(
    broker_url=settings.REDIS.for_broker(),
    broker_use_ssl=settings.REDIS.checks() or None,
    # Else another product that uses this Redis would take our messages, and we its.
    task_default_queue=settings.REDIS_PREFIX,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "global_keyprefix": f"{settings.REDIS_PREFIX}:",
        # Longer than any task (60 s), so that a message is not delivered twice while it is worked
        # on. The sweep finds the rows of a lost one long before.
        "visibility_timeout": 300,
        # kombu's own pace, interval 10 and throttle 10, looks for lost messages every 100 s only.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 5,
        "socket_timeout": 15,  # above the consumer's own wait of one second
        "socket_keepalive": True,
    },
    # Sending happens inside requests and steps: fail fast, the sweep sends it again.
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_max": 0.2},
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    result_backend=None,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_pool="threads",
    worker_concurrency=settings.WORKER_THREADS,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    timezone="UTC",
    beat_schedule_filename=str(settings.VAR_DIR / BEAT_FILE),
    beat_schedule={
        "sweep": {
            "task": "integrator.tasks.sweep",
            "schedule": SWEEP_SECONDS,
            # After an outage a few sweeps are as good as a thousand; but with all threads at work
            # one must live until a thread is free.
            "options": {"expires": 10 * SWEEP_SECONDS},
        },
        "tend": {
            "task": "integrator.tasks.tend",
            "schedule": TEND_SECONDS,
            "options": {"expires": TEND_SECONDS},
        },
        "tidy": {"task": "integrator.tasks.tidy", "schedule": 3600.0, "options": {"expires": 600}},
    },
)


@signals.setup_logging.connect
def _leave_logging_alone(**_: Any) -> None:
    """A receiver, whatever it does, keeps Celery from replacing our log chain."""


@signals.celeryd_init.connect
@signals.beat_init.connect
def _show_life(**_: Any) -> None:
    liveness.start()


@signals.worker_shutting_down.connect
def _stop(**_: Any) -> None:
    stopping.set()


@signals.task_prerun.connect
def _name_the_task(task_id: str, task: Any, **_: Any) -> None:
    structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)


@signals.task_postrun.connect
def _forget_the_task(**_: Any) -> None:
    structlog.contextvars.clear_contextvars()
