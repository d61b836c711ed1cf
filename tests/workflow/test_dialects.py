"""The main job on every dialect that the sandbox speaks, and on the report of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from panels.sandbox.dialect import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.workflow.provider import Provider, Workers

DIALECTS = sorted(path.stem for path in FOLDER.glob("*.json"))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_main_job_on_each_dialect(
    dialect: str, provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--dialect", dialect, accounts=3)
    run = workers.finish(provider.start(2))
    assert run.state == "finished"
    ledger = provider.sound(done=2)
    assert len(ledger["orders"]) == len(ledger["charges"]) == 2
