"""The world survives its process."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest
import requests

from panels.sandbox.dialect import load
from panels.sandbox.ledger import ledger, truth
from panels.sandbox.world.generation import generate
from panels.sandbox.world.persistence import Journal, StateError, read
from panels.sandbox.world.size import Size
from panels.sandbox.world.world import World
from tests.sandbox.flow import CLIENT, SIX, close, make_manual, open_tasks, order, switch, take
from tests.sandbox.sandbox_process import Local, error, rows, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.sandbox.sandbox_process import Running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_what_was_done_is_there_after_a_restart(
    launch: Callable[..., Running], tmp_path: Path, number: signal.Signals
) -> None:
    state = str(tmp_path / "state")
    first = launch("--state", state)
    manual = make_manual(first)
    switch(first, SIX, manual, "11")
    order(first)
    (task,) = until(lambda: open_tasks(first), bool)
    account = first.control("world")["accounts"][0]
    code = first.stop(number)
    assert code == (-9 if number == signal.SIGKILL else 0)

    second = launch("--state", state, "--accounts", "99")
    assert len(second.control("world")["accounts"]) == 12
    assert [row["id"] for row in open_tasks(second)] == [task["id"]]
    switch(second, SIX, "11")
    take(second, SIX, task["id"])
    close(second, SIX, ("task.edit", task["id"]), account["username"], account["password"])
    until(second.ledger, lambda found: found["services"][0]["status"] == 2)
    order(second, domain="other.example", remoteid="marker-2")
    assert second.ledger()["violations"] == []
    keys = [row["id"] for row in rows(second.bill("vhost", su=CLIENT))]
    assert len(set(keys)) == 2


def test_nothing_acknowledged_is_lost_at_a_kill(
    launch: Callable[..., Running], tmp_path: Path
) -> None:
    state = str(tmp_path / "state")
    sandbox = launch("--state", state)
    acknowledged: list[str] = []

    def work() -> None:
        number = 0
        while True:
            number += 1
            try:
                answer = order(sandbox, domain=f"d{number}.example", remoteid=f"m{number}")
            except requests.RequestException:
                return
            if error(answer) is None:
                acknowledged.append(f"m{number}")

    worker = threading.Thread(target=work)
    worker.start()
    until(lambda: len(acknowledged), lambda count: count >= 30)
    sandbox.process.kill()
    worker.join(10)
    sandbox.end()
    kept = {row["remoteid"] for row in launch("--state", state).ledger()["services"]}
    assert set(acknowledged) <= kept
    assert len(kept) <= len(acknowledged) + 1


def test_what_is_under_way_goes_on(launch: Callable[..., Running], tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    first = launch("--state", state, "--task-delay", "0.5")
    order(first)
    first.stop(signal.SIGKILL)
    second = launch("--state", state)
    until(second.ledger, lambda found: found["services"][0]["status"] == 2)


def test_sessions_and_dials_survive(launch: Callable[..., Running], tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    first = launch("--state", state)
    login = first.post("billmanager", "auth", username="admin", password="admin-sandbox")
    key = login.text.split('auth id="')[1].split('"')[0]
    first.control("dials", {"password_min": 7})
    first.stop(signal.SIGTERM)
    second = launch("--state", state)
    assert second.control("dials")["password_min"] == 7
    assert "<user" in second.post("billmanager", "whoami", auth=key).text
    again = second.post("billmanager", "auth", username="admin", password="admin-sandbox")
    assert key not in again.text


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    panels = Local()
    path = tmp_path / "state"
    journal = Journal(panels.world, path)
    order(panels)
    journal.commit()
    with path.open("ab") as out:
        out.write(b'{"changes":[["services",[1,')
    assert path.stat().st_mode & 0o777 == 0o600
    restored = World(clock=lambda: panels.time)
    assert read(restored, path) is True
    assert ledger(restored)["services"] == ledger(panels.world)["services"]
    assert truth(restored)["accounts"] == truth(panels.world)["accounts"]
    journal.close()


def test_deleted_rows_stay_deleted_and_ids_are_not_used_again(tmp_path: Path) -> None:
    panels = Local()
    path = tmp_path / "state"
    journal = Journal(panels.world, path)
    key = make_manual(panels)
    panels.bill("processing.delete", elid=key)
    journal.close()
    restored = World()
    read(restored, path)
    assert int(key) not in restored.modules.rows
    assert restored.modules.next_id() == int(key) + 1


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_text("hello\n")
    with pytest.raises(StateError):
        read(World(), path)
    world = World()
    generate(world, Size(accounts=1))
    Journal(world, path).close()
    with pytest.raises(StateError, match="dialect is billmanager6"):
        read(World(dialect=load("billmanager5")), path)
    with pytest.raises(StateError, match="servers"):
        read(World(servers=("isp1", "isp2")), path)


def test_one_file_belongs_to_one_sandbox(launch: Callable[..., Running], tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    launch("--state", state)
    with pytest.raises(AssertionError, match="ended: 2"):
        launch("--state", state)
