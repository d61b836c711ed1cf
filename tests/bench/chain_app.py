"""The other common way to build it: a Celery task for each step, chained.

Each task makes one call to the panel and updates one row, on workers like the product's own: the
same pool, threads, broker options, database settings. It is spared everything else: no intents, no
events, no limiter, no windows, and its calls are the panel's cheapest.
"""

from __future__ import annotations

import os
import threading

import django
import requests
from celery import Celery
from django.conf import settings
from django.db import connection

django.setup()

from integrator.celery import app as product  # noqa: E402 - after Django is set up

app = Celery("chain")
app.conf.update(
    broker_url=product.conf.broker_url,
    broker_transport_options=product.conf.broker_transport_options,
    broker_connection_retry_on_startup=True,
    task_default_queue="chain",  # the product's own workers would throw its messages away
    task_ignore_result=True,
    result_backend=None,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_pool="threads",
    worker_concurrency=settings.WORKER_THREADS,
    worker_send_task_events=False,
)
_local = threading.local()


@app.task(name="step")
def step(account: int, number: int) -> None:
    """Call the panel, then write down how far this account is."""
    session = getattr(_local, "session", None)
    if session is None:
        session = _local.session = requests.Session()
        session.trust_env = False
    form = {"func": "whoami", "out": "xml", "auth": os.environ["BENCH_SESSION"]}
    session.post(os.environ["BENCH_PANEL"], data=form, timeout=60).raise_for_status()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE bench_account SET step = %s WHERE id = %s", [number, account])
