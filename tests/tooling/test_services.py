from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis
import requests

from tests.services.postgres import cluster

if TYPE_CHECKING:
    from tests.services.sandbox import Sandbox


def test_redis_answers(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()


@pytest.mark.postgres
def test_each_test_has_an_empty_database(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone() == (0,)


@pytest.mark.postgres
@pytest.mark.parametrize(("durable", "fsync"), [(True, "on"), (False, "off")])
def test_a_durable_cluster_waits_for_the_disk(durable: bool, fsync: str) -> None:
    with cluster(durable=durable) as url, psycopg.connect(url) as connection:
        assert connection.execute("SHOW fsync").fetchone() == (fsync,)


def test_programs_started_by_a_test_use_the_real_settings() -> None:
    assert os.environ["DJANGO_SETTINGS_MODULE"] == "integrator.settings"


def test_the_sandbox_keeps_its_state_and_ports(sandbox: Sandbox) -> None:
    world = sandbox.world()
    assert len(world["accounts"]) == 12
    for end in (sandbox.stop, sandbox.kill):
        end()
        sandbox.start()
        assert sandbox.world()["accounts"] == world["accounts"]
    assert sandbox.dials(latency=5)["latency"] == 5
    assert sandbox.ledger()["violations"] == []


def test_the_sandbox_takes_faults(sandbox: Sandbox) -> None:
    sandbox.faults({"func": "user", "kind": "http_500"})
    form = {"func": "user", "authinfo": "root:root-sandbox", "out": "xml"}
    assert requests.post(sandbox.ispmanager_urls[0], form, timeout=5).status_code == 500
    sandbox.faults()
    assert requests.post(sandbox.ispmanager_urls[0], form, timeout=5).status_code == 200
