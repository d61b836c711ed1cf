"""Runs that really run: `--wait`, `retry`, and the exit codes 0 and 1."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from integrator.core.env import BASE_DIR
from tests.services.waits import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Installation
    from tests.services.sandbox import Sandbox


@contextmanager
def role(installation: Installation, name: str) -> Iterator[None]:
    """One role of the installation, as its operator would start it."""
    with (installation.var_dir / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(BASE_DIR / "manage.py"), "up", "--only", name],
            env=installation.environ,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(30)
            finally:
                process.kill()
                process.wait()


@pytest.fixture
def working(ready: Installation, redis_url: str) -> Iterator[Installation]:
    """The installation with one worker and beat."""
    ready.environ |= {"REDIS_URL": redis_url, "SETTLE_SECONDS": "1"}
    with ExitStack() as stack:
        for name in ("worker", "beat"):
            stack.enter_context(role(ready, name))
        yield ready


def accounts(sandbox: Sandbox, count: int) -> list[dict[str, Any]]:
    return list(sandbox.world()["accounts"])[:count]


def test_a_run_is_waited_for_to_its_end(working: Installation, sandbox: Sandbox) -> None:
    path = working.csv(accounts(sandbox, 4))
    output = working.manage("bind", "--csv", path, "--autoprolong", "off", "--wait", "--json")
    assert output.code == 0, output.out + output.err
    run = output.json
    assert (run["state"], run["total"], run["done"]) == ("finished", 4, 4)
    assert all(window["restored"] for window in run["windows"])
    assert "4 of 4 done" in output.err
    ledger = sandbox.ledger()
    assert len(ledger["services"]) == 4
    assert ledger["violations"] == []
    assert working.manage("discover", "--json").json["matches"]["ready"] == 8


def test_an_open_window_is_listed_and_restored_on_a_persons_word(
    working: Installation, sandbox: Sandbox
) -> None:
    sandbox.dials(task_delay=20)
    path = working.csv(accounts(sandbox, 1))
    started = working.manage("bind", "--csv", path, "--autoprolong", "off", "--json")
    assert started.code == 0, started.err
    plan = accounts(sandbox, 1)[0]["plan"]

    def listed() -> list[dict[str, Any]]:
        return list(working.manage("window", "list", "--json").json["windows"])

    assert eventually(lambda: [one["plan"] for one in listed()] == [plan])
    restored = working.manage("window", "restore", plan, "--json")
    assert restored.code == 0, restored.err
    assert restored.json["plan"] == plan
    sandbox.dials(task_delay=0)
    waited = working.manage("runs", started.json["run"], "--json")
    assert waited.json["total"] == 1


def test_what_failed_is_told_and_retried_with_another_password(
    working: Installation, sandbox: Sandbox
) -> None:
    first, second = accounts(sandbox, 2)
    path = working.csv([first, {**second, "password": "not-its-password"}])
    output = working.manage(
        "bind", "--csv", path, "--autoprolong", "on", "--check-passwords", "--wait", "--json"
    )
    assert output.code == 1, output.out + output.err
    assert (output.json["done"], output.json["failed"]) == (1, 1)
    failed = next(one for one in output.json["bindings"] if one["state"] == "failed")
    assert failed["username"] == second["username"]
    assert failed["cause"]
    assert working.manage("runs", output.json["run"]).code == 1
    refused = working.manage("retry", output.json["run"], "--password-env", "UNSET")
    assert refused.code == 2
    again = working.manage(
        "retry", failed["binding"], "--password-env", "RIGHT", "--wait", "--json",
        RIGHT=second["password"],
    )  # fmt: skip
    assert again.code == 0, again.out + again.err
    assert again.json["runs"][0]["done"] == 2
    assert second["password"] not in again.out + again.err
    assert working.manage("retry", output.json["run"]).code == 2
