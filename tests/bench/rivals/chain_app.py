"""The tasks of `chain`: one per step, on workers like the product's own.

The same pool, threads, broker options and database settings. Each task reads its account's row,
makes its step's calls and writes down how far it is. It is spared everything else: no intents, no
events, no limiter, no windows, nothing that is read back to see what an outcome was.
"""

from __future__ import annotations

import json
import os
from functools import cache

import django
from celery import Celery
from django.conf import settings
from django.db import connection

django.setup()

from integrator.celery import app as product  # noqa: E402 - after Django is set up
from tests.bench.rivals.account_calls import AccountCalls, Job  # noqa: E402 - the same

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
READ = "SELECT account, plan, client, service, task FROM bench_account WHERE id = %s"
WRITE = "UPDATE bench_account SET step = %s, client = %s, service = %s, task = %s WHERE id = %s"


@app.task(name="step")
def step(account: int, number: int) -> None:
    """Do this step of this account, then write a checkpoint."""
    with connection.cursor() as cursor:
        cursor.execute(READ, [account])
        text, plan, *found = cursor.fetchone()
        job = Job(json.loads(text), *found)
        _do(number, job, plan)
        cursor.execute(WRITE, [number, job.client, job.service, job.task, account])


def _do(number: int, job: Job, plan: str) -> None:
    """The calls of one step; steps 1, 2 and 5 are done for all accounts at once."""
    calls, target = _calls(), os.environ["BENCH_MODULE"]
    if number == 3:
        calls.order(job, plan)
    elif number == 4:
        calls.find_charge(job)
    elif number == 6:
        calls.find_task(job)
    elif number == 7:
        calls.close(job, target)
    elif number == 8:
        calls.check(job, target)


@cache
def _calls() -> AccountCalls:
    admin, tasks = os.environ["BENCH_SESSIONS"].split()
    return AccountCalls(os.environ["BENCH_PANEL"], (admin, tasks))
