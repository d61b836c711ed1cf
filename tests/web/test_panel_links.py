"""Numbers that BILLmanager knows lead into it, wherever a page names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.models.states import Phase
from tests import factories
from tests.statements import Statements

if TYPE_CHECKING:
    from django.test import Client


def test_a_run_links_its_services_and_reads_the_panel_once(viewer: Client) -> None:
    run = factories.run(total=30)
    for number in range(30):
        factories.binding("done", 8, run=run, service_id=7000 + number)
    billing = factories.panel("billing", "billmanager")
    with Statements() as told:
        text = viewer.get(f"/runs/{run.pk}/").text
    for number in range(30):
        assert f"{billing.url}?startform=vhost.edit&amp;elid={7000 + number}" in text
    asked = [one for one in told.captured_queries if "billmanager" in one["sql"]]
    assert len(asked) == 1


def test_without_a_panel_numbers_stay_numbers(viewer: Client) -> None:
    run = factories.run(total=1)
    factories.binding("done", 8, run=run, service_id=7001)
    text = viewer.get(f"/runs/{run.pk}/").text
    assert "7001" in text
    assert "startform" not in text


@pytest.mark.parametrize("form", ["vhost.edit&amp;elid=8001", "task.edit&amp;elid=8002"])
def test_orders_of_others_lead_to_service_and_task(viewer: Client, form: str) -> None:
    factories.panel("billing", "billmanager")
    window = factories.window(Phase.CLOSED)
    factories.stranger(window, service_id=8001, task_id=8002, client_id_remote=8003)
    text = viewer.get(f"/windows/{window.pk}/").text
    assert f"startform={form}" in text
    assert 'target="_blank" rel="noreferrer noopener"' in text
    assert "account.edit&amp;elid=8003" in text
