"""A preview is started once, and an account is in one binding at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.runs import run_start

if TYPE_CHECKING:
    from tests.services.provider import Provider, Workers


def test_one_binding_per_account(provider: Provider, workers: Workers) -> None:
    from integrator.core.errors import Refused

    rows = provider.csv(provider.accounts[:2])
    run = provider.start(rows=rows)
    with pytest.raises(Refused) as refused:
        provider.start(rows=rows)
    assert len(refused.value.lines) == 2
    workers.finish(run)
    provider.sound(done=2)
    with pytest.raises(Refused):
        provider.start(rows=rows)


def test_starting_a_preview_twice_is_one_run(provider: Provider, workers: Workers) -> None:
    run = provider.start(2)
    assert run_start.start(run.preview_id, "boris").pk == run.pk
    workers.finish(run)
    provider.sound(done=2)
