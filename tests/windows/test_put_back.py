"""When a plan counts as put back: after one reading, and after two where a switch is in doubt."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, cast

import pytest

from integrator.core import clock
from integrator.models import Window
from integrator.models.states import Phase
from integrator.windows.lease import Driver
from integrator.windows.phases import restoring
from integrator.windows.switching import switches
from tests import factories

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from panels.billmanager import BillManager

pytestmark = pytest.mark.usefixtures("transactional_db")

OWN = [9]
"""The modules of the snapshot that ``factories.window`` makes."""
TOKEN = "a-lease"


class Plan:
    """What the panel would show of the plan's modules; its window's driver reads it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, uncertain: bool) -> None:
        self.window = factories.window(
            Phase.RESTORING,
            uncertain=uncertain,
            lease_token=TOKEN,
            lease_expires_at=clock.now() + dt.timedelta(minutes=5),
        )
        monkeypatch.setattr(
            switches, "turn", lambda *_: switches.Reading(list(OWN), asked_at=clock.now())
        )

    def drive(self) -> bool:
        return restoring.drive(Driver(self.window, TOKEN), cast("BillManager", None))

    @property
    def phase(self) -> str:
        return Window.objects.get(pk=self.window.pk).phase


def test_one_reading_is_enough_where_every_switch_was_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = Plan(monkeypatch, uncertain=False)
    assert plan.drive() is True
    assert plan.phase == Phase.CLOSED


def test_after_a_switch_of_unknown_outcome_two_readings_a_settle_time_apart_must_agree(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.SETTLE_SECONDS = 60.0
    plan = Plan(monkeypatch, uncertain=True)
    for _ in range(3):  # however often it is looked at before that time
        assert plan.drive() is False
        assert plan.phase == Phase.RESTORING
    due = Window.objects.get(pk=plan.window.pk).due_at
    assert due is not None
    assert due > clock.now() + dt.timedelta(seconds=30)
    settings.SETTLE_SECONDS = 0.0  # as if it had passed
    assert plan.drive() is True
    assert plan.phase == Phase.CLOSED
