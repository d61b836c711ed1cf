"""The main job on every dialect that the sandbox speaks, and again on the report of each."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from integrator.core.env import BASE_DIR
from integrator.models import Panel
from integrator.panel_setup.dialect import dialect_report
from panels.billmanager import Dialect
from panels.sandbox.dialect import FOLDER, load
from tests.services.slow_cases import first_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database

DIALECTS = sorted(path.stem for path in FOLDER.glob("*.json"))

UNSEEN = {"about", "module_chosen", "isp.email_field", "isp.missing", "task.close_needs_take",
          "plan_modules.in_order_of_plan", "plan_modules.form_asks"}  # fmt: skip
"""Keys of what happens, not of what is shown: no list and no form tells them."""

UNTOLD = ("errors.", "order.answers", "order.refused_leaves", "order.autoprolong", "payment.",
          "task.offers", "cart.empty", "language", "modules.", "task.performer", "rows.",
          "order.read_period", "order.sums")  # fmt: skip


def bind(provider: Provider, workers: Workers, count: int) -> str:
    """The main job; then the dialect report, as an administrator would take it."""
    run = workers.finish(provider.start(count))
    assert run.state == "finished"
    ledger = provider.sound(done=count)
    assert len(ledger["orders"]) == len(ledger["charges"]) == count
    return dialect_report.make(Panel.objects.get(pk=provider.panel.pk))


def told_nothing_of_people(text: str, provider: Provider) -> None:
    world = provider.sandbox.world()
    for account in world["accounts"]:
        for name in ("username", "email", "password"):
            assert account[name] not in text
        assert not any(domain in text for domain in account["domains"])
    for client in world["clients"]:
        assert f'"{client["id"]}"' not in text
        assert client["name"] not in text
    for secret in ("admin-sandbox", "tasks-sandbox", "Task robot", "Support", "sandbox.example"):
        assert secret not in text


def differences(dialect: str, sent: str) -> dict[str, tuple[str, str]]:
    """What of the dialect's own words the report tells otherwise."""
    own, told = load(dialect).values, load(sent).values
    return {
        key: (value, told[key])
        for key, value in own.items()
        if told[key] != value and key not in UNSEEN and not key.startswith(UNTOLD)
    }


def shapes(report: dict[str, Any]) -> set[str]:
    """What must be the same when a report's own report is taken, a line each."""
    parts: dict[str, list[Any]] = {"key": list(report["keys"].items())}
    for func, form in report["forms"].items():
        fields = [{k: v for k, v in one.items() if k != "choices"} for one in form["fields"]]
        parts[f"form {func}"] = [*fields, *form["buttons"]]
    for func, seen in report["lists"].items():
        parts[f"list {func}"] = [seen["columns"], seen["key"], *seen["tools"]]
    return {f"{where}: {json.dumps(one)}" for where, some in parts.items() for one in some}


@pytest.mark.parametrize("dialect", first_of(DIALECTS, count=3))
def test_the_main_job_on_each_dialect_and_on_its_report(
    dialect: str, provider_with: Callable[..., Provider], workers: Workers, tmp_path: Path
) -> None:
    provider = provider_with("--dialect", dialect, accounts=3)
    text = bind(provider, workers, 2)
    told_nothing_of_people(text, provider)
    path = tmp_path / "sent.json"
    path.write_text(text, encoding="utf-8")
    assert differences(dialect, str(path)) == {}

    provider.sandbox.stop()
    call_command("flush", interactive=False, verbosity=0)
    again = bind(provider_with("--dialect", str(path), accounts=3), workers, 1)
    assert shapes(json.loads(again)) ^ shapes(json.loads(text)) == set()


def test_no_step_asks_which_dialect_it_is() -> None:
    """How a panel does things is known to `panels` alone; no step may branch on it."""
    known = {"departments", "module_department", "task_departments", "version"}
    known |= {"learn_task_form", "to_json"}
    folders = [BASE_DIR / "integrator" / name for name in ("steps", "workflow")]
    for path in (path for folder in folders for path in folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        asked = set(re.findall(r"\bdialect\.(\w+)", text)) & {f.name for f in fields(Dialect)}
        assert asked <= known, path
        assert not [name for name in DIALECTS if name in text], path


def test_every_dialect_names_its_rows() -> None:
    """Several dialects show the shapes of real rows, so that the main job meets them."""
    keys = [json.loads(path.read_text())["keys"] for path in FOLDER.glob("*.json")]
    for name, values in {
        "rows.symbol": {"code", "symbol", "word"}, "rows.decimal": {".", ","},
        "rows.status": {"both", "item", "item_real"}, "rows.client": {"id", "title"},
        "rows.deleted": {"asked", "listed", "hidden"}, "rows.expiry": {"date", "words"},
        "rows.expiry_opens": {"always", "after"}, "rows.account_key": {"id", "elid"},
        "payment.new": {"1", "8"}, "task.item": {"orig", "id", "beside", "title"},
    }.items():  # fmt: skip
        assert {one[name]["value"] for one in keys if name in one} >= values, name
