"""Tasks of ours are closed once and by their form; a colleague's are left alone."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from integrator.bindings import intents
from integrator.bindings.claims import Claim
from integrator.bindings.operator import actions, undecided_evidence
from integrator.bindings.work import task_close
from integrator.core import clock
from integrator.core.errors import Refused as CoreRefused
from integrator.messages.message import verbatim
from integrator.models import Binding, Call, Intent, Preview, Window
from integrator.models.states import Outcome
from integrator.steps.verdicts import Failed
from integrator.windows import members
from integrator.windows.phases import tasks
from panels.billmanager.tasks.tasks import Tasks
from panels.coremanager.errors import Refused
from panels.coremanager.fault import Fault
from tests import factories
from tests.services.effects import Declared
from tests.services.odd_dialects import written
from tests.services.provider import close_by_hand, only

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_django.fixtures import Settings

    from integrator.windows.readings import Reading
    from panels.billmanager.tasks.tasks import TaskForm
    from tests.services.provider import Provider, Workers


def test_a_task_that_a_colleague_closes_while_it_is_read_is_found_bound(
    provider: Provider, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Tasks.form
    seen: list[int | None] = []

    def read(self: Tasks, task_id: int, *more: Any) -> Any:
        if not seen:
            close_by_hand(provider)
        form = real(self, task_id, *more)
        seen.append(form.status)
        return form

    monkeypatch.setattr(Tasks, "form", read)
    workers.finish(provider.start(1))
    assert seen == [2]
    binding = Binding.objects.get()
    assert binding.state == "done"
    assert not Intent.objects.filter(kind__in=["take", "close"]).exists()
    (task,) = provider.sandbox.ledger()["tasks"]
    assert task["closes"] == 1


def test_a_task_that_is_listed_but_cannot_be_read_is_asked_for_a_few_times(
    provider: Provider, workers: Workers, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAX_ATTEMPTS = 3
    asked: list[int] = []

    def refused(_self: Tasks, task_id: int, *_more: Any) -> Any:
        asked.append(task_id)
        raise Refused(Fault("missed", message="there is no such task"), func="task.edit")

    monkeypatch.setattr(Tasks, "form", refused)
    workers.finish(provider.start(1), limit=60)
    binding = Binding.objects.get()
    assert (binding.state, binding.step, binding.cause) == ("failed", 7, "task_refused")
    assert "there is no such task" in str(binding.cause_text)
    assert len(asked) == settings.MAX_ATTEMPTS


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_a_task_of_ours_is_closed_though_the_way_to_its_second_form_was_lost(
    provider_with: Callable[..., Provider], workers: Workers
) -> None:
    provider = provider_with("--dialect", "billmanager5")
    run = provider.start(1)
    provider.sandbox.faults(
        {"panel": None, "func": "task.work.edit", "kind": "http_500", "times": 1}
    )
    workers.finish(run)
    provider.sound(done=1)
    assert Intent.objects.filter(kind="take").count() == 1


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_a_task_that_is_seen_closed_is_not_looked_at_again_and_again(
    provider_with: Callable[..., Provider], workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its close had an unknown outcome, and the service does not become active: a person decides.

    The task was read as fast as the panel could answer, for as long as the window stayed open.
    """
    monkeypatch.setattr(tasks, "SHOWS_WITHIN", dt.timedelta(seconds=2))
    provider = provider_with("--close-delay", "600")
    close = {"func": "task.edit", "kind": "reset_after", "times": 1}
    provider.sandbox.faults({"panel": None, "when": {"clicked_button": "close"}, **close})
    provider.start(1)
    workers.until(lambda: Binding.objects.get().state == "undecided")
    binding = Binding.objects.get()
    assert binding.cause == "close_unknown"
    made = Intent.objects.get(kind="close")
    assert (made.outcome, str(made.why)) == ("done", f"task {binding.task_id} is closed")
    looks = Call.objects.filter(func="task.edit", at__gt=made.settles_at)
    assert looks.count() <= 2


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_an_unanswered_close_of_a_service_that_a_colleague_closed_is_over_with_its_time(
    provider_with: Callable[..., Provider], workers: Workers, tmp_path: Path
) -> None:
    provider = provider_with("--dialect", written(tmp_path, rows__deleted="listed"))
    close = {"func": "task.edit", "kind": "reset_before", "times": 1}
    provider.sandbox.faults({"panel": None, "when": {"clicked_button": "close"}, **close})
    run = provider.start(1)
    workers.until(lambda: Intent.objects.filter(kind="close", outcome="unknown").exists())
    provider.sandbox.act(act="close_service", service=Binding.objects.get().service_id)
    workers.finish(run)
    failed, made = only(run=run), Intent.objects.get(kind="close")
    assert (failed.state, failed.cause, made.outcome) == ("failed", "service_closed", "unknown")
    Intent.objects.filter(pk=made.pk).update(settles_at=clock.now())  # as if it had passed
    actions.retry(Binding.objects.all(), "anna")
    workers.until(lambda: Intent.objects.get(kind="close").outcome == "nothing")
    workers.until(lambda: only(run=run).state == "failed")


def test_a_task_form_that_is_denied_fails_and_says_so(provider: Provider, workers: Workers) -> None:
    provider.sandbox.faults(
        {"panel": None, "func": "task.edit", "kind": "access", "when": {"sok": None}}
    )
    run = workers.finish(provider.start(1), limit=30)
    failed = only(run=run)
    assert (failed.state, failed.cause) == ("failed", "access")
    provider.sound(done=0)


def test_a_colleagues_task_is_left_alone(provider: Provider, workers: Workers) -> None:
    """While our reading of the task is on its way, a colleague takes it."""
    provider.sandbox.faults(
        {"panel": None, "func": "task.edit", "kind": "slow_before", "seconds": 2, "times": 1}
    )
    run = provider.start(1)
    workers.until(lambda: only(run=run).step == 7)
    binding = only(run=run)
    provider.sandbox.act(act="take_task", task=binding.task_id)
    workers.until(lambda: only(run=run).waiting_for == "colleague")
    assert not Intent.objects.filter(kind__in=["take", "close"]).exists()
    provider.sandbox.act(
        act="close_task",
        task=binding.task_id,
        module=binding.module_id,
        username=binding.account.username,
    )
    workers.finish(run)
    provider.sound(done=1)


def test_a_step_7_that_failed_is_retried_in_one_more_window(
    provider: Provider, workers: Workers
) -> None:
    run = provider.start(1)
    provider.sandbox.faults(
        {
            "panel": None,
            "func": "task.edit",
            "kind": "refused",
            "times": 1,
            "when": {"clicked_button": "close"},
        }
    )
    workers.finish(run)
    failed = Binding.objects.get(run=run)
    assert (failed.state, failed.step) == ("failed", 7)
    windows = Window.objects.count()
    actions.retry(Binding.objects.filter(pk=failed.pk), "anna")
    workers.finish(run)
    provider.sound(done=1)
    assert Window.objects.count() == windows + 1


@pytest.mark.any_database
def test_a_service_whose_state_is_not_told_is_neither_paid_nor_closed_on_a_guess(
    provider: Provider, workers: Workers
) -> None:
    odd = {"vhost * status": "?", "vhost * real_status": "", "vhost * item_status": "?"}
    provider.sandbox.dials(odd_cells=odd)
    run = provider.start(1)
    workers.until(lambda: only(run=run).state == "undecided")
    binding = only(run=run)
    assert binding.cause == "unreadable_service"
    assert "status" in str(binding.cause_text)
    ledger = provider.sandbox.ledger()
    assert len(ledger["orders"]) == 1
    assert ledger["violations"] == []
    (option,) = undecided_evidence.options(binding)
    assert "not known" in option.unfit
    provider.sandbox.dials(odd_cells={})
    actions.adopt(binding.pk, option.id, "anna")
    workers.finish(run)
    provider.sound(done=1)


def claim_with(kind: str, outcome: Outcome) -> Claim:
    """A claimed binding in phase *tasks* with such an intent that was made just now."""
    window = factories.window("tasks")
    expires = clock.now() + dt.timedelta(minutes=1)
    held = factories.binding(
        "running", 7, window=window, plan=window.plan, lease_token="t", lease_expires_at=expires
    )
    made = intents.new(Declared(kind, 7), 1, binding=held)
    made.save()
    intents.settle(made, outcome)
    return Claim(held, "t", [made])


def test_a_close_of_which_nobody_knows_is_not_sent_again_while_it_may_land(db: None) -> None:
    claimed = claim_with("close", Outcome.UNKNOWN)
    form = cast("TaskForm", SimpleNamespace(status=1, task_id=9))
    assert not task_close._settle_close(claimed, form)
    assert Binding.objects.get(pk=claimed.binding.pk).waiting_for == "readback"


def test_a_close_that_is_not_seen_in_all_its_time_may_be_sent_again(db: None) -> None:
    claimed = claim_with("close", Outcome.UNKNOWN)
    claimed.intents[0].settles_at = clock.now()
    form = cast("TaskForm", SimpleNamespace(status=1, task_id=9))
    assert task_close._settle_close(claimed, form)
    assert claimed.intents[0].outcome == Outcome.NOTHING


def test_what_a_panel_does_by_itself_is_waited_for(db: None) -> None:
    ledger = members.Ledger([])
    look = tasks.Look(frozenset(), [], cast("Reading", None), [], ledger, {})
    late = Failed("no_task", verbatim("–"))
    binding = factories.binding("waiting", 6)
    look._not_yet(binding, dt.timedelta(minutes=9), late)
    assert (len(look.pauses), ledger._changes) == (1, [])
    look._not_yet(binding, dt.timedelta(minutes=11), late)
    assert [change.to for change in ledger._changes] == ["failed"]


def without(provider: Provider, count: int) -> str:
    """A CSV of the accounts behind the first, of which no password is known."""
    return provider.csv(provider.accounts[1 : 1 + count], password="")


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_where_a_task_asks_for_no_password_it_is_closed_without_one(
    provider_with: Callable[..., Provider], workers: Workers, tmp_path: Path
) -> None:
    """Not before a task's form has shown so: until then nobody knows."""
    provider = provider_with("--dialect", written(tmp_path, task__password_required="off"))
    with pytest.raises(CoreRefused, match="bind one account with its password first"):
        provider.start(rows=without(provider, 2), without_passwords=True)
    workers.finish(provider.start(1))
    run = workers.finish(provider.start(rows=without(provider, 2), without_passwords=True))
    assert run.bindings.filter(state="done").count() == 2
    provider.sound(done=3)
    calls = Call.objects.filter(func="task.edit", effect=True, binding__run=run)
    sent = [call.params for call in calls if call.params.get("clicked_button") == "close"]
    assert len(sent) == 2
    assert not any("password" in params for params in sent)


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_a_task_that_asks_for_a_password_is_left_alone_where_none_is_known(
    provider: Provider, workers: Workers
) -> None:
    """A panel may ask for it from one day to the next: its task is then not even taken."""
    workers.finish(provider.start(1))
    with pytest.raises(CoreRefused, match="asks for each account's password"):
        provider.start(rows=without(provider, 1), without_passwords=True)
    with workers.asleep():
        run = provider.start(rows=provider.csv(provider.accounts[1:2]))
        Preview.objects.filter(run=run).update(without_passwords=True)
        run.bindings.update(password="")
    workers.finish(run)
    failed = only(run=run)
    assert (failed.state, failed.step, failed.cause) == ("failed", 7, "no_password")
    assert not Intent.objects.filter(binding=failed, kind="take").exists()
    actions.retry(run.bindings.all(), "anna", password=provider.accounts[1]["password"])
    workers.finish(run)
    provider.sound(done=2)
