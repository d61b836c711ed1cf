"""Starts of large previews: asked for in the request, carried out by a worker."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from integrator import tasks
from integrator.core import clock
from integrator.core.errors import ActionRefused, Refused
from integrator.maintenance import sweep, wake_ups
from integrator.models import Account, Event, Preview, Run
from integrator.models.preview import STARTING_SILENT
from integrator.panel_setup.checks import panel_check
from integrator.previews import comparison, making
from integrator.runs import deferred_start, run_start
from panels.coremanager.errors import Unreachable
from tests import factories
from tests.web.previews.test_previews import CHOICES, account

if TYPE_CHECKING:
    from django.test import Client

__all__ = ["account"]  # the fixture


@pytest.fixture
def preview(operator: Client, account: Account, monkeypatch: pytest.MonkeyPatch) -> Preview:
    """A preview of more accounts than are compared in a request; the panels are as it says."""
    monkeypatch.setattr(making, "MAX_AT_ONCE", 2)
    monkeypatch.setattr(comparison, "compare", lambda _preview: None)
    monkeypatch.setattr(panel_check, "need_ready_for", lambda _preview: None)
    own: dict[str, Any] = {"panel": account.panel, "client": account.client, "plan": account.plan}
    ids = [account.pk, *(factories.account(f"b{n}", **own).pk for n in range(4))]
    given = "\n".join(f"{name} s3cret" for name in ("anna", "b0", "b1", "b2", "b3"))
    operator.post("/accounts/bind/", {"account": ids, **CHOICES, "password_list": given})
    tasks.make_preview(Preview.objects.get().pk)
    return Preview.objects.get()


def _start(browser: Client, preview: Preview, **given: str) -> Any:
    return browser.post(f"/previews/{preview.pk}/start/", given)


def _polled(browser: Client, preview: Preview) -> Any:
    page = browser.get(f"/previews/{preview.pk}/").text
    [shown] = re.findall(r'id="digest" value="(\w+)"', page)
    assert f"/previews/{preview.pk}/starting/" in page
    return browser.get(f"/previews/{preview.pk}/starting/", {"digest": shown, "pace": "2"})


def test_a_worker_starts_it_and_the_page_leads_to_the_run(
    operator: Client, preview: Preview
) -> None:
    assert _start(operator, preview, canary="b2")["Location"] == f"/previews/{preview.pk}/"
    page = operator.get(f"/previews/{preview.pk}/").text
    assert "Being started" in page
    assert "Bind 5 accounts" not in page
    assert _polled(operator, preview).status_code == 204
    assert not Run.objects.exists()

    tasks.start_preview(preview.pk)
    run = Run.objects.get()
    assert run.total == 5
    assert run.created_by == preview.created_by
    assert operator.get(f"/previews/{preview.pk}/starting/")["HX-Redirect"] == f"/runs/{run.pk}/"
    preview.refresh_from_db()
    assert preview.start_by == ""
    assert preview.canary is not None
    assert preview.canary.username == "b2"


def test_a_doubled_click_and_a_doubled_message_start_one_run(
    operator: Client, preview: Preview
) -> None:
    for _ in range(2):
        assert _start(operator, preview).status_code == 302
    for _ in range(2):
        tasks.start_preview(preview.pk)
    assert Run.objects.count() == 1
    run = Run.objects.get()
    assert _start(operator, preview)["Location"] == f"/runs/{run.pk}/"
    assert Event.objects.filter(subject="run", to_state="running").count() == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (comparison.PreviewOutdated("The panels have changed.", ["line 2: gone"]), "line 2: gone"),
        (Unreachable("no answer", panel="billing"), "The panel could not be asked"),
        (ActionRefused("Some accounts are no longer free."), "no longer free"),
        (RuntimeError("secret detail"), "log says more"),
    ],
)
def test_why_it_was_not_started_is_shown_until_it_is_asked_again(
    operator: Client, preview: Preview, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    real = comparison.compare

    def refuse(_preview: Preview) -> None:
        raise error

    monkeypatch.setattr(comparison, "compare", refuse)
    _start(operator, preview)
    tasks.start_preview(preview.pk)
    assert operator.get(f"/previews/{preview.pk}/starting/")["HX-Refresh"] == "true"
    page = operator.get(f"/previews/{preview.pk}/").text
    assert told in page
    assert "secret detail" not in page
    assert "Make the preview anew" in page
    assert "Bind 5 accounts" in page
    assert not Run.objects.exists()

    monkeypatch.setattr(comparison, "compare", real)
    _start(operator, preview)
    assert told not in operator.get(f"/previews/{preview.pk}/").text
    tasks.start_preview(preview.pk)
    assert Run.objects.count() == 1


def test_a_refusal_is_told_in_the_language_of_who_asked(operator: Client, preview: Preview) -> None:
    operator.cookies[settings.LANGUAGE_COOKIE_NAME] = "ru"
    _start(operator, preview)
    preview.rows.update(state="blocked")
    tasks.start_preview(preview.pk)
    refused = deferred_start.why_not(Preview.objects.get())
    assert isinstance(refused, Refused)
    assert re.search("[а-я]", refused.text)


def test_another_worker_follows_one_that_died(
    operator: Client, preview: Preview, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[int] = []
    monkeypatch.setitem(wake_ups._senders, "start", woken.append)
    _start(operator, preview)
    Preview.objects.update(starting_at=clock.now())
    assert sweep.sweep()["previews"] == 0
    assert deferred_start.work(preview.pk) is None
    Preview.objects.update(starting_at=clock.now() - STARTING_SILENT - dt.timedelta(seconds=1))
    assert sweep.sweep()["previews"] == 1
    assert deferred_start.work(preview.pk) is not None


def test_a_few_accounts_are_started_in_the_request(
    operator: Client, preview: Preview, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "MAX_AT_ONCE", 5)
    assert _start(operator, preview)["Location"] == f"/runs/{Run.objects.get().pk}/"
    assert run_start.start(preview.pk, "operator") == Run.objects.get()
