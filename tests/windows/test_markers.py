"""What tells which modules are on for a plan, also on a panel that was upgraded meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.models import Event, Panel
from integrator.panel_setup.checks import panel_check
from integrator.refresh import discovery
from panels.billmanager import Dialect
from tests.services.plan_switches import dialect_file, failed_for, never_empty, retried
from tests.services.provider import open_windows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database


def billing() -> Panel:
    return Panel.objects.get(kind="billmanager")


def marker() -> str:
    found = Dialect.from_json(billing().dialect).plan_modules_marker
    return found.value if found is not None else ""


@pytest.mark.parametrize(("dialect", "found"), [
    ("own-switch", "status=2/3"), ("inverted-form", "switched_off=-/+"),
])  # fmt: skip
def test_a_modules_own_switch_is_not_taken_for_the_plans(
    dialect: str, found: str, provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--dialect", dialect, accounts=3)
    run = workers.finish(provider.start(2))
    assert run.state == "finished"
    provider.sound(done=2)
    assert marker() == found
    # The manual modules, one for each server, are on before the others go off.
    first = [(s["module"], s["on"]) for s in never_empty(provider)[:4]]
    assert first == [(14, True), (15, True), (11, False), (12, False)]
    assert set(billing().learnt["switches"]) == {"on", "off"}


UNTOLD = {
    "plan_modules.told": "off",
    "plan_modules.own_switch": "active",
    "plan_modules.flag": "status",
    "plan_modules.on": "2",
    "plan_modules.off": "3",
}
"""A panel whose list of plans does not tell the attached modules."""


def test_without_evidence_an_administrator_is_asked_and_may_say_it(
    provider_with: Callable[..., Provider], workers: Workers, tmp_path: Path
) -> None:
    provider = provider_with("--dialect", dialect_file(tmp_path, **UNTOLD), accounts=3)
    wrong = [row for row in panel_check.check(billing()).rows if row.func == "plan_modules_marker"]
    assert [row.state for row in wrong] == ["needs choice"]
    assert "processingmodules" in str(wrong[0].text)
    panel = billing()
    panel.overrides = {"plan_modules_marker": "status=2/3"}
    panel.save(update_fields=["overrides"])
    assert panel_check.check(panel).ok
    discovery.discover(panel)
    workers.finish(provider.start(1))
    provider.sound(done=1)


def test_without_a_marker_no_window_opens(provider: Provider, workers: Workers) -> None:
    with workers.asleep():
        run = provider.start(1)
        provider.sandbox.dials(upgrade=UNTOLD)
        panel = billing()
        panel.dialect["plan_modules_marker"] = None
        panel.save(update_fields=["dialect"])
    workers.finish(run)
    ledger = provider.sound(done=0)
    assert ledger["switches"] == ledger["modules_created"] == []
    assert "is not known" in str(failed_for("marker_unknown").cause_text)


def test_a_marker_that_contradicts_the_list_of_plans_stops_before_anything_is_switched(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--dialect", "own-switch", accounts=3)
    panel = billing()
    panel.overrides = {"plan_modules_marker": "active"}
    panel.save(update_fields=["overrides"])
    workers.finish(provider.start(1))
    assert provider.sandbox.ledger()["switches"] == []
    binding = failed_for("marker_unknown")
    assert "disagree" in str(binding.cause_text)
    panel.overrides = {}
    panel.save(update_fields=["overrides"])
    retried(provider, workers, binding)


RENAMED = {
    "version": "6.200.0-2026.11.01_03:00",
    "plan_modules.enable": "pricelist.processing.enable",
    "plan_modules.disable": "pricelist.processing.disable",
    "plan_modules.enable_button": "enable",
    "plan_modules.disable_button": "disable",
}


@pytest.mark.parametrize("changes", [
    RENAMED,
    {k: v for k, v in RENAMED.items() if k != "version"},
    {**RENAMED, "plan_modules.list": "pricelist.pmodules", "plan_modules.toolbar_name": "modules"},
])  # fmt: skip
def test_an_upgrade_while_a_window_is_open_is_found_out_at_once(
    changes: dict[str, str], provider: Provider, workers: Workers
) -> None:
    slow = {
        "func": "v2.vhost.order.param",
        "kind": "slow_after",
        "seconds": 1.5,
        "when": {"sok": "ok"},
    }
    provider.sandbox.faults({"panel": "billmanager", "times": 1, **slow})
    run = provider.start(2)
    workers.until(lambda: len(provider.sandbox.ledger()["orders"]) >= 1)
    assert open_windows()[0].phase == "orders"
    provider.sandbox.dials(upgrade=changes)
    workers.finish(run, limit=60)
    assert run.state == "finished"
    provider.sound(done=2)
    never_empty(provider)
    assert Event.objects.filter(subject="panel", to_state="learnt again").count() == 1
    assert billing().dialect["plan_modules_enable"]["value"] == changes["plan_modules.enable"]


def test_a_name_that_stays_unknown_is_not_sought_again_and_again(
    provider: Provider, workers: Workers
) -> None:
    panel = billing()
    panel.overrides = {"plan_modules_enable": "pricelist.processing.elsewhere"}
    panel.save(update_fields=["overrides"])
    before = provider.sandbox.ledger()["calls"].get("itemtype", 0)
    workers.finish(provider.start(1))
    ledger = provider.sound(done=0)
    assert ledger["switches"] == []
    assert failed_for("function_missing").step in {2, 3}
    assert ledger["calls"]["itemtype"] - before <= 2
