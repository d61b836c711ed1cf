"""The demo's content, made by the real command as `up --demo` runs it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from integrator.previews.csv.reader import read
from integrator.supervisor import demo

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Installation
    from tests.services.sandbox import Sandbox


def test_the_demo_is_made_once_and_left_alone_afterwards(
    installation: Installation, start_sandbox: Callable[..., Sandbox]
) -> None:
    sandbox = start_sandbox("--accounts", "30", "--clients", "12", ispmanagers=2)
    demo.create_missing(installation.var_dir)
    ports = ",".join(map(str, (one.rsplit(":", 1)[1][:-7] for one in sandbox.ispmanager_urls)))
    billmanager = str(sandbox.billmanager_port)
    words = ("demo", "--ispmanager-port", ports, "--billmanager-port", billmanager)
    for _time in range(2):
        done = installation.manage(*words)
        assert done.code == 0, done.err
    runs = installation.manage("runs", "--json").json["runs"]
    assert [(one["total"], one["by"]) for one in runs] == [(12, "demo")]
    output = installation.manage("panel", "check", "--json").json["panels"]
    assert {name: one["ok"] for name, one in output.items()} == {
        "billing": True, "isp1": True, "isp2": True,
    }  # fmt: skip
    path = installation.var_dir / "demo" / "accounts.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(read(path.read_bytes())) == 12
    preview = installation.manage(
        "bind", "--csv", str(path), "--autoprolong", "on", "--dry-run", "--json"
    ).json
    assert preview["ready"] == 12
