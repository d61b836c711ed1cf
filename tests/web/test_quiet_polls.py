"""Polls that find nothing changed: they read next to nothing, and miss nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from integrator.bindings import transitions
from integrator.bindings.operator import actions
from integrator.core.clock import now
from integrator.messages.message import say
from integrator.models import Account, Binding, Panel, Run
from integrator.models.states import BindingState
from integrator.web.layout import live
from tests import factories
from tests.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

MOST = 10
"""Statements of a quiet poll: who asks, the header, and what tells whether anything is new."""


class Shown:
    """A page that somebody has open, and its poller."""

    def __init__(self, browser: Client, page: str) -> None:
        self._browser = browser
        text = browser.get(page).text
        self._url = _value(r'id="poller" hx-get="([^"?]+)', text)
        self._sent = {
            "digest": _value(r'id="digest" value="([^"]*)"', text),
            "ids": _value(r'id="live-ids" value="([^"]*)"', text),
            "pace": "2",
        }

    def poll(self) -> str:
        """What the answer carries; "" where it says that nothing is new."""
        response = self._browser.get(self._url, self._sent)
        if response.status_code == 204:
            return ""
        self._sent["digest"] = _value(r'id="digest" value="([^"]*)"', response.text)
        return response.text

    def statements(self) -> int:
        """How many a poll takes that finds nothing new."""
        with Statements() as told:
            assert self.poll() == ""
        return len(told)


def _value(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""


@pytest.fixture
def run(db: None) -> Run:
    return factories.run(total=3)


@pytest.mark.parametrize("page", ["/accounts/", "/runs/", "/runs/{}/", "/"])
def test_a_quiet_poll_reads_as_little_of_fifty_as_of_five(
    page: str, run: Run, operator: Client
) -> None:
    counts = []
    for more in (5, 45):
        for _ in range(more):
            factories.binding("waiting", run=run)
        counts.append(Shown(operator, page.format(run.pk)).statements())
    assert counts[0] == counts[1] <= MOST


def _wait(binding: Binding, run: Run) -> None:
    transitions.change(binding, BindingState.WAITING, waiting_for="window")


def _fail(binding: Binding, run: Run) -> None:
    why = {"cause": "debt", "cause_text": say("binding.window_closed")}
    transitions.change(binding, BindingState.FAILED, **why)  # type: ignore[arg-type]


def _many(binding: Binding, run: Run) -> None:
    change = transitions.Change(binding, BindingState.WAITING, waiting_for="window")
    transitions.change_all([change])


def _pause(binding: Binding, run: Run) -> None:
    actions.pause(run.pk, "anna")


def _cancel(binding: Binding, run: Run) -> None:
    actions.cancel(run.pk, "anna")


def _away(binding: Binding, run: Run) -> None:
    Panel.objects.filter(pk=binding.account.panel_id).update(away_since=now())


@pytest.mark.parametrize("change", [_wait, _fail, _many, _pause, _cancel, _away])
def test_a_page_of_a_run_misses_nothing(
    change: Callable[[Binding, Run], None], run: Run, operator: Client
) -> None:
    binding = factories.binding(run=run)
    shown = Shown(operator, f"/runs/{run.pk}/")
    assert shown.poll() == ""
    change(binding, run)
    assert f'id="state-{binding.pk}"' in (told := shown.poll()) or "run-state" in told
    assert shown.poll() == ""


@pytest.mark.parametrize("change", [_wait, _fail, _many, _cancel])
def test_the_table_of_accounts_misses_nothing(
    change: Callable[[Binding, Run], None], run: Run, operator: Client
) -> None:
    binding = factories.binding(run=run)
    shown = Shown(operator, "/accounts/")
    assert shown.poll() == ""
    change(binding, run)
    assert f'id="state-{binding.account_id}"' in shown.poll()
    assert shown.poll() == ""
    Account.objects.filter(pk=binding.account_id).update(match_state="blocked")
    assert shown.poll()


@pytest.mark.parametrize("page", ["/", "/runs/"])
def test_overview_and_runs_miss_nothing(page: str, run: Run, operator: Client) -> None:
    binding = factories.binding(run=run)
    shown = Shown(operator, page)
    assert shown.poll() == ""
    _fail(binding, run)
    assert shown.poll()
    assert shown.poll() == ""


def test_what_no_stamp_tells_of_is_seen_a_minute_later(
    run: Run, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    binding = factories.binding("waiting", run=run, waiting_for="window")
    shown = Shown(operator, f"/runs/{run.pk}/")
    Binding.objects.update(waiting_for="lane", version=7)
    assert shown.poll() == ""
    monkeypatch.setattr(live, "STAMP_SECONDS", 10**8)
    assert f'id="state-{binding.pk}"' in shown.poll()


def test_a_look_that_finds_nothing_sends_the_stamp_alone(run: Run, operator: Client) -> None:
    shown = Shown(operator, f"/runs/{run.pk}/")
    factories.event(run=run)
    told = shown.poll()
    assert told.count("<") == 1
    assert shown.poll() == ""
