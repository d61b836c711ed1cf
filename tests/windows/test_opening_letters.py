"""A plan's opening letter is held back on a run's word, and put back with its modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrator.bindings.operator import actions
from integrator.models import Binding, Event, Window
from integrator.panel_access import transports
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.runs import run_start
from integrator.windows import restore_notes
from integrator.windows.post_checks import closed_window
from tests import factories
from tests.services.provider import ACTOR

if TYPE_CHECKING:
    from integrator.models import Run
    from tests.services.provider import Provider, Workers

HELD = Choices(autoprolong=True, hold_letters=True)

SAVE = {"func": "pricelist.edit", "when": {"sok": "ok"}}


def start(provider: Provider, count: int = 3, choices: Choices = HELD) -> Run:
    made = preview.make_from_csv(choices, provider.csv(provider.accounts[:count]), ACTOR)
    assert made.summary["mails"] == (0 if choices.hold_letters else count)
    assert sum(one["count"] for one in made.summary["letters"]) == count
    return run_start.start(made.pk, ACTOR)


def letters(ledger: dict[str, Any]) -> list[str]:
    return [plan["letter"] for plan in ledger["plans"] if plan["name"] != "DNS"]


@pytest.mark.any_database
def test_no_client_gets_a_letter_and_every_plan_has_its_own_again(
    provider: Provider, workers: Workers
) -> None:
    workers.finish(start(provider, 4))
    ledger = provider.sound(done=4)
    assert ledger["mails"] == []
    assert letters(ledger) == ["1", "1", "1"]
    assert not any(saved["renamed"] for saved in ledger["plans_saved"])
    snapshots = [window.snapshot or {} for window in Window.objects.all()]
    assert {snapshot["letter"] for snapshot in snapshots} == {"1"}


@pytest.mark.any_database
def test_runs_that_hold_letters_and_runs_that_do_not_share_no_window(
    provider: Provider, workers: Workers
) -> None:
    one_plan = [one for one in provider.accounts if one["plan"] == provider.accounts[0]["plan"]]
    runs = []
    for choices, account in zip((HELD, Choices(autoprolong=True)), one_plan, strict=False):
        made = preview.make_from_csv(choices, provider.csv([account]), ACTOR)
        runs.append(run_start.start(made.pk, ACTOR))
    for run in runs:
        workers.finish(run)
    mailed = [mail["service"] for mail in provider.sound(done=2)["mails"]]
    assert mailed == [Binding.objects.get(run=runs[1]).service_id]


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("letter", "kind"), [("null", "reset_after"), ("null", "reset_before"), ("1", "http_500_after")]
)
def test_a_save_of_unknown_outcome_is_read_back(
    provider: Provider, workers: Workers, letter: str, kind: str
) -> None:
    rule = {**SAVE, "when": {"sok": "ok", "opennotify": letter}, "kind": kind, "times": 1}
    provider.sandbox.faults(rule)
    workers.finish(start(provider, 1))
    ledger = provider.sound(done=1)
    assert ledger["mails"] == []
    assert letters(ledger) == ["1", "1", "1"]


@pytest.mark.any_database
def test_where_the_letter_cannot_be_held_nothing_is_ordered(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.faults({**SAVE, "kind": "refused"})
    run = workers.finish(start(provider, 1))
    assert Binding.objects.get(run=run).state == "failed"
    ledger = provider.sound(done=0)
    assert ledger["orders"] == []
    assert ledger["switches"] == []


@pytest.mark.any_database
def test_a_letter_that_somebody_chose_meanwhile_is_left_alone(
    provider: Provider, workers: Workers
) -> None:
    run = start(provider, 1)
    plan = Binding.objects.get(run=run).plan.remote_id
    transport = transports.transport(provider.panel)

    def chosen() -> bool:
        window = Window.objects.filter(phase__in=["orders", "enabling", "tasks"]).first()
        if window is None:
            return False
        params: dict[str, str | int] = {"elid": plan, "opennotify": "2", "sok": "ok"}
        transport.act("pricelist.edit", params, send_by=4e9)
        return True

    workers.until(chosen)
    workers.finish(run)
    assert "2" in letters(provider.sound(done=1))


@pytest.mark.any_database
def test_the_steps_by_hand_name_the_letter(db: None, settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path
    window = factories.window(snapshot={"modules": [], "letter": "7"})
    restore_notes.write(window)
    assert "choose letter 7 again" in restore_notes.path(window).read_text()


@pytest.mark.any_database
def test_a_letter_that_goes_off_late_is_found_and_put_back(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.faults({**SAVE, "kind": "reset_before", "times": 1})
    run = workers.finish(start(provider, 1))
    binding = Binding.objects.get(run=run)
    params: dict[str, str | int] = {
        "elid": binding.plan.remote_id,
        "opennotify": "null",
        "sok": "ok",
    }
    transports.transport(provider.panel).act("pricelist.edit", params, send_by=4e9)
    first = Window.objects.order_by("pk").first()
    assert first is not None
    Window.objects.filter(pk=first.pk).update(recheck_at=first.created_at)
    closed_window.look(first.pk)
    # A worker may have been at it already: then it is that one who looks.
    workers.until(lambda: not Window.objects.filter(pk=first.pk, recheck_at__isnull=False).exists())
    workers.until(lambda: not Window.objects.exclude(phase="closed").exists())
    assert letters(provider.sound(done=1)) == ["1", "1", "1"]
    assert Event.objects.filter(window__gt=first.pk, to_state="restoring").exists()


def test_a_letter_that_cannot_be_put_back_lets_the_window_close_on_a_persons_word(
    provider: Provider, workers: Workers
) -> None:
    provider.sandbox.faults(
        {"func": "pricelist.edit", "when": {"sok": "ok", "opennotify": "1"}, "kind": "refused"}
    )
    held = Choices(autoprolong=True, hold_letters=True)
    made = preview.make_from_csv(held, provider.csv(provider.accounts[:1]), "anna")
    run = run_start.start(made.pk, "anna")
    workers.until(lambda: Window.objects.filter(phase="restoring", attempts__gt=0).exists())
    window = Window.objects.get()
    actions.restore(window.pk, "anna", anyway=True)
    workers.finish(run)
    assert Binding.objects.get(run=run).state == "done"
    assert Event.objects.filter(window=window, to_state="letter").exists()
