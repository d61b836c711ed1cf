"""When nothing can move without a person."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from integrator.core.clock import now
from integrator.management import run_wait
from integrator.management.run_wait import all_well, is_moving
from integrator.models import Binding, Preview, Run, Window
from tests import factories
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster


@pytest.fixture
def hoster(db: None) -> Hoster:
    return mirrors.Hoster()


def run_of(hoster: Hoster, state: str, *bindings: str, window: Window | None = None) -> Run:
    preview = Preview.objects.create(token="t", created_at=now(), created_by="eva", source="csv")
    run = Run.objects.create(
        preview=preview, state=state, total=len(bindings), created_by="eva", started_at=now()
    )
    for number, binding in enumerate(bindings):
        Binding.objects.create(
            run=run, account=mirrors.account(hoster.server, f"u{number}"), client=hoster.client,
            su=1, plan=hoster.plan, datacenter_id=1, module_id=21, number=number,
            domain="d.example", period=1, autoprolong=True, price=Decimal(1),
            marker=f"m{number}", state=binding, window=window,
            created_at=now(), state_at=now(), step_at=now(),
        )  # fmt: skip
    return run


def window_of(hoster: Hoster, **values: object) -> Window:
    return Window.objects.create(
        **{"plan": hoster.plan, "phase": "orders", "created_at": now(), "phase_at": now(), **values}
    )


@pytest.mark.parametrize(
    ("state", "bindings", "moving"),
    [
        ("running", ["queued", "done"], True),
        ("running", ["waiting"], True),
        ("finished", ["done", "failed"], False),
        ("undecided", ["undecided", "done"], False),
        ("paused", ["queued"], False),
        ("paused", ["running"], True),
        ("cancelled", ["cancelled", "undecided"], False),
    ],
)
def test_by_states(hoster: Hoster, state: str, bindings: list[str], moving: bool) -> None:
    assert is_moving(run_of(hoster, state, *bindings)) == moving


def test_a_paused_run_moves_until_its_windows_are_restored(hoster: Hoster) -> None:
    window = window_of(hoster)
    run = run_of(hoster, "paused", "waiting", window=window)
    assert is_moving(run)
    Window.objects.update(phase="closed")
    assert not is_moving(run)


def test_a_held_window_waits_for_a_person(hoster: Hoster) -> None:
    window = window_of(hoster, held=True)
    run = run_of(hoster, "running", "waiting", "queued", window=window)
    assert not is_moving(run)
    Window.objects.update(held=False)
    assert is_moving(run)


def test_all_is_well_when_all_is_done(hoster: Hoster) -> None:
    assert all_well(run_of(hoster, "finished", "done", "done"))
    Binding.objects.filter(number=0).update(state="cancelled")
    assert not all_well(Run.objects.get())


def test_the_wait_tells_the_time_left_as_pages_do(
    hoster: Hoster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_wait, "DEAD_SECONDS", 0.0)
    run = run_of(hoster, "running", "queued", "undecided")
    factories.billmanager()

    def noted() -> str:
        notes: list[str] = []
        assert not run_wait.wait_for(run, notes.append), "no worker is running"
        return notes[0]

    start = f"{run}: 0 of 2 done, 0 failed, 1 undecided, "
    assert noted() == start + "estimating, 1 waits for a person"
    for size in (1, 10):
        window = factories.window("closed", plan=hoster.plan, cohort=size)
        factories.done(run=run, plan=hoster.plan, window=window)
    assert noted().endswith(", about 1 min left, 1 waits for a person")
