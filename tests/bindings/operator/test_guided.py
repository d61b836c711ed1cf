"""A guided binding: nothing is sent before a person's word, and a plan waits for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings.operator import actions, guided
from integrator.core.errors import ActionRefused
from integrator.models import Binding, Call, Event, Panel, Run, Window
from integrator.panel_access import proven_names
from integrator.panel_setup.dialect import overrides
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.previews.rehearsal import guided_expectations
from integrator.runs import run_start

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.services.provider import Provider, Workers

pytestmark = pytest.mark.any_database


def begin(provider: Provider, count: int = 3, **choices: Any) -> Run:
    wanted = Choices(autoprolong=True, **choices)
    made = preview.make_from_csv(wanted, provider.csv(provider.accounts[:count]), "anna")
    guided.choose(made.pk, guided=True)
    return run_start.start(made.pk, "anna")


def asks(run: Run, step: int) -> bool:
    window = guided.asking(run)
    return window is not None and window.asks == step


def effects(provider: Provider) -> dict[str, Any]:
    """All that has happened on the panels; how often they were asked is no effect."""
    ledger = provider.sandbox.ledger()
    return {name: value for name, value in ledger.items() if name != "calls"}


def nothing_moves(provider: Provider, workers: Workers) -> None:
    """However often the window is looked at meanwhile."""
    before, calls = effects(provider), Call.objects.filter(effect=True).count()
    sweeps = iter(range(8))
    workers.until(lambda: next(sweeps, None) is None)
    assert effects(provider) == before
    assert Call.objects.filter(effect=True).count() == calls


def test_it_walks_step_by_step_and_what_it_learns_is_proven(
    provider: Provider, workers: Workers
) -> None:
    run = begin(provider)
    assert run.total == 1
    expected = {
        1: ["processing.add.settings"],
        2: ["pricelist.processing.resume", "pricelist.processing.suspend"],
        3: ["v2.vhost.order.param"],
        5: ["pricelist.processing.resume"],
        7: ["task.edit", "task.edit"],
    }
    for step, funcs in expected.items():
        workers.until(lambda step=step: asks(run, step))  # type: ignore[misc]
        shown = {one.number: one for one in guided_expectations.steps(guided.binding_of(run))}[step]
        assert list(dict.fromkeys(call["func"] for call in shown.sends)) == list(
            dict.fromkeys(funcs)
        )
        told = str(shown.sends)
        assert provider.accounts[0]["password"] not in told
        assert "?" not in told, "a name that is not known yet"
        assert shown.expects
        if step > 1:
            with pytest.raises(ActionRefused):
                guided.go_on(run.pk, step - 1, "anna")
        if step != 5:
            nothing_moves(provider, workers)
        guided.go_on(run.pk, step, "anna")
        with pytest.raises(ActionRefused):
            guided.go_on(run.pk, step, "anna")  # a doubled click
    workers.finish(run)
    assert run.state == "finished"
    ledger = provider.sound(done=1)
    assert len(ledger["orders"]) == len(ledger["charges"]) == 1
    panel = Panel.objects.get(kind="billmanager")
    assert proven_names.is_close_proven(panel)
    assert {
        *("manual_module", "module_create", "order", "task_open_types"),
        *("plan_modules_list", "plan_modules_marker", "plan_modules_enable"),
        *("plan_modules_disable", "task_take", "task_close", "task_module", "task_username"),
    } <= proven_names.entries(panel)
    assert Event.objects.filter(to_state="go on", actor="anna").count() == len(expected)


def test_a_password_is_not_reset_before_anybody_said_a_word(provider: Provider) -> None:
    with pytest.raises(ActionRefused, match="before you say so"):
        begin(provider, reset_passwords=True)
    assert not Run.objects.exists()


def test_stopped_before_the_order_it_frees_the_account_and_puts_the_plan_back(
    provider: Provider, workers: Workers
) -> None:
    run = begin(provider)
    for step in (1, 2):
        workers.until(lambda step=step: asks(run, step))  # type: ignore[misc]
        guided.go_on(run.pk, step, "anna")
    workers.until(lambda: asks(run, 3))
    guided.stop(run.pk, "anna")
    workers.until(lambda: not Window.objects.exclude(phase="closed").exists())
    run.refresh_from_db()
    assert run.state == "cancelled"
    binding = Binding.objects.get(run=run)
    assert (binding.state, binding.reserved) == ("cancelled", False)
    assert not provider.sound()["orders"]


def test_stopped_after_the_order_it_stays_reserved_and_the_plan_is_put_back(
    provider: Provider, workers: Workers
) -> None:
    run = begin(provider)
    for step in (1, 2, 3):
        workers.until(lambda step=step: asks(run, step))  # type: ignore[misc]
        guided.go_on(run.pk, step, "anna")
    workers.until(lambda: asks(run, 5))
    guided.stop(run.pk, "anna")
    workers.until(lambda: not Window.objects.exclude(phase="closed").exists())
    workers.until(lambda: Binding.objects.get(run=run).state == "cancelled")
    assert Binding.objects.get(run=run).reserved
    provider.sound(done=0)


def test_a_plan_does_not_wait_for_somebody_who_has_gone_away(
    provider: Provider, workers: Workers, settings: Settings
) -> None:
    settings.WINDOW_LIMIT = 8.0
    run = begin(provider)
    for step in (1, 2):
        workers.until(lambda step=step: asks(run, step))  # type: ignore[misc]
        guided.go_on(run.pk, step, "anna")
    workers.until(lambda: asks(run, 3))
    workers.finish(run)
    assert run.state == "paused"
    assert "was not brought to its end in 8 s (step 3)" in str(run.why)
    assert not provider.sound()["orders"]
    # Resumed, it asks anew from the beginning, and others wait for nobody meanwhile.
    settings.WINDOW_LIMIT = 900.0
    actions.resume(run.pk, "anna")
    workers.until(lambda: asks(run, 1))
    guided.stop(run.pk, "anna")
    workers.until(lambda: not Window.objects.exclude(phase="closed").exists())


def test_what_is_called_otherwise_is_corrected_while_the_step_waits(
    provider: Provider, workers: Workers
) -> None:
    panel = Panel.objects.get(kind="billmanager")
    overrides.set_entries(panel, {"task_close": "button:shut"}, actor="anna", force=True)
    run = begin(provider)
    for step in (1, 2, 3, 5):
        workers.until(lambda step=step: asks(run, step))  # type: ignore[misc]
        guided.go_on(run.pk, step, "anna")
    workers.until(lambda: asks(run, 7))

    def closes_with() -> set[str]:
        shown = guided_expectations.steps(guided.binding_of(run))[6].sends
        return {call["params"].get("clicked_button", "") for call in shown}

    assert closes_with() == {"take", "shut"}
    kept = overrides.set_entries(panel, {"task_close": "button:close"}, actor="anna")
    assert [one.unchecked for one in kept] == [""]  # it was looked for in the task that waits
    assert closes_with() == {"take", "close"}
    guided.go_on(run.pk, 7, "anna")
    workers.finish(run)
    provider.sound(done=1)
    assert "task_close" in proven_names.entries(Panel.objects.get(pk=panel.pk))
