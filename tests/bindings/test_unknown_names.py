"""What is not known of a panel: said before anything is changed, else stopped with the evidence.

And after the administrator's correction on the panel's page, **Retry** completes it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings.operator import actions
from integrator.core.errors import Refused
from integrator.models import Binding, Panel, Step
from integrator.panel_setup.checks import panel_check
from integrator.runs import launch
from tests.services import registered_panels
from tests.services.odd_dialects import odd_form
from tests.services.provider import Provider
from tests.services.provider_fixtures import QUICK

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from integrator.models import Preview
    from tests.services.provider import Workers
    from tests.services.sandbox import Sandbox

pytestmark = pytest.mark.any_database


def billing() -> Panel:
    return Panel.objects.get(kind="billmanager")


def correct(**words: str) -> None:
    """What the administrator's form on the panel's page keeps."""
    panel = billing()
    panel.overrides = {**panel.overrides, **words}
    panel.save(update_fields=["overrides"])


def wrong_rows() -> list[tuple[int, str, str]]:
    """What the panel check names, but for warnings."""
    rows = panel_check.check(billing()).rows
    return [(r.step, r.func, str(r.text)) for r in rows if r.state not in {"allowed", "warning"}]


def failed() -> Binding:
    return Binding.objects.select_related("run").get(state="failed")


def stopped(provider: Provider, step: int, cause: str) -> dict[str, Any]:
    """The one binding failed at this step, and the plan is as it was; the step's evidence."""
    provider.sound(done=0)
    assert (failed().step, failed().cause) == (step, cause)
    return dict(Step.objects.get(binding=failed(), number=step).evidence)


def retry(provider: Provider, workers: Workers) -> None:
    binding = failed()
    actions.retry(Binding.objects.filter(pk=binding.pk), "anna")
    workers.finish(binding.run)
    ledger = provider.sound(done=1)
    assert len(ledger["orders"]) == len(ledger["charges"]) == 1


def test_a_task_form_with_an_unknown_required_field(
    provider_with: Callable[..., Provider], workers: Workers, tmp_path: Path
) -> None:
    provider = provider_with("--dialect", odd_form(tmp_path), accounts=3)
    assert wrong_rows() == []  # no task waits, so its form cannot be seen yet
    workers.finish(provider.start(1))
    evidence = stopped(provider, 7, "form_unknown")
    assert evidence["form"]["missing"] == ["ticket_note"]
    assert {f["name"] for f in evidence["form"]["fields"]} > {"ticket_note", "username"}
    assert provider.accounts[0]["password"] not in json.dumps(evidence)
    (task,) = provider.sandbox.ledger()["tasks"]
    assert task["performer"] in {"", 0, None}

    # From now on it is said before a run begins.
    ((step, func, text),) = wrong_rows()
    assert (step, func) == (7, "task.edit")
    assert "ticket_note" in text
    rows = provider.csv(provider.accounts[1:2])
    with pytest.raises(Refused) as refused:
        launch.launch(new_preview(rows), "anna")
    assert "ticket_note" in " ".join(refused.value.lines)

    correct(task_fields="ticket_note=bound by Integrator")
    assert wrong_rows() == []
    retry(provider, workers)


def new_preview(rows: str) -> Preview:
    from integrator.previews import preview
    from integrator.previews.choices import Choices

    return preview.make_from_csv(Choices(autoprolong=True), rows, "anna")


def test_a_task_that_shows_no_way_of_taking_it(
    provider_with: Callable[..., Provider], workers: Workers, tmp_path: Path
) -> None:
    path = tmp_path / "freely.json"
    keys = {"task.take": {"value": "none"}, "task.close_needs_take": {"value": "off"}}
    path.write_text(json.dumps({"name": "freely", "extends": "billmanager6", "keys": keys}))
    provider = provider_with("--dialect", str(path), accounts=3)
    workers.finish(provider.start(1))
    assert stopped(provider, 7, "form_unknown")["form"]["missing"] == ["a way to take the task"]
    correct(task_take="none")
    retry(provider, workers)


def test_a_list_of_modules_that_cannot_be_found(
    provider_with: Callable[..., Provider], workers: Workers, tmp_path: Path
) -> None:
    provider = provider_with(accounts=3)
    with workers.asleep():
        run = provider.start(1)
        # What an administrator has said is not replaced by what is found.
        correct(plan_modules_list="pricelist.elsewhere")
    workers.finish(run)
    provider.sound(done=0)
    assert failed().cause == "function_missing"
    assert provider.sandbox.ledger()["orders"] == []
    correct(plan_modules_list="pricelist.processing")
    retry(provider, workers)


def test_a_list_of_modules_that_is_called_otherwise_is_found_again(
    provider: Provider, workers: Workers
) -> None:
    with workers.asleep():
        run = provider.start(1)
        panel = billing()
        panel.dialect["plan_modules_list"]["value"] = "pricelist.elsewhere"
        panel.save(update_fields=["dialect"])
    workers.finish(run)
    provider.sound(done=1)
    assert billing().dialect["plan_modules_list"]["value"] == "pricelist.processing"


def test_an_upgraded_panel_is_learnt_again_before_a_plan_is_touched(
    provider: Provider, workers: Workers
) -> None:
    with workers.asleep():
        run = provider.start(1)
        panel = billing()
        version = panel.dialect["version"]
        panel.dialect["version"] = "5.0"
        panel.dialect["plan_modules_list"]["value"] = "pricelist.elsewhere"
        panel.dialect["task_close"] = {"kind": "button", "name": "gone", "value": ""}
        panel.learnt = {"take_keeps_form": True}
        panel.save(update_fields=["dialect", "learnt"])
    workers.finish(run)
    provider.sound(done=1)
    panel.refresh_from_db()
    assert panel.dialect["version"] == version
    assert panel.dialect["task_close"]["name"] == "close"


def test_switches_that_nothing_tells_apart_are_asked_for_and_their_list_is_found(
    start_sandbox: Callable[..., Sandbox], tmp_path: Path, workers: Workers
) -> None:
    path = tmp_path / "hidden.json"
    names = {"list": "pricelist.pm", "toolbar_name": "pm", "enable": "pricelist.pm.a1"}
    names |= {"disable": "pricelist.pm.b2", "enable_button": "a1", "disable_button": "b2"}
    keys = {f"plan_modules.{key}": {"value": value} for key, value in names.items()}
    path.write_text(json.dumps({"name": "hidden", "extends": "billmanager6", "keys": keys}))
    sandbox = start_sandbox("--dialect", str(path), "--accounts", "3", *QUICK, ispmanagers=2)
    registered_panels.billing(sandbox)
    rows = [row for row in panel_check.check(billing()).rows if row.state == "needs choice"]
    assert {row.entry for row in rows} == {"plan_modules_enable", "plan_modules_disable"}
    for row in rows:
        assert row.candidates == ("pricelist.pm.a1", "pricelist.pm.b2")
        assert "pricelist.pm.a1, pricelist.pm.b2" in str(row.text)
        assert "open a hosting plan's processing modules" in str(row.text)
    assert sandbox.ledger()["switches"] == []

    billing().delete()
    provider = Provider(sandbox, plan_modules_enable="pricelist.pm.a1",
                        plan_modules_disable="pricelist.pm.b2")  # fmt: skip
    assert wrong_rows() == []
    workers.finish(provider.start(1))
    provider.sound(done=1)


@pytest.mark.parametrize(
    ("login", "func", "step"),
    [("admin", "v2.vhost.order.param", 3), ("tasks", "task", 6)],
)
def test_a_right_that_is_lost_in_the_middle(
    provider: Provider, workers: Workers, login: str, func: str, step: int
) -> None:
    with workers.asleep():
        run = provider.start(1)
        provider.sandbox.dials(denied={login: [func]})
    workers.finish(run)
    stopped(provider, step, "access")
    assert [text for _step, _func, text in wrong_rows() if f"“{login}”" in text or func in text]
    provider.sandbox.dials(denied={})
    assert wrong_rows() == []
    retry(provider, workers)
