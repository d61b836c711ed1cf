"""Fixtures for all areas: real servers, real panels' stand-ins, a real browser."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from integrator.core.redis_address import RedisAddress
from integrator.supervisor import redis
from integrator.supervisor.child import Child, Program
from tests.services.postgres import cluster
from tests.services.sandbox import Sandbox
from tests.services.waits import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# The cores are shared: how long one example took says nothing. A change is judged by the same
# examples each time;
# `make test-all` looks for others.
hypothesis_settings.register_profile("same", deadline=None, derandomize=True)
hypothesis_settings.register_profile("explore", deadline=None, print_blob=True, max_examples=500)
hypothesis_settings.load_profile("same")


WITH_WORKERS = {
    Path(__file__).parent / folder
    for folder in ("bindings", "windows", "runs", "maintenance", "panel_access")
}
"""Where tests have workers that store and lock."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what drives a browser, and what has workers that store and lock.

    Playwright keeps an event loop in the main thread for the rest of the session, which Django
    takes for asynchronous code; with a browser test in the session that guard has to be off.
    """
    for item in items:
        with_workers = WITH_WORKERS.intersection(item.path.parents)
        if with_workers and not item.get_closest_marker("any_database"):
            item.add_marker(pytest.mark.stores)
        if "page" in getattr(item, "fixturenames", ()) or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.browser)
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Stop the heartbeat while its database is still there: a page may have started one.

    Left alone it would ask for a database in the middle of the next test.
    """
    from integrator.core import heartbeat

    heartbeat.stop()


@pytest.fixture(autouse=True)
def _english() -> None:
    """Whatever language the test before spoke: a request leaves its own behind in the thread."""
    translation.activate("en")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium, without what a container cannot do and a test does not need."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "Chromium is not installed: apt-get install chromium"
    quiet = (
        *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        "--disable-dev-shm-usage",
    )
    return {**browser_type_launch_args, "executable_path": found, "args": list(quiet)}


@contextmanager
def running_redis(*more: str) -> Iterator[str]:
    """A Redis of its own; yields its URL."""
    folder = Path(tempfile.mkdtemp(prefix="redis-", dir="/tmp"))  # a socket's path must be short
    socket = folder / "redis.sock"
    url = f"unix://{socket}"
    child = Child(
        Program(
            name="redis",
            command=(
                *(str(redis.find_server()), *redis.server_options(folder)),
                *("--port", "0", "--unixsocket", str(socket), *more),
            ),
        )
    )
    child.start()
    try:
        assert eventually(lambda: redis.answers(RedisAddress.of(url))), list(
            child.lines(all_of_it=True)
        )
        yield url
    finally:
        child.ask_to_end()
        assert eventually(lambda: child.collect() is not None)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A real Redis, one for the session."""
    with running_redis() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL, one for the session; the URL of its maintenance database."""
    with cluster() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of the test's own on a real PostgreSQL."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
        yield postgres_server.replace("/postgres?", f"/{name}?")
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def start_sandbox(tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """Starts stand-in panels, with options of their command line; all are stopped at the end."""
    started: list[Sandbox] = []

    def start(*options: str, ispmanagers: int = 1) -> Sandbox:
        folder = tmp_path / f"sandbox{len(started)}"
        folder.mkdir()
        started.append(Sandbox(folder, *options, ispmanagers=ispmanagers))
        return started[-1].start()

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def sandbox(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """A BILLmanager and one ispmanager with twelve accounts."""
    return start_sandbox("--accounts", "12", "--clients", "6", "--plans", "3")
