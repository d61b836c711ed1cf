"""The plan map's page, and the plan that a preset has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, transaction

from integrator.models import Event, PlanMap
from tests import factories

if TYPE_CHECKING:
    from django.test import Client


def test_a_preset_has_one_plan_everywhere_and_one_on_each_server(db: None) -> None:
    """On every database: two could be written by two people at the same moment."""
    gold, server = factories.plan("Gold"), factories.panel()
    for panel in (None, server):
        PlanMap.objects.create(preset="gold", plan=gold, panel=panel)
        with pytest.raises(IntegrityError), transaction.atomic():
            PlanMap.objects.create(preset="gold", plan=gold, panel=panel)


def test_plan_map_is_set_and_taken_back(operator: Client) -> None:
    factories.billmanager()
    account, gold = factories.account(), factories.plan("Gold")
    assert "business" in operator.get("/plan-map/").text
    given = {"preset": "business", "panel": "", "plan": gold.pk, "period": "12"}
    operator.post("/plan-map/change/", given)
    assert (PlanMap.objects.get().plan, PlanMap.objects.get().period) == (gold, 12)
    operator.post("/plan-map/change/", {**given, "plan": ""})
    assert not PlanMap.objects.exists()
    notes = Event.objects.filter(subject="plan map").order_by("id")
    assert [str(event.why) for event in notes] == [
        "business: – → Gold × 12",
        "business: Gold × 12 → –",
    ]
    account.refresh_from_db()
    assert account.plan is None
