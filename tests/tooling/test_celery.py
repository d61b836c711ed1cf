from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from kombu.exceptions import ContentDisallowed
from kombu.serialization import dumps, loads

from integrator.celery import app

if TYPE_CHECKING:
    from celery.app.task import Task

NAMES = {"sweep", "work_window", "prepare_run", "discover_panel"}


def test_only_json_is_read() -> None:
    kind, encoding, payload = dumps({"a": 1}, serializer="pickle")
    with pytest.raises(ContentDisallowed):
        loads(payload, kind, encoding, accept=app.conf.accept_content)


def test_a_message_of_a_dead_worker_comes_back_and_no_sooner_than_its_task_can_end() -> None:
    transport = app.conf.broker_transport_options
    assert transport["visibility_timeout"] > 2 * 60
    assert transport["unacked_restore_interval"] * transport["unacked_restore_throttle"] <= 10
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1


def test_the_tasks_are_known_by_their_names() -> None:
    app.loader.import_default_modules()
    tasks: dict[str, Task[..., object]] = app.tasks
    assert {f"integrator.tasks.{name}" for name in NAMES} <= tasks.keys()


def test_what_beat_sends_is_a_task_and_soon_worth_nothing() -> None:
    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks
        assert entry["options"]["expires"]
