"""SQLite's writers queue, over threads and processes, and nobody waits for one that is gone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError, connections, transaction

from integrator.core.sqlite3 import write_turn
from integrator.core.sqlite3.base import DatabaseWrapper
from integrator.core.sqlite3.write_turn import WriteTurn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.synchronize import Event
    from pathlib import Path

    from pytest_django import DjangoDbBlocker

PATIENCE = 20.0
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "rows.sqlite3")


@pytest.fixture
def connect(
    path: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[Callable[..., DatabaseWrapper]]:
    """Connections to one file, as the product makes them; closed at the end."""
    made: list[DatabaseWrapper] = []

    def one(timeout: float = PATIENCE) -> DatabaseWrapper:
        settings = {**connections["default"].settings_dict, "NAME": path}
        settings["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": timeout}
        made.append(DatabaseWrapper(settings, alias=f"turns-{len(made)}"))
        made[-1].inc_thread_sharing()
        return made[-1]

    with django_db_blocker.unblock():
        yield one
    for connection in made:
        connection.close()


@contextmanager
def in_transaction(connection: DatabaseWrapper) -> Iterator[None]:
    """A transaction of this connection, which Django knows by its name meanwhile."""
    connections[connection.alias] = connection
    try:
        with transaction.atomic(using=connection.alias):
            yield
    finally:
        del connections[connection.alias]


def hold(path: str, held: Event) -> None:
    """Take the turn and never hand it on."""
    WriteTurn(path).take(PATIENCE)
    held.set()
    threading.Event().wait()


def test_a_thread_goes_on_as_soon_as_the_turn_is_handed_on(path: str) -> None:
    first, second = WriteTurn(path), WriteTurn(path)
    assert first.take(PATIENCE)
    taken = threading.Event()

    def wait() -> None:
        if second.take(PATIENCE):
            taken.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert not taken.wait(0.2)
    first.give_back()
    assert taken.wait(PATIENCE)
    waiting.join()
    second.close()


def test_who_waits_too_long_is_told(path: str) -> None:
    first, second = WriteTurn(path), WriteTurn(path)
    assert first.take(PATIENCE)
    assert not second.take(0.05)
    assert not second.is_ours
    first.close()
    assert second.take(0.05)
    second.close()


def test_the_turn_of_a_killed_process_goes_on_to_the_next(path: str) -> None:
    held = SPAWN.Event()
    process = SPAWN.Process(target=hold, args=(path, held), daemon=True)
    process.start()
    assert held.wait(PATIENCE)
    turn, taken = WriteTurn(path), threading.Event()

    def wait() -> None:
        if turn.take(PATIENCE):
            taken.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert not taken.wait(0.2)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    assert taken.wait(PATIENCE)
    waiting.join()
    turn.close()


def test_a_database_in_memory_has_no_turns() -> None:
    assert write_turn.of_database(":memory:") is None
    assert write_turn.of_database("file:x?mode=memory&cache=shared") is None


def test_transactions_and_single_statements_of_many_threads_all_come_to_their_turn(
    connect: Callable[..., DatabaseWrapper],
) -> None:
    with connect().cursor() as cursor:
        cursor.execute("CREATE TABLE counted (n INTEGER)")
        cursor.execute("INSERT INTO counted VALUES (0)")
    errors: list[BaseException] = []

    def count(connection: DatabaseWrapper) -> None:
        try:
            for number in range(20):
                if number % 2:
                    connection.cursor().execute("UPDATE counted SET n = n + 1")
                    continue
                with in_transaction(connection):
                    found = connection.cursor().execute("SELECT n FROM counted").fetchone()
                    connection.cursor().execute("UPDATE counted SET n = %s", [found[0] + 1])
        except BaseException as error:  # noqa: BLE001 - shown by the test
            errors.append(error)

    threads = [threading.Thread(target=count, args=(connect(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not errors
    with connect().cursor() as cursor:
        assert cursor.execute("SELECT n FROM counted").fetchone() == (120,)


def write_both(first: DatabaseWrapper, second: DatabaseWrapper) -> None:
    """The second one in the middle of the first one's transaction, which breaks off by that."""
    with in_transaction(first):
        first.cursor().execute("INSERT INTO counted VALUES (1)")
        second.cursor().execute("INSERT INTO counted VALUES (2)")


def test_a_transaction_that_breaks_off_hands_the_turn_on(
    connect: Callable[..., DatabaseWrapper],
) -> None:
    first, second = connect(), connect(timeout=0.1)
    with first.cursor() as cursor:
        cursor.execute("CREATE TABLE counted (n INTEGER)")
    with pytest.raises(OperationalError, match="did not come to an end"):
        write_both(first, second)
    second.cursor().execute("INSERT INTO counted VALUES (3)")
    assert second.cursor().execute("SELECT n FROM counted").fetchall() == [(3,)]
    with in_transaction(first):
        first.close()  # its connection is gone in the middle of it
    second.cursor().execute("INSERT INTO counted VALUES (4)")
